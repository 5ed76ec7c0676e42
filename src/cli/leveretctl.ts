#!/usr/bin/env node
// The process `leveretctl`, and RabbitMQ's command line programs by their names.

import { basename } from "node:path";
import { endWhenNobodyReads } from "./closed-output.ts";
import { runCtl, verbIndexIn } from "./ctl/program.ts";
import { findTarget, terminal } from "./ctl/terminal.ts";
import type { Scope } from "./ctl/verb.ts";

/** Programs by name, and as first word of `leveretctl`. */
const SCOPES: Readonly<Record<string, Scope>> = {
  leveretctl: "ctl",
  rabbitmqctl: "ctl",
  "rabbitmq-diagnostics": "diagnostics",
  "rabbitmq-queues": "queues",
  "rabbitmq-plugins": "plugins",
  "rabbitmq-streams": "streams",
  "rabbitmq-upgrade": "upgrade",
};
const FIRST_WORDS: Readonly<Record<string, string>> = {
  diagnostics: "rabbitmq-diagnostics",
  queues: "rabbitmq-queues",
  plugins: "rabbitmq-plugins",
  streams: "rabbitmq-streams",
  upgrade: "rabbitmq-upgrade",
};
/** Set by the programs in dist/compat. */
const CALLED_AS = "LEVERET_CALLED_AS";

async function main(): Promise<number> {
  let argv = process.argv.slice(2);
  const called = process.env[CALLED_AS] ?? basename(process.argv[1] ?? "leveretctl", ".js");
  let program = called in SCOPES || called === "rabbitmqadmin" ? called : "leveretctl";
  const at = verbIndexIn(argv);
  const first = FIRST_WORDS[argv[at] ?? ""];
  if (program === "leveretctl" && first !== undefined) {
    program = first;
    argv = argv.toSpliced(at, 1);
  }
  if (program === "rabbitmqadmin" || argv[0] === "admin") {
    const { runAdmin } = await import("./admin/program.ts");
    return runAdmin(program === "rabbitmqadmin" ? argv : argv.slice(1), { findTarget, terminal });
  }
  return runCtl(argv, { terminal, program, scope: SCOPES[program] ?? "ctl", findTarget });
}

endWhenNobodyReads();
process.exitCode = await main();
