#!/usr/bin/env node
// The process `leveret`: arguments in, exit code out. What each command does is in cli/.

import { runLeveret } from "./cli/leveret.ts";

process.exitCode = await runLeveret(process.argv.slice(2));
