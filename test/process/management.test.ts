// The management of the built program: its description, its headers, and that brokers without it never load it.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routes } from "../../src/management/routes.ts";
import { freePort } from "../free-port.ts";
import { LeveretProcess } from "./leveret-process.ts";

const run = promisify(execFile);
let folder: string;
let leveret: LeveretProcess;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "leveret-management-"));
  leveret = LeveretProcess.start(
    ...["--amqp-port", "0", "--http-port", "0", "--data-dir", join(folder, "data")],
  );
  base = `http://127.0.0.1:${await leveret.port("http")}`;
});
afterAll(async () => {
  await leveret?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const authorization = `Basic ${btoa("guest:guest")}`;

test("the description which the build has written has every route", async () => {
  const answer = await fetch(`${base}/api/openapi.json`);
  expect(answer.status).toBe(200);
  const { openapi, paths } = (await answer.json()) as {
    openapi: string;
    paths: Record<string, Record<string, unknown>>;
  };
  expect(openapi).toBe("3.1.0");
  const missing = routes.filter(({ method, path }) => {
    const described = paths[`/api${path.replace(/:(\w+)/g, "{$1}")}`];
    return described?.[method.toLowerCase()] === undefined;
  });
  expect(missing).toEqual([]);
});

test.each([
  ["a page", "GET", "/", 200],
  ["a file that is not there", "GET", "/absent.js", 404],
  ["an answer", "GET", "/api/overview", 200],
  ["a list", "GET", "/api/queues", 200],
  ["a refusal", "GET", "/api/nodes/absent", 404],
  ["a wrong verb", "PATCH", "/api/overview", 405],
  ["a broken path", "GET", "/api/queues/%FF", 400],
  ["metrics", "GET", "/metrics", 200],
])("security headers are on %s", async (_, method, path, status) => {
  const answer = await fetch(base + path, { method, headers: { authorization } });
  await answer.arrayBuffer();
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(answer.headers.get("content-security-policy")).not.toContain("unsafe-eval");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(answer.headers.get("x-frame-options")).toBe("DENY");
});

/** The program's modules that a script loads: what V8 says it has run. */
async function modulesOf(script: string): Promise<string[]> {
  const coverage = mkdtempSync(join(folder, "coverage-"));
  const library = new URL("../../dist/index.js", import.meta.url).href;
  const program = `import { Leveret } from ${JSON.stringify(library)};\n${script}`;
  await run(process.execPath, ["--input-type=module", "-e", program], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { ...process.env, NODE_V8_COVERAGE: coverage },
  });
  const files = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), "utf8"));
  return files.flatMap((text) =>
    (JSON.parse(text) as { result: { url: string }[] }).result
      .map(({ url }) => url)
      .filter((url) => url.includes("/dist/")),
  );
}

test("an embedded broker loads the management when it is asked for", async () => {
  const modules = await modulesOf(`
    const port = ${await freePort()};
    const broker = await Leveret.start({
      settings: {
        "leveret.management.enabled": "true",
        "management.tcp.port": String(port),
        "prometheus.tcp.port": "0",
      },
    });
    const headers = { authorization: "Basic " + btoa("guest:guest") };
    const answer = await fetch("http://127.0.0.1:" + port + "/api/whoami", { headers });
    if ((await answer.json()).name !== "guest") throw new Error("it is not there");
    await broker.stop();`);
  expect(modules.some((url) => /\/management-[^/]*$/.test(url))).toBe(true);
});

test("an embedded broker does not load the management", async () => {
  const modules = await modulesOf(`
    const broker = await Leveret.start();
    await broker.stop();`);
  expect(modules.some((url) => url.endsWith("/dist/index.js"))).toBe(true);
  expect(modules.filter((url) => /management/.test(url))).toEqual([]);
});
