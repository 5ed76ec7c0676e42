// `npm run bench:...`: brings dist/ up to date and runs one bench with what else was given: node scripts/bench.mjs FILE ...

import { spawn } from "node:child_process";
import { join } from "node:path";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./set-up.mjs";

checkNode();
ensureInstalled();
await ensureBuilt();

const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
const bench = spawn(process.execPath, [tsx, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
// A terminal tells both of them; whoever ends this one alone means the bench.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => bench.kill(signal));
bench.once("exit", (status) => {
  process.exitCode = status ?? 1;
});
