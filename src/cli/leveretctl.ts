#!/usr/bin/env node
// The process `leveretctl`, and RabbitMQ's command line programs by their names.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { readConfiguration } from "./config-files.ts";
import type { Target } from "./ctl/client.ts";
import { CtlError, Exit } from "./ctl/exit-codes.ts";
import { type GlobalOptions, runCtl } from "./ctl/program.ts";
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

/** Where packages keep data, tried when the usual place has no broker. */
const OTHER_DATA_DIRECTORIES = ["/var/lib/leveret", "/var/lib/rabbitmq"];

async function main(): Promise<number> {
  let argv = process.argv.slice(2);
  const called = process.env[CALLED_AS] ?? basename(process.argv[1] ?? "leveretctl", ".js");
  let program = called in SCOPES || called === "rabbitmqadmin" ? called : "leveretctl";
  const first = FIRST_WORDS[argv[0] ?? ""];
  if (program === "leveretctl" && first !== undefined) {
    program = first;
    argv = argv.slice(1);
  }
  if (program === "rabbitmqadmin" || argv[0] === "admin") {
    const { runAdmin } = await import("./admin/program.ts");
    return runAdmin(program === "rabbitmqadmin" ? argv : argv.slice(1), { findTarget, terminal });
  }
  return runCtl(argv, { terminal, program, scope: SCOPES[program] ?? "ctl", findTarget });
}

const terminal = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
  readInput,
  isColoured: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
};

async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new CtlError(Exit.usage, "nothing is piped in");
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

/** A URL when one is given, else the socket in the data directory. */
function findTarget(options: GlobalOptions): Target {
  const url = options.httpUrl ?? process.env.LEVERET_HTTP_URL;
  if (url !== undefined) {
    return {
      kind: "url",
      url: new URL(url.includes("://") ? url : `http://${url}`),
      user: options.username ?? process.env.LEVERET_USERNAME ?? "guest",
      password: options.password ?? process.env.LEVERET_PASSWORD ?? "guest",
    };
  }
  const { dataDirectory, socketName } = readConfiguration(options.dataDir);
  const candidates = [
    dataDirectory,
    ...(options.dataDir === undefined ? OTHER_DATA_DIRECTORIES : []),
  ];
  const found = candidates
    .map((directory) => join(directory, socketName))
    .find((path) => existsSync(path));
  return { kind: "socket", path: found ?? join(dataDirectory, socketName) };
}

process.exitCode = await main();
