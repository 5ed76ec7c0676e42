// Brings a clone up to date: installs packages and builds what is stale. Node built-ins only, since nothing else
// need be there yet.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = [20, 19];

/** Ends the process with one sentence when this Node is too old to go on. */
export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`Leveret needs Node.js ${OLDEST_NODE.join(".")} or newer; this is ${process.version}.`);
}

/** `npm ci` when packages are missing or not those of package-lock.json. */
export function ensureInstalled() {
  if (isInstalled()) return;
  say("installing packages (once) ...");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, {
        cwd: root,
        stdio: ["ignore", 2, 2],
        shell: process.platform === "win32",
      });
  if (result.status !== 0) fail("the packages could not be installed (npm ci failed)");
}

function isInstalled() {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  const lockPath = join(root, "package-lock.json");
  if (!existsSync(installedPath)) return false;
  if (statSync(installedPath).mtimeMs >= statSync(lockPath).mtimeMs) return true;
  // A checkout makes files newer without changing them.
  const wanted = JSON.parse(readFileSync(lockPath, "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  const isSame = Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || installed[path]?.version === version || (optional && !installed[path]),
  );
  if (isSame) utimesSync(installedPath, new Date(), new Date());
  return isSame;
}

/** Builds dist/ when a source is newer than it. */
export async function ensureBuilt() {
  const stamp = join(root, "dist", ".built");
  const builtMs = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const uiStamp = join(root, "dist", "ui", "index.html");
  const uiBuiltMs = existsSync(uiStamp) ? statSync(uiStamp).mtimeMs : 0;
  const shared = newest("package-lock.json", "scripts/build.mjs");
  const isStale = Math.max(shared, newest("src", "package.json")) > builtMs;
  const hasUi = existsSync(join(root, "ui", "vite.config.ts"));
  const isUiStale = hasUi && Math.max(shared, newest("ui")) > uiBuiltMs;
  if (!isStale && !isUiStale) return;
  say("building ...");
  const { buildPrograms, buildUi } = await import("./build.mjs");
  try {
    if (isStale) await buildPrograms();
    if (isUiStale) await buildUi();
  } catch (error) {
    fail(`the build failed: ${error instanceof Error ? error.message : error}`);
  }
}

/** The latest change of the files and folders named, in ms. */
function newest(...paths) {
  let latest = 0;
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    const stat = statSync(full);
    latest = Math.max(latest, stat.mtimeMs);
    if (!stat.isDirectory()) continue;
    for (const name of readdirSync(full)) latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}

function say(text) {
  process.stderr.write(`leveret: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
