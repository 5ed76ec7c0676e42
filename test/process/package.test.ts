// The package as users get it: packed, unpacked in an empty project, run, imported, required and compiled against.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "leveret-package-"));
const installed = join(project, "node_modules", "leveret");
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const PACKED_BYTES_MAX = 4 * 1024 * 1024;

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, encoding: "utf8" });
  return { status, stdout, stderr };
}

const printed = (stdout: string) => ({ status: 0, stdout, stderr: "" });

beforeAll(() => {
  expect(run(process.execPath, join(root, "scripts", "types.mjs"))).toEqual(printed(""));
  // Without its scripts: what prepack would build is built.
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", project];
  expect(spawnSync("npm", pack, { cwd: root, encoding: "utf8" })).toMatchObject({ status: 0 });
  mkdirSync(installed, { recursive: true });
  expect(run("tar", "-xzf", tarball(), "-C", installed, "--strip-components=1").status).toBe(0);
  writeFileSync(join(project, "package.json"), '{ "private": true }');
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function tarball(): string {
  const name = readdirSync(project).find((each) => each.endsWith(".tgz"));
  return join(project, name ?? "no package was written");
}

test("its programs run where nothing else is installed", () => {
  const version = /^\d+\.\d+\.\d+\n$/;
  for (const program of ["leveret.js", "leveretctl.js"]) {
    const argument = program === "leveret.js" ? "--version" : "version";
    const { status, stdout } = run(process.execPath, join(installed, "dist", program), argument);
    expect({ program, status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(version),
    });
  }
});

const USE = `async function use(Leveret, TestBroker) {
  const broker = await Leveret.start();
  const test = await TestBroker.start();
  await test.clock.advance("1h");
  await Promise.all([test.stop(), broker.stop()]);
  console.log("used");
}
`;

test("a broker starts in a module that imports it", () => {
  const imports =
    'import { Leveret } from "leveret";\nimport { TestBroker } from "leveret/testing";\n';
  writeFileSync(join(project, "use.mjs"), `${imports}${USE}await use(Leveret, TestBroker);`);
  expect(run(process.execPath, "use.mjs")).toEqual(printed("used\n"));
});

test("a broker starts in a module that requires it", () => {
  const call = 'use(require("leveret").Leveret, require("leveret/testing").TestBroker);';
  writeFileSync(join(project, "use.cjs"), `${USE}${call}`);
  expect(run(process.execPath, "use.cjs")).toEqual(printed("used\n"));
});

const TYPED = `import { Leveret } from "leveret";
import { TestBroker } from "leveret/testing";
export async function main(): Promise<string> {
  const test: TestBroker = await TestBroker.start();
  await test.clock.advance("24h");
  const broker = await Leveret.start();
  // @ts-expect-error the types are there: an address is no number
  const wrong: number = broker.url;
  return broker.url + wrong;
}
`;

// Node16 is the strictest: it refuses a declaration whose format is not the importer's.
test.each([
  ["Node16", "Node16", ["typed.mts", "typed.cts"]],
  ["ESNext", "Bundler", ["typed.mts"]],
])("its types resolve with module %s, resolution %s", (module, resolution, files) => {
  for (const file of files) writeFileSync(join(project, file), TYPED);
  const modules = ["--module", module, "--moduleResolution", resolution];
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules", "@types")];
  const strict = ["--strict", "--noEmit", "--target", "ES2022", "--skipLibCheck", "false"];
  expect(run(process.execPath, tsc, ...modules, ...types, ...strict, ...files)).toEqual(
    printed(""),
  );
});

test("it is no larger than a download should be", () => {
  expect(statSync(tarball()).size).toBeLessThan(PACKED_BYTES_MAX);
});
