// Usage lines and help pages of leveretctl and RabbitMQ's programs.

import type { Terminal } from "./program.ts";
import type { Scope, Verb } from "./verb.ts";

export function bold(text: string, { isColoured }: Pick<Terminal, "isColoured">): string {
  return isColoured ? `\u001B[1m${text}\u001B[0m` : text;
}

export function usageLine(program: string, verb: Verb): string {
  const options = (verb.options ?? [])
    .map(({ flags }) => `[${flags.replace(/^-\w, /, "")}]`)
    .filter((text) => !verb.usage.includes(text.slice(1).split(/[ \]]/)[0]!));
  return [program, "[--node <node>] [--longnames] [--quiet]", verb.name, ...options, verb.usage]
    .filter((part) => part !== "")
    .join(" ");
}

export function verbHelp(program: string, verb: Verb, terminal: Terminal): string {
  const options = verb.options ?? [];
  const lines = ["", bold("Usage", terminal), "", usageLine(program, verb), "", verb.summary, ""];
  if (options.length > 0) {
    lines.push("", bold("Arguments and Options", terminal), "");
    for (const { flags, description } of options) lines.push(flags, `\t${description}`, "");
  }
  if (verb.columns !== undefined) {
    lines.push(bold("Columns", terminal), "", verb.columns.known.join(", "), "");
  }
  lines.push("", bold("General Options", terminal), "", GENERAL_OPTIONS, "");
  return lines.join("\n");
}

const GENERAL_OPTIONS = `-n, --node <node>        the broker's name
-p, --vhost <vhost>      virtual host, / unless given
-q, --quiet              no banner
-s, --silent             no banner, no table headers
-t, --timeout <seconds>  longest wait for an answer
--formatter <formatter>  table, json, csv, pretty_table or erlang
--no-table-headers       tables without headers
--data-dir <directory>   where the broker keeps its data (and the socket commands use)
--http-url <url>         reach the broker over its HTTP API, with --username and --password`;

export function generalHelp(
  program: string,
  scope: Scope,
  verbs: readonly Verb[],
  terminal: Terminal,
): string {
  const known = verbs.filter((verb) => verb.scopes.includes(scope));
  const nameWidth = Math.max(...known.map(({ name }) => name.length)) + 2;
  const groups = [...new Set(known.map(({ group }) => group))];
  const lines = [
    "",
    bold("Usage", terminal),
    "",
    `${program} [--node <node>] [--timeout <timeout>] [--longnames] [--quiet] <command> [<command options>]`,
    "",
    "Available commands:",
    "",
  ];
  for (const group of groups) {
    lines.push(`${bold(group, terminal)}:`, "");
    for (const verb of known.filter((each) => each.group === group)) {
      lines.push(`   ${verb.name.padEnd(nameWidth)}${verb.summary}`);
    }
    lines.push("");
  }
  lines.push(`Use '${program} help <command>' to learn more about a specific command`, "");
  return lines.join("\n");
}
