// Builds dist/: the programs and the library with esbuild, the web pages with Vite. `npm run build` builds all,
// with type declarations; `npm start` and `npm test` only what is stale, without them.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeCompat } from "./compat.mjs";
import { root } from "./set-up.mjs";
import { writeTypes } from "./types.mjs";

/** What is built from what; an entry whose source is not there is left out. */
const ENTRIES = {
  leveret: "src/main.ts",
  leveretctl: "src/cli/leveretctl.ts",
  index: "src/index.ts",
  testing: "src/testing/index.ts",
};

/** Packages in the old module format ask for Node's own modules by `require`, which ES modules lack. */
const REQUIRE =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

export async function buildPrograms() {
  const { build } = await import("esbuild");
  const entryPoints = Object.fromEntries(
    Object.entries(ENTRIES).filter(([, source]) => existsSync(join(root, source))),
  );
  const dist = join(root, "dist");
  const result = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: "dist",
    bundle: true,
    // Chunks: what only some commands need is loaded only by them, so that the broker starts at once.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    format: "esm",
    platform: "node",
    target: "node20",
    banner: { js: REQUIRE },
    // The source stays in memory: 4 MB less of it. Names are kept, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "external",
    metafile: true,
    logLevel: "warning",
    // ws looks for these two and does without them.
    external: ["bufferutil", "utf-8-validate"],
  });
  await buildLibraries(build);
  removeOldChunks(dist, Object.keys(result.metafile.outputs));
  writeCompat(dist);
  for (const script of ["write-open-api", "write-downloads"]) {
    run(["node_modules/tsx/dist/cli.mjs", `scripts/${script}.ts`]);
  }
  writeFileSync(join(dist, ".built"), "");
}

/** The library once more in the old module format: test frameworks that know only `require` load it so. */
async function buildLibraries(build) {
  await build({
    absWorkingDir: root,
    entryPoints: { index: ENTRIES.index, testing: ENTRIES.testing },
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "__url" },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "external",
    logLevel: "warning",
    external: ["bufferutil", "utf-8-validate"],
  });
}

function removeOldChunks(dist, outputs) {
  const chunks = join(dist, "chunks");
  if (!existsSync(chunks)) return;
  for (const name of readdirSync(chunks)) {
    if (!outputs.includes(`dist/chunks/${name}`)) rmSync(join(chunks, name));
  }
}

export async function buildUi() {
  mkdirSync(join(root, "dist"), { recursive: true });
  run([
    "node_modules/vite/bin/vite.js",
    "build",
    "--config",
    "ui/vite.config.ts",
    "--logLevel",
    "warn",
  ]);
}

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildPrograms();
  if (existsSync(join(root, "ui", "vite.config.ts"))) await buildUi();
  if (process.argv.includes("--types")) writeTypes();
}
