// What a command line stands in: standard input and output, and where the broker is.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConfiguration } from "../config-files.ts";
import type { Target } from "./client.ts";
import { CtlError, Exit } from "./exit-codes.ts";
import type { GlobalOptions, Terminal } from "./program.ts";

/** Where packages keep data, tried when the usual place has no broker. */
const OTHER_DATA_DIRECTORIES = ["/var/lib/leveret", "/var/lib/rabbitmq"];

export const terminal: Terminal = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
  readInput,
  ...(process.stderr.isTTY === true
    ? { progress: (text: string) => void process.stderr.write(text) }
    : {}),
  isColoured: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
};

async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new CtlError(Exit.usage, "nothing is piped in");
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

/** A URL when one is given, else the socket in the data directory. */
export function findTarget(options: GlobalOptions): Target {
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
