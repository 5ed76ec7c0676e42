// Scripts that teach shells to complete commands, options, columns and the names of virtual hosts. They hold the table
// of commands, so that completing starts no program except to list virtual hosts.

import type { Scope, Verb } from "./verb.ts";

/** Programs and whose commands they know; leveretctl knows all. */
const PROGRAMS: readonly (readonly [string, Scope])[] = [
  ["rabbitmqctl", "ctl"],
  ["rabbitmq-diagnostics", "diagnostics"],
  ["rabbitmq-queues", "queues"],
  ["rabbitmq-plugins", "plugins"],
  ["rabbitmq-streams", "streams"],
  ["rabbitmq-upgrade", "upgrade"],
];
const OPTIONS: readonly (readonly [string, string])[] = [
  ["--node", "the broker's name"],
  ["--vhost", "virtual host"],
  ["--quiet", "nothing but the answer"],
  ["--silent", "no table headers either"],
  ["--timeout", "longest wait in seconds"],
  ["--formatter", "form of the answer"],
  ["--no-table-headers", "tables without headers"],
  ["--data-dir", "where the broker keeps its data"],
  ["--http-url", "reach the broker over HTTP"],
  ["--username", "user for that"],
  ["--password", "password for that"],
  ["--help", "how the command is used"],
];
const FORMATTERS = "table json csv pretty_table erlang";

/** By the shell's name. */
export const completions: Readonly<Record<string, (verbs: readonly Verb[]) => string>> = {
  bash,
  zsh,
  fish,
};

function namesOf(verbs: readonly Verb[], scope?: Scope): string {
  const known = verbs.filter(({ scopes }) => scope === undefined || scopes.includes(scope));
  return [...new Set(known.map(({ name }) => name))].sort().join(" ");
}

/** "-e, --if-empty" as ["--if-empty", …]. */
function flagsOf({ options = [] }: Verb): readonly string[] {
  return options.flatMap(({ flags }) => flags.match(/--[\w-]+/g) ?? []);
}

function wordsBehind(verb: Verb): string {
  return [...flagsOf(verb), ...(verb.columns?.known ?? [])].join(" ");
}

function bash(verbs: readonly Verb[]): string {
  const programs = PROGRAMS.map(
    ([program, scope]) => `    ${program}) names="${namesOf(verbs, scope)}" ;;`,
  );
  const words = [...new Map(verbs.map((verb) => [verb.name, wordsBehind(verb)]))]
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `    ${name}) words="${text}" ;;`);
  return `# bash completion of leveretctl and RabbitMQ's programs
_leveretctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} program=\${COMP_WORDS[0]##*/}
  local names words="" command="" i
  case $previous in
    -p|--vhost) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" -s list_vhosts 2>/dev/null)" -- "$current")); return ;;
    --formatter) COMPREPLY=($(compgen -W "${FORMATTERS}" -- "$current")); return ;;
    --data-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
    import_definitions|export_definitions) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -n|--node|-p|--vhost|-t|--timeout|--formatter|--data-dir|--http-url|--username|--password) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $program in
${programs.join("\n")}
    *) names="${namesOf(verbs)}" ;;
  esac
  case $command in
    "") [[ $current == -* ]] || words=$names ;;
    help) words=$names ;;
${words.join("\n")}
  esac
  [[ $current == -* ]] && words="$words ${OPTIONS.map(([name]) => name).join(" ")}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _leveretctl leveretctl ${PROGRAMS.map(([program]) => program).join(" ")}`;
}

/** In single quotes for zsh and fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function zsh(verbs: readonly Verb[]): string {
  const described = (scope: Scope | undefined) =>
    [...new Map(verbs.map((verb) => [verb.name, verb])).values()]
      .filter(({ scopes }) => scope === undefined || scopes.includes(scope))
      .map(({ name, summary }) => `      ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`)
      .join("\n");
  const programs = PROGRAMS.map(
    ([program, scope]) => `    ${program}) names=(\n${described(scope)}\n    ) ;;`,
  );
  const words = [...new Map(verbs.map((verb) => [verb.name, wordsBehind(verb)]))]
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `    ${name}) words=(${text}) ;;`);
  const options = OPTIONS.map(([name, text]) => `    ${quoted(`${name}:${text}`)}`);
  return `#compdef leveretctl ${PROGRAMS.map(([program]) => program).join(" ")}
# zsh completion of leveretctl and RabbitMQ's programs
_leveretctl() {
  local -a names options
  local command="" i
  options=(
${options.join("\n")}
  )
  case \${words[CURRENT-1]} in
    -p|--vhost) compadd -- \${(f)"$("\${words[1]}" -s list_vhosts 2>/dev/null)"}; return ;;
    --formatter) compadd -- ${FORMATTERS}; return ;;
    --data-dir) _files -/; return ;;
    import_definitions|export_definitions) _files; return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
      -n|--node|-p|--vhost|-t|--timeout|--formatter|--data-dir|--http-url|--username|--password) ((i++)) ;;
      -*) ;;
      *) command=\${words[i]}; break ;;
    esac
  done
  case \${words[1]:t} in
${programs.join("\n")}
    *) names=(
${described(undefined)}
    ) ;;
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe option options; fi
  if [[ -z $command || $command == help ]]; then
    [[ \${words[CURRENT]} == -* ]] || _describe command names
    return
  fi
  local -a words
  case $command in
${words.join("\n")}
  esac
  compadd -- $words
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _leveretctl "$@"; else compdef _leveretctl leveretctl ${PROGRAMS.map(([program]) => program).join(" ")}; fi`;
}

function fish(verbs: readonly Verb[]): string {
  const lines: string[] = ["# fish completion of leveretctl and RabbitMQ's programs"];
  const programs: readonly (readonly [string, Scope | undefined])[] = [
    ["leveretctl", undefined],
    ...PROGRAMS,
  ];
  for (const [program, scope] of programs) {
    lines.push(`complete -c ${program} -f`);
    const known = [...new Map(verbs.map((verb) => [verb.name, verb])).values()].filter(
      ({ scopes }) => scope === undefined || scopes.includes(scope),
    );
    for (const verb of known) {
      const { name, summary } = verb;
      const first = `complete -c ${program} -n __fish_use_subcommand -a ${name}`;
      lines.push(`${first} -d ${quoted(summary)}`);
      const seen = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
      for (const flag of flagsOf(verb)) lines.push(`${seen} -l ${flag.slice(2)}`);
      if (verb.columns !== undefined)
        lines.push(`${seen} -a ${quoted(verb.columns.known.join(" "))}`);
    }
    lines.push(
      `complete -c ${program} -s p -l vhost -x -a '(${program} -s list_vhosts 2>/dev/null)'`,
      `complete -c ${program} -l formatter -x -a ${quoted(FORMATTERS)}`,
    );
    for (const [name, text] of OPTIONS) {
      if (name === "--vhost" || name === "--formatter") continue;
      lines.push(`complete -c ${program} -l ${name.slice(2)} -d ${quoted(text)}`);
    }
  }
  return lines.join("\n");
}
