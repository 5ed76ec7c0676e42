// Definitions into and out of files.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { badArgument, CtlError, Exit } from "../exit-codes.ts";
import { withProgress } from "../progress.ts";
import { type Invocation, nothing, textOutput, type Verb } from "../verb.ts";
import { orUnavailable } from "./requests.ts";

const FORMAT = { flags: "--format <format>", description: "json" };

export const definitionVerbs: readonly Verb[] = [
  {
    name: "export_definitions",
    scopes: ["ctl"],
    usage: '<file_path | "-">',
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Definitions",
    summary: "Writes everything that is declared to a file, or to standard output",
    options: [FORMAT],
    check: ({ args, options }) => {
      requireJson(options.format);
      const directory = dirname(args[0]!);
      if (!existsSync(directory)) throw badArgument(`Directory ${directory} does not exist`);
    },
    banner: ({ args }) =>
      args[0] === "-" ? undefined : `Exporting definitions in JSON to a file at "${args[0]}" ...`,
    run: async ({ client, args }) => {
      const text = await client.text("GET", "/definitions");
      if (args[0] === "-") return textOutput(text);
      await writeFile(args[0]!, text);
      return nothing;
    },
  },
  {
    name: "import_definitions",
    scopes: ["ctl"],
    usage: '[<file_path | "-">]',
    minimumArgs: 0,
    maximumArgs: 1,
    group: "Definitions",
    summary: "Imports such a file; what exists stays",
    options: [
      FORMAT,
      { flags: "--skip-if-unchanged", description: "accepted: importing twice changes nothing" },
    ],
    banner: ({ args }) =>
      args[0] === undefined || args[0] === "-"
        ? "Importing definitions in JSON from standard input ..."
        : `Importing definitions in JSON from a file at "${args[0]}" ...`,
    check: ({ args, options }) => {
      requireJson(options.format);
      const [path] = args;
      if (path !== undefined && path !== "-" && !existsSync(path)) {
        throw badArgument(`File ${path} does not exist`);
      }
    },
    run: async (invocation) => {
      const text = await definitionsText(invocation);
      await orUnavailable(importShowing(invocation, text));
      return invocation.isQuiet ? nothing : textOutput("Definitions were imported.");
    },
  },
];

function requireJson(format: string | boolean | undefined): void {
  const name = String(format ?? "json").toLowerCase();
  if (name === "json") return;
  if (name !== "erlang") throw badArgument("Format should be either json or erlang");
  throw new CtlError(Exit.usage, "the format erlang is Erlang's own: use json");
}

/** Imports, showing on a terminal how many of the file's queues and exchanges are there. */
async function importShowing({ client, progress }: Invocation, text: string): Promise<string> {
  const countThere = async () => {
    const { object_totals: totals } = (await client.get("/overview?columns=object_totals")) as {
      object_totals: { queues: number; exchanges: number };
    };
    return totals.queues + totals.exchanges;
  };
  const before = progress === undefined ? 0 : await countThere();
  const wanted = Math.max(1, text.split(/"auto_delete"\s*:/).length - 1);
  return withProgress(client.text("POST", "/definitions", text), {
    write: progress,
    label: "Importing",
    fraction: async () => ((await countThere()) - before) / wanted,
  });
}

async function definitionsText({ args, readInput }: Invocation): Promise<string> {
  const path = args[0];
  return path === undefined || path === "-" ? readInput() : readFile(path, "utf8");
}
