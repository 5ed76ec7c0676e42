// Reads a command line of leveretctl or one of RabbitMQ's programs, runs the command, and answers the exit code.

import { Command, CommanderError, Option } from "commander";
import { nearest } from "../../config/edit-distance.ts";
import { RABBITMQ_LEVEL } from "../../version.ts";
import { ApiFailure, Client, NotReachable, type Target } from "./client.ts";
import { CtlError, Exit, invalidOption, UsageError } from "./exit-codes.ts";
import { bold, generalHelp, usageLine, verbHelp } from "./help.ts";
import { render } from "./output.ts";
import { chosenColumns, type Formatter, type Invocation, type Scope, type Verb } from "./verb.ts";
import { verbs } from "./verbs.ts";

/** Where a command reads and writes. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly readInput: () => Promise<string>;
  readonly isColoured: boolean;
  /** Shows progress on a terminal; undefined = there is none. */
  readonly progress?: (text: string) => void;
}

export interface CtlContext {
  readonly terminal: Terminal;
  /** "rabbitmqctl", "leveretctl", …: in usage lines. */
  readonly program: string;
  readonly scope: Scope;
  /** Finds the broker from the options; throws CtlError. */
  readonly findTarget: (options: GlobalOptions) => Target;
}

export interface GlobalOptions {
  readonly node?: string;
  readonly vhost?: string;
  readonly quiet?: boolean;
  readonly silent?: boolean;
  readonly timeout?: string;
  readonly formatter?: Formatter;
  readonly tableHeaders?: boolean;
  readonly dryRun?: boolean;
  readonly scriptMode?: boolean;
  readonly dataDir?: string;
  readonly httpUrl?: string;
  readonly username?: string;
  readonly password?: string;
}

const FORMATTERS: readonly Formatter[] = ["table", "json", "csv", "pretty_table", "erlang"];

/** Runs one command line (without the program's name). */
export async function runCtl(argv: readonly string[], context: CtlContext): Promise<number> {
  const { terminal, program } = context;
  try {
    const name = verbNameIn(argv);
    if (argv.includes("--version") && name === undefined) {
      terminal.out(`${RABBITMQ_LEVEL}\n`);
      return Exit.ok;
    }
    if (name === undefined) return help(undefined, context, argv.includes("--help"));
    if (name === "help") return helpOn(argv, context);
    const verb = findVerb(name, context.scope);
    if (verb === undefined) return unknownVerb(name, context);
    if (argv.includes("--help")) return help(name, context, true);
    return await runVerb(verb, argv, context);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.error(
        `${error.message}\nArguments given:\n\t${argv.join(" ")}\n\n${bold("Usage", terminal)}\n\n`,
      );
      const verb = findVerb(verbNameIn(argv) ?? "", context.scope);
      terminal.error(`${verb === undefined ? "" : usageLine(program, verb)}\n`);
      return error.exitCode;
    }
    if (error instanceof CtlError) {
      terminal.error(error.bare ? `${error.message}\n` : `Error:\n${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof ApiFailure) {
      terminal.error(`Error:\n${error.reason}\n`);
      return error.status === 404 ? Exit.unavailable : Exit.software;
    }
    if (!isSystemError(error)) throw error;
    terminal.error(`Error:\n${error.message}\n`);
    return Exit.unavailable;
  }
}

/** Of the file system or the network: the operator's to mend, so that a stack trace helps nobody. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

/** Options that take a value, so that the value is not taken for the command. */
const VALUED = new Set([
  "-n",
  "--node",
  "-p",
  "--vhost",
  "-t",
  "--timeout",
  "--formatter",
  "--erlang-cookie",
  "--data-dir",
  "--http-url",
  "--username",
  "--password",
  "--longnames-host",
]);

/** Where in `argv` the command stands, behind options; -1: nowhere. */
export function verbIndexIn(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (VALUED.has(arg)) i++;
    else if (!arg.startsWith("-")) return i;
  }
  return -1;
}

function verbNameIn(argv: readonly string[]): string | undefined {
  return argv[verbIndexIn(argv)];
}

function findVerb(name: string, scope: Scope): Verb | undefined {
  return (
    verbs.find((verb) => verb.name === name && verb.scopes.includes(scope)) ??
    // leveretctl knows all of them.
    (scope === "ctl" ? verbs.find((verb) => verb.name === name) : undefined)
  );
}

function help(
  name: string | undefined,
  { terminal, program, scope }: CtlContext,
  asked: boolean,
): number {
  const verb = name === undefined ? undefined : findVerb(name, scope);
  const text =
    verb === undefined
      ? generalHelp(program, scope, verbs, terminal)
      : verbHelp(program, verb, terminal);
  if (asked) terminal.out(text);
  else terminal.error(text);
  return asked ? Exit.ok : Exit.usage;
}

/** `help [COMMAND]`. */
function helpOn(argv: readonly string[], context: CtlContext): number {
  const words = argv.slice(argv.indexOf("help") + 1).filter((word) => !word.startsWith("-"));
  if (words.length > 1) {
    throw new UsageError(Exit.usage, "Error (argument validation): too many arguments.");
  }
  const [name] = words;
  if (argv.includes("--list-commands")) {
    const known = verbs.filter((verb) => verb.scopes.includes(context.scope));
    context.terminal.out(
      `${known
        .map((verb) => verb.name)
        .sort()
        .join("\n")}\n`,
    );
    return Exit.ok;
  }
  if (name === undefined || findVerb(name, context.scope) !== undefined) {
    return help(name, context, true);
  }
  context.terminal.error(`Error:\n\nCommand '${name}' not found. \n`);
  return Exit.usage;
}

function unknownVerb(name: string, { terminal, program, scope }: CtlContext): number {
  const near = nearest(
    name,
    verbs.filter((verb) => verb.scopes.includes(scope)).map((verb) => verb.name),
  );
  const text =
    near === undefined
      ? generalHelp(program, scope, verbs, terminal)
      : `Did you mean '${near}'? \n\n`;
  terminal.error(`\nCommand '${name}' not found. \n${text}`);
  return Exit.usage;
}

async function runVerb(verb: Verb, argv: readonly string[], context: CtlContext): Promise<number> {
  const { terminal, program } = context;
  const parsed = parse(verb, argv);
  const { options, args } = parsed;
  const formatter = options.formatter ?? "table";
  checkArguments(verb, args);
  const isQuiet =
    options.quiet === true ||
    options.silent === true ||
    (formatter !== "table" && formatter !== "pretty_table");
  const timeoutSeconds = timeoutOf(options);
  const isAlone = verb.isOffline === true && verb.asksName !== true;
  const target = isAlone ? undefined : context.findTarget(options);
  const client = new Client(
    target ?? { kind: "socket", path: "" },
    timeoutSeconds === undefined ? undefined : timeoutSeconds * 1_000,
  );
  const invocation: Invocation = {
    client,
    node: isAlone ? (options.node ?? "") : await nodeName(client, options.node, verb),
    vhost: options.vhost ?? "/",
    args,
    options: parsed.own,
    formatter,
    timeoutSeconds,
    isQuiet,
    program,
    scope: context.scope,
    say: (line) => terminal.out(`${line}\n`),
    progress: isQuiet ? undefined : terminal.progress,
    readInput: terminal.readInput,
  };
  if (verb.columns !== undefined) checkColumns(invocation, verb);
  verb.check?.(invocation);
  const banner = isQuiet ? undefined : verb.banner?.(invocation);
  if (banner !== undefined) terminal.out(`${banner}\n`);
  if (options.dryRun === true) return Exit.ok;
  const output = await verb.run(invocation);
  // As in RabbitMQ: CSV keeps its header when it is silent.
  const isBare = options.silent === true && formatter !== "csv";
  const withHeaders = !isBare && options.tableHeaders !== false && options.scriptMode !== true;
  terminal.out(render(output, { formatter, withHeaders }));
  return Exit.ok;
}

/** Seconds; undefined = as long as it takes. */
function timeoutOf({ timeout }: GlobalOptions): number | undefined {
  if (timeout === undefined || timeout === "infinity") return undefined;
  const seconds = Number(timeout);
  if (timeout.trim() === "" || !Number.isFinite(seconds) || seconds < 0) {
    throw invalidOption("-t", timeout);
  }
  return seconds;
}

interface Parsed {
  readonly args: readonly string[];
  readonly options: GlobalOptions;
  /** The command's own options. */
  readonly own: Invocation["options"];
}

function parse(verb: Verb, argv: readonly string[]): Parsed {
  const command = new Command(verb.name)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .helpOption(false)
    .allowExcessArguments()
    .argument("[arguments...]")
    .allowUnknownOption(verb.anyOptions === true);
  addGlobalOptions(command);
  for (const { flags, description } of verb.options ?? []) command.option(flags, description);
  const at = argv.indexOf(verb.name);
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  try {
    command.parse(rest, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw usageErrorOf(error);
    throw error;
  }
  const options = command.opts() as GlobalOptions & Invocation["options"];
  return { args: command.args, options, own: options };
}

function addGlobalOptions(command: Command): void {
  command
    .option("-n, --node <node>", "target node")
    .option("-p, --vhost <vhost>", "virtual host")
    .option("-q, --quiet", "say less")
    .option("-s, --silent", "say less, and no table headers")
    .option("-t, --timeout <seconds>", "longest wait for an answer")
    .option("-l, --longnames", "accepted; names are not resolved here")
    .addOption(new Option("--formatter <formatter>", "form of the output").choices(FORMATTERS))
    .option("--printer <printer>", "accepted")
    .option("--no-table-headers", "leave table headers out")
    .option("--script-mode", "the same")
    .option("--dry-run", "do nothing, only say it")
    .option("--erlang-cookie <cookie>", "accepted; there is no cookie here")
    .option("--data-dir <directory>", "where the broker keeps its data")
    .option("--http-url <url>", "reach the broker over its HTTP API instead")
    .option("--username <name>", "user for that")
    .option("--password <password>", "password for that");
}

function usageErrorOf(error: CommanderError): UsageError {
  const option = /unknown option '([^']+)'/.exec(error.message)?.[1];
  if (option !== undefined) return invalidOption(option, "");
  return new UsageError(
    Exit.usage,
    `Error (argument validation): ${error.message.replace(/^error: /, "")}`,
  );
}

function checkArguments({ minimumArgs, maximumArgs }: Verb, args: readonly string[]): void {
  if (args.length < minimumArgs) {
    throw new UsageError(Exit.usage, "Error (argument validation): not enough arguments.");
  }
  if (args.length > maximumArgs) {
    throw new UsageError(Exit.usage, "Error (argument validation): too many arguments.");
  }
}

function checkColumns(invocation: Invocation, { columns }: Verb): void {
  const unknown = chosenColumns(invocation, columns!).filter(
    (name) => !columns!.known.includes(name),
  );
  if (unknown.length === 0) return;
  throw new UsageError(
    Exit.usage,
    `Error (argument validation): Info key(s) ${unknown.join(",")} are not supported`,
  );
}

/** Asks the broker for its name; `asked` must be that one. */
async function nodeName(client: Client, asked: string | undefined, verb: Verb): Promise<string> {
  try {
    const { node } = (await client.get("/overview?columns=node")) as { node: string };
    if (asked === undefined || asked === node || asked === node.split("@")[0]) return node;
    throw unreachable(asked, `the broker here is called ${node}`);
  } catch (error) {
    if (error instanceof NotReachable && verb.waits === true) return asked ?? "";
    if (error instanceof NotReachable && verb.isOffline === true) return asked ?? "rabbit";
    if (error instanceof NotReachable) throw unreachable(asked ?? "here", error.message);
    throw error;
  }
}

function unreachable(node: string, why: string): CtlError {
  const text = `Error: unable to perform an operation on node '${node}'. Please see diagnostics information and suggestions below.

Most common reasons for this are:

 * Target node is not running
 * The command runs as another user, or with another --data-dir, than the broker
 * The broker keeps nothing on disk: then give --http-url, --username and --password

DIAGNOSTICS
===========

${why}
`;
  return new CtlError(Exit.unavailable, text, { bare: true });
}
