import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { newTestApi } from "./test-management.ts";

const directory = mkdtempSync(join(tmpdir(), "leveret-pages-"));
const pages = join(directory, "ui");
mkdirSync(join(pages, "assets"), { recursive: true });
writeFileSync(join(pages, "index.html"), "<!doctype html><title>pages</title>");
writeFileSync(join(pages, "assets", "index-a1b2c3.js"), "export {};");
writeFileSync(join(directory, "secret.txt"), "secret");
afterAll(() => rmSync(directory, { recursive: true }));

test("pages are served without a login, under a policy that allows no inline script or style", async () => {
  const { app } = await newTestApi({ uiDirectory: pages });
  const page = await app.inject({ url: "/" });
  expect(page.statusCode).toBe(200);
  expect(page.headers["content-type"]).toContain("text/html");
  expect(page.headers["cache-control"]).toBe("no-cache");
  const policy = String(page.headers["content-security-policy"]);
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe");
  const script = await app.inject({ url: "/assets/index-a1b2c3.js" });
  expect(script.headers["cache-control"]).toContain("immutable");
});

test("a path prefix moves the pages, and nothing outside their directory is served", async () => {
  const { app } = await newTestApi({ uiDirectory: pages, pathPrefix: "/mq" });
  expect((await app.inject({ url: "/mq/" })).statusCode).toBe(200);
  expect((await app.inject({ url: "/mq" })).headers.location).toBe("/mq/");
  expect((await app.inject({ url: "/mq/?x=1" })).statusCode).toBe(200);
  expect((await app.inject({ url: "/" })).statusCode).toBe(404);
  for (const path of [
    "/mq/..%2fsecret.txt",
    "/mq/%2e%2e/secret.txt",
    "/mq/assets/..%5c..%5csecret.txt",
  ]) {
    const answer = await app.inject({ url: path });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toBe("secret");
  }
});

test("rabbitmqadmin and a page about it are served, as RabbitMQ does", async () => {
  const downloads = join(directory, "downloads");
  mkdirSync(downloads);
  writeFileSync(join(downloads, "index.html"), "<!doctype html><title>rabbitmqadmin</title>");
  writeFileSync(join(downloads, "rabbitmqadmin"), "#!/usr/bin/env python3\n");
  for (const pathPrefix of ["", "/mq"]) {
    const { app } = await newTestApi({
      ...{ uiDirectory: pages, downloadsDirectory: downloads, pathPrefix },
    });
    const script = await app.inject({ url: `${pathPrefix}/cli/rabbitmqadmin` });
    expect(script.statusCode).toBe(200);
    expect(script.headers["content-type"]).toBe("application/octet-stream");
    expect(script.body).toMatch(/^#!/);
    for (const path of ["/cli/", "/cli/index.html"]) {
      const page = await app.inject({ url: `${pathPrefix}${path}` });
      expect(page.statusCode, path).toBe(200);
      expect(page.headers["content-type"]).toContain("text/html");
      expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    }
    const bare = await app.inject({ url: `${pathPrefix}/cli` });
    expect(bare.headers.location).toBe(`${pathPrefix}/cli/`);
    const outside = await app.inject({ url: `${pathPrefix}/cli/..%2fsecret.txt` });
    expect(outside.statusCode).toBeGreaterThanOrEqual(400);
  }
  const { app } = await newTestApi();
  expect((await app.inject({ url: "/cli/rabbitmqadmin" })).statusCode).toBe(404);
});

test("without built pages the API is there all the same", async () => {
  const { app, request } = await newTestApi();
  expect((await app.inject({ url: "/" })).statusCode).toBe(404);
  expect((await request("GET", "/whoami")).status).toBe(200);
});
