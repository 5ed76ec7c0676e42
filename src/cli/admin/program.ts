// rabbitmqadmin: declares, lists, publishes and gets over the HTTP API, in the words of its versions 1 and 2.

import { readFile, writeFile } from "node:fs/promises";
import { ApiFailure, Client, type Json, part, type Row, type Target } from "../ctl/client.ts";
import { CtlError, Exit } from "../ctl/exit-codes.ts";
import type { Terminal } from "../ctl/program.ts";
import { allColumns, format } from "./format.ts";
import { declarables, deletables, listables } from "./objects.ts";

export interface AdminContext {
  readonly terminal: Terminal;
  readonly findTarget: (options: {
    readonly httpUrl: string;
    readonly username: string;
    readonly password: string;
  }) => Target;
}

/** Options before and behind the command, short and long. */
const OPTIONS: Readonly<Record<string, string>> = {
  "-H": "host",
  "--host": "host",
  "-P": "port",
  "--port": "port",
  "-u": "username",
  "--username": "username",
  "-p": "password",
  "--password": "password",
  "-V": "vhost",
  "--vhost": "vhost",
  "-f": "format",
  "--format": "format",
  "--table-style": "style",
  "-S": "sort",
  "--sort": "sort",
  "-U": "base_uri",
  "--base-uri": "base_uri",
  "--path-prefix": "path_prefix",
  "-c": "config",
  "--config": "config",
  "-N": "node",
  "--node": "node",
  "-d": "depth",
  "--depth": "depth",
  "--request-timeout": "timeout",
  "-t": "timeout",
};
const SWITCHES: Readonly<Record<string, string>> = {
  "-q": "quiet",
  "--quiet": "quiet",
  "-s": "ssl",
  "--ssl": "ssl",
  "--use-tls": "ssl",
  "-R": "sort_reverse",
  "--sort-reverse": "sort_reverse",
  "-b": "bash",
  "--non-interactive": "quiet",
  "-k": "insecure",
  "--disable-hostname-verification": "insecure",
};

interface CommandLine {
  readonly options: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** `name=value` and `--name value` behind the words. */
  readonly fields: Readonly<Record<string, string>>;
}

const HELP = `Usage
  rabbitmqadmin [options] <command>

  list <objects> [<column>...]      users, vhosts, connections, exchanges, bindings, permissions, channels, consumers,
                                    parameters, policies, queues, nodes, feature_flags, …
  show overview
  declare <object> name=… […]       exchange, queue, binding, vhost, user, permission, parameter, policy, …
  delete <object> name=… […]
  purge queue name=…
  publish routing_key=… [exchange=…] [payload=…] [properties={…}]
  get queue=… [count=…] [ackmode=…] [payload_file=…]
  close connection name=…
  export <file>   import <file>

Options
  -H --host, -P --port, -V --vhost, -u --username, -p --password, -s --ssl, --path-prefix
  -f --format table|tsv|long|kvp|raw_json|pretty_json|bash,  -S --sort, -R --sort-reverse, -q --quiet
`;

export async function runAdmin(
  argv: readonly string[],
  { terminal, findTarget }: AdminContext,
): Promise<number> {
  try {
    const line = parse(argv);
    if (line.words.length === 0 || line.words[0] === "help" || argv.includes("--help")) {
      terminal.out(HELP);
      return line.words.length === 0 && !argv.includes("--help") ? Exit.usage : Exit.ok;
    }
    const { options } = line;
    const scheme = options.ssl === undefined ? "http" : "https";
    const httpUrl =
      options.base_uri ??
      `${scheme}://${options.host ?? "localhost"}:${options.port ?? 15_672}${options.path_prefix ?? ""}`;
    const target = findTarget({
      httpUrl,
      username: options.username ?? "guest",
      password: options.password ?? "guest",
    });
    const text = await run(new Client(target, undefined), line, terminal);
    if (text !== "") terminal.out(`${text}\n`);
    return Exit.ok;
  } catch (error) {
    if (error instanceof ApiFailure) {
      terminal.error(`*** ${failureText(error)}\n\n`);
      return 1;
    }
    if (error instanceof CtlError) {
      terminal.error(
        error.exitCode === Exit.usage
          ? `\nERROR: ${error.message}\n\nrabbitmqadmin --help for help\n\n`
          : `*** ${error.message}\n`,
      );
      return 1;
    }
    throw error;
  }
}

function failureText({ status, reason, path }: ApiFailure): string {
  if (status === 404) return `Not found: ${path}`;
  if (status === 401) return `Access refused: ${path}`;
  return reason;
}

function parse(argv: readonly string[]): CommandLine {
  const options: Record<string, string> = {};
  const fields: Record<string, string> = {};
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    const [flag, inline] =
      arg.startsWith("--") && arg.includes("=") ? splitAt(arg, "=") : [arg, undefined];
    const option = OPTIONS[flag];
    if (option !== undefined) options[option] = inline ?? argv[++i] ?? "";
    else if (SWITCHES[flag] !== undefined) options[SWITCHES[flag]] = "true";
    else if (flag.startsWith("--")) {
      const value = inline ?? argv[i + 1];
      const isSwitch = inline === undefined && (value === undefined || value.startsWith("--"));
      if (!isSwitch && inline === undefined) i++;
      fields[flag.slice(2).replaceAll("-", "_")] = isSwitch ? "true" : (value ?? "");
    } else if (words.length >= 1 && /^[\w-]+=/.test(arg)) {
      const [name, value] = splitAt(arg, "=");
      fields[name] = value;
    } else words.push(arg);
  }
  return { options, words: normalised(words), fields };
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Version 2 says `queues list` where version 1 says `list queues`. */
function normalised(words: readonly string[]): readonly string[] {
  const [first = "", second = "", ...rest] = words;
  const actions = ["list", "declare", "delete", "purge", "show", "close"];
  if (!actions.includes(second) || actions.includes(first)) return words;
  const one = first.replace(/ies$/, "y").replace(/s$/, "");
  return [second, second === "list" ? first : one, ...rest];
}

async function run(client: Client, line: CommandLine, terminal: Terminal): Promise<string> {
  const [action = "", what = "", ...rest] = line.words;
  switch (action) {
    case "list":
      return list(client, line, what, rest);
    case "show":
      return format(
        [(await client.get("/overview")) as Row],
        ["rabbitmq_version", "cluster_name", "queue_totals.messages", "object_totals.queues"],
        line.options.format,
      );
    case "declare":
    case "create":
      return declare(client, line, what);
    case "delete":
      return remove(client, line, what);
    case "purge":
      await client.delete(`/queues/${part(vhostOf(line))}/${part(field(line, "name"))}/contents`);
      return said(line, "queue purged");
    case "close":
      await client.delete(`/connections/${part(field(line, "name"))}`);
      return said(line, "connection closed");
    case "publish":
      return publish(client, line, terminal);
    case "get":
      return getMessages(client, line);
    case "export":
    case "definitions":
      return exportTo(
        client,
        line,
        action === "export" ? what : (rest[0] ?? line.fields.file ?? ""),
      );
    case "import":
      await client.text("POST", definitionsPath(line), await readFile(what, "utf8"));
      return said(
        line,
        `Uploaded definitions from "${client.target.kind === "url" ? client.target.url.hostname : ""}" to ${what}. The import process may take some time. Consult server logs to track progress.`,
      );
    default:
      throw new CtlError(Exit.usage, `Action ${action} not understood`);
  }
}

function said({ options }: CommandLine, text: string): string {
  return options.quiet === undefined ? text : "";
}

function vhostOf({ options, fields }: CommandLine): string {
  return fields.vhost ?? options.vhost ?? "/";
}

function field({ fields }: CommandLine, name: string): string {
  const value = fields[name];
  if (value === undefined)
    throw new CtlError(Exit.usage, `mandatory argument "${name}" is required`);
  return value;
}

function definitionsPath({ options }: CommandLine): string {
  return options.vhost === undefined ? "/definitions" : `/definitions/${part(options.vhost)}`;
}

async function exportTo(client: Client, line: CommandLine, path: string): Promise<string> {
  const text = await client.text("GET", definitionsPath(line));
  if (path === "" || path === "-") return text;
  await writeFile(path, text);
  return said(
    line,
    `Exported definitions for ${client.target.kind === "url" ? client.target.url.hostname : ""} to "${path}"`,
  );
}

async function list(
  client: Client,
  line: CommandLine,
  what: string,
  asked: readonly string[],
): Promise<string> {
  const listable = listables[what];
  if (listable === undefined) throw new CtlError(Exit.usage, `Don't know how to list ${what}`);
  const { options } = line;
  const inVhost = listable.inVhost && options.vhost !== undefined;
  const isJson = options.format?.endsWith("json") ?? false;
  const wanted = asked.length > 0 ? asked : isJson ? [] : listable.columns;
  const parameters = [
    ...(wanted.length === 0 ? [] : [`columns=${wanted.map(part).join(",")}`]),
    ...(options.sort === undefined ? [] : [`sort=${part(options.sort)}`]),
    ...(options.sort_reverse === undefined ? [] : ["sort_reverse=true"]),
  ];
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  const items = await client.list(
    `${listable.path}${inVhost ? `/${part(options.vhost!)}` : ""}${query}`,
  );
  return format(items, wanted.length > 0 ? wanted : allColumns(items), options.format);
}

async function declare(client: Client, line: CommandLine, what: string): Promise<string> {
  const declarable = declarables.find(({ name }) => name === what);
  if (declarable === undefined) throw new CtlError(Exit.usage, `Type ${what} not recognised`);
  for (const name of declarable.required) if (name !== "vhost") field(line, name);
  const body: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(declarable.body)) {
    const given = line.fields[name] ?? line.fields[name.replaceAll("-", "_")];
    const value =
      given === undefined ? standard : declarable.json.includes(name) ? jsonOf(given) : given;
    if (value !== undefined) body[name] = value;
  }
  const type = line.fields.queue_type ?? (what === "queue" ? line.fields.type : undefined);
  if (type !== undefined && what === "queue") {
    body.arguments = { ...(body.arguments as object), "x-queue-type": type };
    delete body.queue_type;
  }
  const path = fill(declarable.path, line);
  await (declarable.method === "PUT" ? client.put(path, body) : client.post(path, body));
  return said(line, `${what.replaceAll("_", " ")} declared`);
}

async function remove(client: Client, line: CommandLine, what: string): Promise<string> {
  const deletable = deletables[what];
  if (deletable === undefined) throw new CtlError(Exit.usage, `Type ${what} not recognised`);
  for (const name of deletable.required) if (name !== "vhost") field(line, name);
  await client.delete(fill(deletable.path, line));
  return said(line, `${what.replaceAll("_", " ")} deleted`);
}

function fill(path: string, line: CommandLine): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "vhost") return part(vhostOf(line));
    if (name === "destination_type")
      return (line.fields.destination_type ?? "queue").startsWith("e") ? "e" : "q";
    if (name === "source" && field(line, name) === "") return "amq.default";
    return part(field(line, name));
  });
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new CtlError(Exit.usage, `Could not parse JSON:\n  ${text}`);
  }
}

async function publish(client: Client, line: CommandLine, terminal: Terminal): Promise<string> {
  const { fields } = line;
  const exchange =
    fields.exchange === undefined || fields.exchange === "" ? "amq.default" : fields.exchange;
  const payload = fields.payload ?? (await terminal.readInput());
  const answer = (await client.post(`/exchanges/${part(vhostOf(line))}/${part(exchange)}/publish`, {
    properties: fields.properties === undefined ? {} : jsonOf(fields.properties),
    routing_key: field(line, "routing_key"),
    payload,
    payload_encoding: fields.payload_encoding ?? "string",
  })) as { routed: boolean };
  return said(line, answer.routed ? "Message published" : "Message published but NOT routed");
}

const ACK_MODES: Readonly<Record<string, string>> = {
  true: "ack_requeue_true",
  false: "ack_requeue_false",
};

async function getMessages(client: Client, line: CommandLine): Promise<string> {
  const { fields } = line;
  const messages = (await client.post(
    `/queues/${part(vhostOf(line))}/${part(field(line, "queue"))}/get`,
    {
      count: Number(fields.count ?? 1),
      ackmode: fields.ackmode ?? fields.ack_mode ?? ACK_MODES[fields.requeue ?? "true"],
      encoding: fields.encoding ?? "auto",
      ...(fields.truncate === undefined ? {} : { truncate: Number(fields.truncate) }),
    },
  )) as readonly Row[];
  const columns = [
    "routing_key",
    "exchange",
    "message_count",
    "payload",
    "payload_bytes",
    "payload_encoding",
    "redelivered",
  ];
  const target = fields.payload_file;
  if (target !== undefined && messages.length === 1)
    await writeFile(target, String(messages[0]!.payload));
  return messages.length === 0
    ? said(line, "No items")
    : format(messages, columns, line.options.format);
}
