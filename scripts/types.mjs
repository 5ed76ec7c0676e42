// Writes dist/types/: the declarations that the package's entries reach, and the same again for CommonJS. TypeScript
// takes a declaration for the module format that the nearest package.json names, so one copy cannot serve both.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./set-up.mjs";

const ENTRIES = ["index.d.ts", "testing/index.d.ts"];
const RELATIVE_IMPORT = /(?:\bfrom|\bimport\()\s*"(\.[^"]+)\.(?:ts|js)"/g;

export function writeTypes() {
  const target = join(root, "dist", "types");
  mkdirSync(dirname(target), { recursive: true });
  const everything = mkdtempSync(`${target}-`);
  try {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const args = [tsc, "-p", "tsconfig.build.json", "--outDir", everything];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error(`tsc ended with ${status}`);
    rmSync(target, { recursive: true, force: true });
    for (const file of reachable(everything)) {
      const name = relative(everything, file);
      cpSync(file, join(target, name));
      cpSync(file, join(target, "commonjs", name));
    }
    writeFileSync(join(target, "commonjs", "package.json"), '{ "type": "commonjs" }\n');
  } finally {
    rmSync(everything, { recursive: true, force: true });
  }
}

function reachable(directory) {
  // A set that grows while it is walked: each file once, and what it imports after it.
  const files = new Set(ENTRIES.map((entry) => join(directory, entry)));
  for (const file of files) {
    for (const [, path] of readFileSync(file, "utf8").matchAll(RELATIVE_IMPORT)) {
      files.add(join(dirname(file), `${path}.d.ts`));
    }
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeTypes();
