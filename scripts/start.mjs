// `npm start`: on any clone, fresh or old, the same as `node dist/leveret.js start ...` once that is up to date.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./set-up.mjs";

checkNode();
ensureInstalled();
await ensureBuilt();

const program = join(root, "dist", "leveret.js");
// In this very process: signals and exit codes are the broker's own.
process.argv = [process.argv[0], program, "start", ...process.argv.slice(2)];
await import(pathToFileURL(program).href);
