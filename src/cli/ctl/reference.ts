// Writes docs/reference/command-line.md from the table of commands, so that page and behaviour cannot part.

import { usageLine } from "./help.ts";
import type { Scope, Verb } from "./verb.ts";
import { absentGroup } from "./verbs/absent.ts";
import { verbs } from "./verbs.ts";

const INTRODUCTION = `# Command line reference

<!-- Written by scripts/write-command-reference.ts from src/cli/ctl; a test fails when it is stale. -->

\`leveretctl\` has the commands of \`rabbitmqctl\` and its relatives under the same names, with the same options, columns,
texts and exit codes. \`dist/compat\` holds programs of RabbitMQ's names to be put on PATH (with \`.bat\` twins for
Windows): \`rabbitmqctl\`, \`rabbitmq-diagnostics\`, \`rabbitmq-queues\`, \`rabbitmq-plugins\`, \`rabbitmq-streams\`,
\`rabbitmq-upgrade\`, \`rabbitmqadmin\` and \`rabbitmq-server\`. \`leveretctl diagnostics check_running\` is
\`rabbitmq-diagnostics check_running\`, likewise \`queues\`, \`plugins\`, \`streams\`, \`upgrade\` and \`admin\`; without such
a word \`leveretctl\` knows the commands of all of them.

On the machine of the broker no password is needed: commands talk through a socket in the data directory that only the
owner of the broker's process may open. They look for it where a broker started with the same configuration would
keep its data (\`--data-dir\`, \`LEVERET_DATA_DIR\`, \`leveret.data_dir\`), then in \`/var/lib/leveret\` and
\`/var/lib/rabbitmq\`. From elsewhere, or when the broker keeps nothing on disk: \`--http-url\`, \`--username\`,
\`--password\` (or \`LEVERET_HTTP_URL\`, \`LEVERET_USERNAME\`, \`LEVERET_PASSWORD\`).

## Options of all commands

| option | meaning |
|---|---|
| \`-n\`, \`--node NAME\` | the broker must have this name |
| \`-p\`, \`--vhost NAME\` | virtual host, \`/\` unless given |
| \`-q\`, \`--quiet\` | nothing but the answer |
| \`-s\`, \`--silent\` | nothing but the answer, and tables without headers |
| \`-t\`, \`--timeout SECONDS\` | longest wait for an answer |
| \`--formatter NAME\` | \`table\` (separated by tabs), \`json\`, \`csv\`, \`pretty_table\`, \`erlang\` |
| \`--no-table-headers\` | tables without headers |
| \`--dry-run\` | says what would be done |
| \`-l\`, \`--longnames\`, \`--erlang-cookie\`, \`--printer\`, \`--script-mode\` | accepted |

Listings take the names of columns as arguments: \`leveretctl list_queues name messages_ready\`. Colours and progress are
for terminals only, and \`NO_COLOR\` is honoured.

## Exit codes

0 done · 64 the command line is wrong · 65 an argument is wrong, or the virtual host is not there · 67 there is no such
user · 69 refused, or the broker cannot be reached · 70 an unexpected error · 75 it took too long

## Completion

\`\`\`sh
leveretctl completion bash > /etc/bash_completion.d/leveretctl     # or: source <(leveretctl completion bash)
leveretctl completion zsh > "\${fpath[1]}/_leveretctl"
leveretctl completion fish > ~/.config/fish/completions/leveretctl.fish
\`\`\`
`;

const PROGRAMS: Readonly<Record<Scope, string>> = {
  ctl: "rabbitmqctl",
  diagnostics: "rabbitmq-diagnostics",
  queues: "rabbitmq-queues",
  plugins: "rabbitmq-plugins",
  streams: "rabbitmq-streams",
  upgrade: "rabbitmq-upgrade",
};

/** The whole page. */
export function commandReference(): string {
  const here = verbs.filter(({ group }) => group !== absentGroup);
  const groups = [...new Set(here.map(({ group }) => group))];
  const tables = groups.map((group) => groupTable(group, here));
  return [INTRODUCTION, ...tables, absentTable()].join("\n");
}

function groupTable(group: string, all: readonly Verb[]): string {
  const rows = all
    .filter((verb) => verb.group === group)
    .map((verb) => {
      // The general options stand above.
      const usage = usageLine("", verb).replace("[--node <node>] [--longnames] [--quiet] ", "");
      return line([`\`${usage.trim()}\``, programsOf(verb), verb.summary + columnsOf(verb)]);
    });
  return [
    `## ${group}`,
    "",
    line(["command", "program", "meaning"]),
    line(["---", "---", "---"]),
    ...rows,
    "",
  ].join("\n");
}

function absentTable(): string {
  const rows = verbs
    .filter(({ group }) => group === absentGroup)
    .map((verb) => line([`\`${verb.name}\``, programsOf(verb), verb.summary, verb.exitsWith ?? 0]));
  return [
    "## Commands that mean nothing here",
    "",
    "They say so on standard error and end with this exit code; code 0 only where the state a script wants is there.",
    "",
    line(["command", "program", "what it says", "exit code"]),
    line(["---", "---", "---", "---"]),
    ...rows,
    "",
  ].join("\n");
}

function programsOf({ scopes }: Verb): string {
  return scopes.length === Object.keys(PROGRAMS).length
    ? "all"
    : scopes.map((scope) => PROGRAMS[scope]).join(", ");
}

function columnsOf({ columns }: Verb): string {
  if (columns === undefined) return "";
  const known = columns.known.map((name) =>
    columns.standard.includes(name) ? `**${name}**` : name,
  );
  return `. Columns (usual ones bold): ${known.join(", ")}`;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}
