// RABBITMQ_* variables, rabbitmq-env.conf and Erlang's command line, each turned into entries of the one table.

import { ConfigError } from "./config-error.ts";
import type { ConfEntry } from "./row.ts";
import { LOG_CATEGORIES } from "./sections/logging.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable (without RABBITMQ_) and the key it sets. */
interface VariableRow {
  readonly variable: string;
  readonly key: string;
  /** RabbitMQ refuses it as deprecated; here it works, with a warning. */
  readonly deprecated?: boolean;
  readonly convert?: (value: string) => string;
}

const VARIABLES: readonly VariableRow[] = [
  { variable: "DEFAULT_USER", key: "default_user" },
  { variable: "DEFAULT_PASS", key: "default_pass" },
  { variable: "DEFAULT_VHOST", key: "default_vhost" },
  { variable: "NODENAME", key: "leveret.node_name" },
  { variable: "MNESIA_DIR", key: "leveret.data_dir" },
  { variable: "MNESIA_BASE", key: "leveret.data_dir", convert: (base) => `${base}/leveret` },
  { variable: "PRODUCT_NAME", key: "product.name" },
  { variable: "PRODUCT_VERSION", key: "product.version" },
  { variable: "MOTD_FILE", key: "motd_file" },
  { variable: "LOG_BASE", key: "log.dir" },
  {
    variable: "VM_MEMORY_HIGH_WATERMARK",
    key: "vm_memory_high_watermark.relative",
    deprecated: true,
  },
  { variable: "SSL_CACERTFILE", key: "ssl_options.cacertfile", deprecated: true },
  { variable: "SSL_CERTFILE", key: "ssl_options.certfile", deprecated: true },
  { variable: "SSL_KEYFILE", key: "ssl_options.keyfile", deprecated: true },
  { variable: "SSL_DEPTH", key: "ssl_options.depth", deprecated: true },
  { variable: "SSL_VERIFY", key: "ssl_options.verify", deprecated: true },
  {
    variable: "SSL_FAIL_IF_NO_PEER_CERT",
    key: "ssl_options.fail_if_no_peer_cert",
    deprecated: true,
  },
  { variable: "MANAGEMENT_SSL_CACERTFILE", key: "management.ssl.cacertfile", deprecated: true },
  { variable: "MANAGEMENT_SSL_CERTFILE", key: "management.ssl.certfile", deprecated: true },
  { variable: "MANAGEMENT_SSL_KEYFILE", key: "management.ssl.keyfile", deprecated: true },
  { variable: "MANAGEMENT_SSL_VERIFY", key: "management.ssl.verify", deprecated: true },
];

/** Variables whose value is the name of a file that holds the value (Docker secrets). */
const FILE_VARIABLES: readonly { readonly variable: string; readonly key: string }[] = [
  { variable: "DEFAULT_USER_FILE", key: "default_user" },
  { variable: "DEFAULT_PASS_FILE", key: "default_pass" },
  { variable: "ERLANG_COOKIE_FILE", key: "" },
];

/** Read elsewhere, or about Erlang: known, so nothing is said about them. */
const SILENT = new Set([
  "CONFIG_FILE",
  "CONFIG_FILES",
  "CONF_ENV_FILE",
  "ADVANCED_CONFIG_FILE",
  "NODE_PORT",
  "NODE_IP_ADDRESS",
  "DIST_PORT",
  "ENABLED_PLUGINS",
  "ENABLED_PLUGINS_FILE",
  "PLUGINS_DIR",
  "QUORUM_DIR",
  "STREAM_DIR",
  "LOGS",
  "LOG",
  "FEATURE_FLAGS",
  "ERLANG_COOKIE",
  "USE_LONGNAME",
  "SERVER_ADDITIONAL_ERL_ARGS",
  "SERVER_START_ARGS",
  "SERVER_ERL_ARGS",
  "PID_FILE",
  "KEEP_PID_FILE_ON_EXIT",
  "HOME",
  "CTL_ERL_ARGS",
  "CTL_DIST_PORT_MIN",
  "CTL_DIST_PORT_MAX",
  "LOGS_BASE",
  "VERSION",
  "DATA_DIR",
  "PGP_KEY_ID",
  "BASE",
  "SCRIPTS_DIR",
  "GENERATED_CONFIG_DIR",
  "SCHEMA_DIR",
  "MAX_OPEN_FILES",
  "IO_THREAD_POOL_SIZE",
  "CONSOLE_LOG",
  "SASL_LOGS",
  "UPGRADE_LOG",
  "USERNAME",
  "SERVICENAME",
  "ALLOW_INPUT",
  "LOG_FF_REGISTRY",
]);

/** `-rabbit <name> <value>` on Erlang's command line, as people put it into SERVER_ADDITIONAL_ERL_ARGS. */
const APPLICATION_KEYS: Readonly<Record<string, string>> = {
  disk_free_limit: "disk_free_limit.absolute",
  consumer_timeout: "consumer_timeout",
  heartbeat: "heartbeat",
  frame_max: "frame_max",
  channel_max: "channel_max",
  max_message_size: "max_message_size",
  vm_memory_high_watermark: "vm_memory_high_watermark.relative",
  default_user: "default_user",
  default_pass: "default_pass",
  default_vhost: "default_vhost",
  collect_statistics_interval: "collect_statistics_interval",
  handshake_timeout: "handshake_timeout",
};

export interface EnvironmentEntries {
  readonly entries: readonly ConfEntry[];
  readonly warnings: readonly string[];
}

/** Shell assignments of rabbitmq-env.conf: `NAME=value`, with or without RABBITMQ_, quotes and `export`; nothing is executed. */
export function parseEnvironmentFile(text: string, source: string): Environment {
  const found: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const assignment = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(trimmed);
    if (assignment === null) {
      throw new ConfigError(
        `line ${index + 1} of ${source} is not of the form NAME=value; shell commands are not run`,
      );
    }
    const name = assignment[1]!;
    const value = unquote(assignment[2]!, found);
    found[/^(RABBITMQ|LEVERET)_/.test(name) ? name : `RABBITMQ_${name}`] = value;
  }
  return found;
}

/** A shell word: quotes taken off, `$NAME` and `${NAME}` of earlier lines filled in outside single quotes. */
function unquote(raw: string, earlier: Environment): string {
  const single = /^'([^']*)'/.exec(raw);
  if (single !== null) return single[1]!;
  const double = /^"((?:[^"\\]|\\.)*)"/.exec(raw);
  const text =
    double !== null ? double[1]!.replace(/\\(.)/g, "$1") : raw.replace(/\s+#.*$/, "").trim();
  return text.replace(/\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g, (whole, name: string) => {
    return earlier[name] ?? earlier[`RABBITMQ_${name}`] ?? whole;
  });
}

/** What the variables say, as entries of the table. `readFile` is for variables that name files. */
export function environmentEntries(
  environment: Environment,
  readFile: (path: string) => string | undefined,
): EnvironmentEntries {
  const entries: ConfEntry[] = [];
  const warnings: string[] = [];
  const add = (key: string, value: string, variable: string) => {
    entries.push({
      segments: key.split("."),
      value,
      origin: { source: `the environment variable RABBITMQ_${variable}`, line: undefined },
    });
  };
  for (const { variable, key, deprecated, convert } of VARIABLES) {
    const value = environment[`RABBITMQ_${variable}`];
    if (value === undefined || value === "") continue;
    if (deprecated) {
      warnings.push(
        `RABBITMQ_${variable} is deprecated: RabbitMQ refuses to start with it; use the key ${key}`,
      );
    }
    if (variable === "MNESIA_BASE" && environment.RABBITMQ_MNESIA_DIR) continue;
    add(key, convert === undefined ? value : convert(value), variable);
  }
  for (const { variable, key } of FILE_VARIABLES) {
    const path = environment[`RABBITMQ_${variable}`];
    if (path === undefined || key === "") continue;
    const content = readFile(path);
    if (content === undefined)
      throw new ConfigError(`RABBITMQ_${variable} names ${path}, which cannot be read`);
    add(key, content.replace(/\r?\n$/, ""), variable);
  }
  const advanced = environment.RABBITMQ_ADVANCED_CONFIG_FILE;
  if (advanced !== undefined && advanced !== "") {
    warnings.push(
      `RABBITMQ_ADVANCED_CONFIG_FILE names ${advanced}: Erlang terms are not read here; write them as keys of rabbitmq.conf`,
    );
  }
  addListener(environment, add);
  // What RABBITMQ_LOG says counts more than levels among Erlang's arguments.
  addApplicationKeys(environment, add, warnings);
  addLogs(environment, add);
  warnUnknown(environment, warnings);
  return { entries, warnings };
}

type Add = (key: string, value: string, variable: string) => void;

function addListener(environment: Environment, add: Add): void {
  const port = environment.RABBITMQ_NODE_PORT;
  const host = environment.RABBITMQ_NODE_IP_ADDRESS;
  if (port === undefined && host === undefined) return;
  const bound =
    host === undefined || host === "" || host === "auto"
      ? ""
      : `${host.includes(":") ? `[${host}]` : host}:`;
  add("listeners.tcp", "none", "NODE_PORT");
  add(
    "listeners.tcp.1",
    `${bound}${port ?? 5672}`,
    port === undefined ? "NODE_IP_ADDRESS" : "NODE_PORT",
  );
}

/** RABBITMQ_LOGS is `-` for standard output or a file; RABBITMQ_LOG is levels, by category, such as `debug,connection=info`. */
function addLogs(environment: Environment, add: Add): void {
  const logs = environment.RABBITMQ_LOGS;
  if (logs === "-") add("log.console", "true", "LOGS");
  else if (logs !== undefined && logs !== "" && logs !== "-stderr") {
    const slash = logs.lastIndexOf("/");
    if (slash >= 0) add("log.dir", logs.slice(0, slash), "LOGS");
    add("log.file", logs.slice(slash + 1), "LOGS");
  }
  for (const item of (environment.RABBITMQ_LOG ?? "").split(",").filter((part) => part !== "")) {
    const [category, level] = item.split("=");
    if (level !== undefined) add(`log.${category}.level`, level, "LOG");
    else if (!item.startsWith("+") && !item.startsWith("-")) add("log.default.level", item, "LOG");
  }
}

/** `-rabbit name value name value …` of Erlang's command line; people have copied it from each other for years. */
function addApplicationKeys(environment: Environment, add: Add, warnings: string[]): void {
  for (const variable of ["SERVER_ADDITIONAL_ERL_ARGS", "SERVER_ERL_ARGS"]) {
    let application = "";
    const words = erlangWords(environment[`RABBITMQ_${variable}`] ?? "");
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      if (/^[-+]\D/.test(word)) application = word;
      else if (application === "-rabbit") {
        const value = words[++at] ?? "";
        const key = APPLICATION_KEYS[word];
        if (key !== undefined) add(key, value, variable);
        else if (word === "log_levels") addLevels(value, add, variable);
        else warnings.push(`-rabbit ${word} in RABBITMQ_${variable} means nothing here`);
      }
    }
  }
}

/** Words between blanks; what stands in quotes or brackets is one. */
function erlangWords(text: string): readonly string[] {
  const words = text.match(/\[[^\]]*\]|"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
}

/** `[{connection,error},{default,info}]`. */
function addLevels(levels: string, add: Add, variable: string): void {
  for (const [, category, level] of levels.matchAll(/\{\s*(\w+)\s*,\s*(\w+)\s*\}/g)) {
    if (category === "default") add("log.default.level", level!, variable);
    else if ((LOG_CATEGORIES as readonly string[]).includes(category!))
      add(`log.${category}.level`, level!, variable);
  }
}

function warnUnknown(environment: Environment, warnings: string[]): void {
  const known = new Set([...VARIABLES, ...FILE_VARIABLES].map(({ variable }) => variable));
  for (const name of Object.keys(environment)) {
    const variable = name.startsWith("RABBITMQ_") ? name.slice("RABBITMQ_".length) : undefined;
    if (variable !== undefined && !known.has(variable) && !SILENT.has(variable)) {
      warnings.push(`the environment variable ${name} means nothing here`);
    }
  }
}
