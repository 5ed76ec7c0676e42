// Definitions into and out of files.

import { readFile, writeFile } from "node:fs/promises";
import { CtlError, Exit, UsageError } from "../exit-codes.ts";
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
    banner: ({ args }) =>
      args[0] === "-" ? undefined : `Exporting definitions in JSON to a file at "${args[0]}" ...`,
    run: async ({ client, args, options }) => {
      requireJson(options.format);
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
    run: async (invocation) => {
      requireJson(invocation.options.format);
      const text = await definitionsText(invocation);
      await orUnavailable(invocation.client.text("POST", "/definitions", text));
      return nothing;
    },
  },
];

function requireJson(format: string | boolean | undefined): void {
  if (format === undefined || String(format).toLowerCase() === "json") return;
  throw new CtlError(Exit.usage, `the format ${String(format)} is Erlang's: use json`);
}

async function definitionsText({ args, readInput }: Invocation): Promise<string> {
  const path = args[0];
  if (path === undefined || path === "-") return readInput();
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new UsageError(
      Exit.dataError,
      `Error (argument validation): Bad argument: File ${path} does not exist`,
    );
  }
}
