// Every route RabbitMQ has is served here, or docs/compatibility.md says why it is not; and nothing is listed there
// that is served.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { routes } from "../../src/management/routes.ts";
import { rabbitMqRoutes } from "./rabbitmq-routes.ts";

const document = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
const served = new Set(routes.map(({ method, path }) => `${method} ${shapeOf(path)}`));

/** Names of parts do not matter. */
function shapeOf(path: string): string {
  return path.replace(/:\w+/g, ":");
}

/** Rows of the table of absent routes: "`GET /top/:node` `GET /top/ets/:node` | why". */
const listed = new Set(
  [...document.matchAll(/`((?:GET|PUT|POST|DELETE) \/[^`]+)`/g)].map(([, route]) => {
    const [method, path] = (route as string).split(" ") as [string, string];
    return `${method} ${shapeOf(path)}`;
  }),
);

test.each(rabbitMqRoutes)("$method $path", ({ method, path }) => {
  const route = `${method} ${shapeOf(path)}`;
  expect(served.has(route) !== listed.has(route), route).toBe(true);
});

test("there are as many as RabbitMQ's dispatchers have", () => {
  expect(rabbitMqRoutes.length).toBeGreaterThan(150);
  console.log(
    `${rabbitMqRoutes.length} routes: ${rabbitMqRoutes.filter(({ method, path }) => served.has(`${method} ${shapeOf(path)}`)).length} served`,
  );
});

test("every test the document names is there", () => {
  const files = [...document.matchAll(/`((?:src|test)\/[^`]+?\.(?:test\.ts|ts|sh|json))`/g)];
  expect(files.length).toBeGreaterThan(10);
  for (const [, file] of files) {
    expect(() => readFileSync(new URL(`../../${file}`, import.meta.url)), file).not.toThrow();
  }
});

/** Rows of all tables whose last column names the test. */
function shownRows(): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  let isShown = false;
  for (const line of document.split("\n")) {
    const cells = line.startsWith("|") ? line.split(/(?<!\\)\|/).slice(1, -1) : undefined;
    if (cells === undefined) isShown = false;
    else if (isShown && !/^ -+ $/.test(cells[0]!)) rows.push(cells.map((cell) => cell.trim()));
    else isShown ||= cells.at(-1)?.trim() === "Shown by";
  }
  return rows;
}

test("every row of the document names the test that shows it", () => {
  const rows = shownRows();
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((cells) => !/`(src|test)\//.test(cells.at(-1)!))).toEqual([]);
});
