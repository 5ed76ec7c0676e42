// `npm run bench:...`: brings dist/ up to date and runs one bench with what else was given: node scripts/bench.mjs FILE ...

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./set-up.mjs";

checkNode();
ensureInstalled();
await ensureBuilt();

const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
const { status } = spawnSync(process.execPath, [tsx, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
