#!/usr/bin/env node
// The process `leveret`: arguments in, exit code out. What each command does is in cli/.

import { runLeveret } from "./cli/leveret.ts";

const exitCode = await runLeveret(process.argv.slice(2));
// Not left to the event loop: a client that does not let go of its socket must not keep a stopped broker alive.
process.exit(exitCode);
