import { describe, expect, test } from "vitest";
import { type ApiObject, isObject } from "./api-json.ts";
import { isList, LISTS, openApiOf } from "./open-api.ts";
import { routes } from "./routes.ts";
import { newTestApi } from "./test-management.ts";

const description = JSON.parse(JSON.stringify(openApiOf(routes, "1.2.3"))) as {
  paths: Record<string, Record<string, ApiObject>>;
};

function operationOf(method: string, path: string): ApiObject | undefined {
  return description.paths[`/api${path.replace(/:(\w+)/g, "{$1}")}`]?.[method.toLowerCase()];
}

describe("the description of the API", () => {
  test.each(routes)("has $method $path", ({ method, path, summary, body }) => {
    const operation = operationOf(method, path);
    expect(operation).toMatchObject({ summary });
    const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    const parameters = operation?.parameters as readonly ApiObject[];
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual(named);
    expect(isObject(operation?.requestBody)).toBe(body !== undefined);
    expect(isObject(operation?.responses)).toBe(true);
  });

  test("has nothing else", () => {
    const count = Object.values(description.paths).flatMap((methods) =>
      Object.keys(methods),
    ).length;
    expect(count).toBe(routes.length);
  });

  test("names every operation once", () => {
    const names = Object.values(description.paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(routes.length);
  });

  test("knows lists that are there", () => {
    const lists = new Set(routes.filter(isList).map(({ path }) => path));
    expect([...LISTS].filter((path) => !lists.has(path))).toEqual([]);
  });
});

test("is served to whoever asks, and its absence is explained", async () => {
  const { app, management } = await newTestApi();
  const absent = await app.inject({ url: "/api/openapi.json" });
  expect(absent.statusCode).toBe(404);
  expect(absent.json().reason).toContain("npm run build");
  Object.assign(management, { apiDescription: async () => '{"openapi":"3.1.0"}' });
  const there = await app.inject({ url: "/api/openapi.json" });
  expect(there.statusCode).toBe(200);
  expect(there.json()).toEqual({ openapi: "3.1.0" });
  await app.close();
});
