// Puts the configuration together: defaults, then files, then the environment, then the command line; later wins.

import { Secret } from "../lib/secret.ts";
import { parseConfFile, splitKey } from "./conf-file.ts";
import { ConfigError } from "./config-error.ts";
import { environmentEntries, parseEnvironmentFile } from "./environment.ts";
import { findRow, isIgnored, nearestKey } from "./key-index.ts";
import { enabledPluginsPlaces, parseEnabledPlugins, pluginKind } from "./plugins.ts";
import { type ConfEntry, EntryError, type EntryOrigin, type MatchedEntry } from "./row.ts";
import { type Config, configValue, type PlacedRow, placedRows, sections } from "./table.ts";

/** What the command line says about the configuration. */
export interface ConfigFlags {
  /** `--config FILE`; "none" = read no file. */
  readonly configFile?: string | undefined;
  readonly dataDirectory?: string | undefined;
  /** `--port N`: one AMQP listener there. */
  readonly port?: string | undefined;
  /** `--set key=value`, in order. */
  readonly settings?: readonly string[] | undefined;
}

export interface ConfigSources {
  readonly flags: ConfigFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined when there is no such file; throws when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /** Names in a directory; empty when there is none. */
  readonly listFiles: (directory: string) => readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
}

const DEFAULT_FILES = ["/etc/leveret/leveret.conf", "/etc/rabbitmq/rabbitmq.conf"];
const DEFAULT_ENVIRONMENT_FILE = "/etc/rabbitmq/rabbitmq-env.conf";

/** Reads everything there is. Throws ConfigError: one sentence that says what is wrong, where, and what to do. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const environment = fullEnvironment(sources);
  const warnings: string[] = [];
  const files: string[] = [];
  const entries: ConfEntry[] = [];
  for (const file of findFiles(sources, environment)) {
    const text = sources.readFile(file);
    if (text === undefined) throw new ConfigError(`the configuration file ${file} does not exist`);
    const parsed = parseConfFile(text, file, environment);
    entries.push(...parsed.entries);
    warnings.push(...parsed.warnings);
    files.push(file);
  }
  const fromEnvironment = environmentEntries(environment, sources.readFile);
  warnings.push(...fromEnvironment.warnings);
  entries.push(...fromEnvironment.entries, ...flagEntries(sources.flags, environment));
  const config = buildConfig(entries, files, warnings);
  return { config: withPlugins(config, environment, sources, warnings), warnings };
}

/** Plugins that are switched on by name, from the list or the file of enabled plugins. */
function withPlugins(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  { readFile, flags }: ConfigSources,
  warnings: string[],
): Config {
  const named = environment.RABBITMQ_ENABLED_PLUGINS;
  const places = enabledPluginsPlaces(environment, config.node.dataDirectory);
  const isAlone =
    flags.configFile === "none" && environment.RABBITMQ_ENABLED_PLUGINS_FILE === undefined;
  const texts = (isAlone ? places.slice(0, 1) : places).map((place) => readFile(place));
  const names =
    named === undefined
      ? parseEnabledPlugins(texts.find((text) => text !== undefined) ?? "")
      : named.split(/[\s,]+/).filter((name) => name !== "");
  const missing = names.filter(
    (name) => !["built-in", "on request"].includes(pluginKind(name) ?? ""),
  );
  if (missing.length > 0) warnings.push(`these plugins are not here: ${missing.join(", ")}`);
  const wanted = names.filter((name) => pluginKind(name) === "on request");
  const plugins = [...new Set([...config.node.plugins, ...wanted])];
  return { ...config, node: { ...config.node, plugins } };
}

/** The process's variables win over rabbitmq-env.conf. */
function fullEnvironment({
  env,
  flags,
  readFile,
}: ConfigSources): Readonly<Record<string, string | undefined>> {
  if (flags.configFile === "none") return env;
  const named = env.RABBITMQ_CONF_ENV_FILE ?? env.CONF_ENV_FILE;
  const text = readFile(named ?? DEFAULT_ENVIRONMENT_FILE);
  if (text === undefined) {
    if (named !== undefined) throw new ConfigError(`the environment file ${named} does not exist`);
    return env;
  }
  return { ...parseEnvironmentFile(text, named ?? DEFAULT_ENVIRONMENT_FILE), ...env };
}

function findFiles(
  { flags, readFile, listFiles }: ConfigSources,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const named =
    flags.configFile ?? environment.LEVERET_CONFIG_FILE ?? environment.RABBITMQ_CONFIG_FILE;
  if (named === "none") return [];
  const main =
    named === undefined
      ? DEFAULT_FILES.find((file) => readFile(file) !== undefined)
      : withExtension(named, readFile);
  if (main === undefined && environment.RABBITMQ_CONFIG_FILES === undefined) return [];
  return [...(main === undefined ? [] : [main]), ...additionalFiles(main, environment, listFiles)];
}

/** RABBITMQ_CONFIG_FILE may leave `.conf` out. */
function withExtension(name: string, readFile: (path: string) => string | undefined): string {
  if (name.endsWith(".conf")) return name;
  return readFile(`${name}.conf`) === undefined ? name : `${name}.conf`;
}

/** conf.d beside the main file, or what RABBITMQ_CONFIG_FILES names, in the order of names. */
function additionalFiles(
  main: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  listFiles: (directory: string) => readonly string[],
): readonly string[] {
  const beside =
    main === undefined ? undefined : `${main.slice(0, main.lastIndexOf("/") + 1)}conf.d/*.conf`;
  const glob = environment.RABBITMQ_CONFIG_FILES ?? beside;
  if (glob === undefined) return [];
  const slash = glob.lastIndexOf("/");
  const wanted = glob.slice(slash + 1);
  const directory = wanted.includes("*") ? glob.slice(0, slash) || "." : glob;
  const suffix = wanted.includes("*") ? wanted.slice(wanted.indexOf("*") + 1) : ".conf";
  const prefix = wanted.includes("*") ? wanted.slice(0, wanted.indexOf("*")) : "";
  const names = listFiles(directory).filter(
    (name) => name.startsWith(prefix) && name.endsWith(suffix),
  );
  return [...names].sort().map((name) => `${directory}/${name}`);
}

function flagEntries(
  flags: ConfigFlags,
  environment: Readonly<Record<string, string | undefined>>,
): readonly ConfEntry[] {
  const entries: ConfEntry[] = [];
  const add = (key: string, value: string, source: string) => {
    entries.push({ segments: splitKey(key, source), value, origin: { source, line: undefined } });
  };
  if (environment.LEVERET_DATA_DIR) {
    add(
      "leveret.data_dir",
      environment.LEVERET_DATA_DIR,
      "the environment variable LEVERET_DATA_DIR",
    );
  }
  if (flags.dataDirectory !== undefined) add("leveret.data_dir", flags.dataDirectory, "--data-dir");
  if (flags.port !== undefined) {
    add("listeners.tcp", "none", "--amqp-port");
    add("listeners.tcp.1", flags.port, "--amqp-port");
  }
  for (const setting of flags.settings ?? []) {
    const equals = setting.indexOf("=");
    if (equals <= 0) throw new ConfigError(`--set ${setting}: write --set key=value`);
    add(
      setting.slice(0, equals).trim(),
      setting.slice(equals + 1).trim(),
      `--set ${setting.slice(0, equals)}`,
    );
  }
  return entries;
}

/** Groups entries by row and reads each row. */
function buildConfig(
  entries: readonly ConfEntry[],
  files: readonly string[],
  warnings: string[],
): Config {
  const matches = new Map<PlacedRow, MatchedEntry[]>();
  const ignored: string[] = [];
  for (const entry of entries) {
    const key = entry.segments.join(".");
    const found = findRow(entry.segments);
    if (found !== undefined) {
      const of = matches.get(found.placed) ?? [];
      of.push({ entry, wildcards: found.wildcards, pattern: found.pattern });
      matches.set(found.placed, of);
    } else if (isIgnored(entry.segments)) ignored.push(key);
    else throw new ConfigError(unknownKey(key, entry.origin));
  }
  if (ignored.length > 0) {
    warnings.push(
      `these RabbitMQ settings mean nothing here and are left alone: ${[...new Set(ignored)].join(", ")}`,
    );
  }
  const config: Record<string, Record<string, unknown>> = {};
  const origins = new Map<string, EntryOrigin>();
  for (const section of Object.keys(sections)) config[section] = {};
  for (const placed of placedRows) {
    const found = matches.get(placed);
    config[placed.section]![placed.property] =
      found === undefined ? placed.row.defaultValue : readRow(placed, found);
    if (found !== undefined) origins.set(placed.row.patterns[0]!, found.at(-1)!.entry.origin);
  }
  const built = { ...config, origins, files } as unknown as Config;
  checkTogether(built);
  return built;
}

function readRow(placed: PlacedRow, entries: readonly MatchedEntry[]): unknown {
  try {
    return placed.row.read(entries);
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    const { segments, origin } = error.entry;
    throw new ConfigError(`${where(origin)}: ${segments.join(".")} ${error.message}`);
  }
}

function checkHttpTls(prefix: string, port: number | undefined, tls: Config["tls"]): void {
  if (port === undefined || (tls.certificateFile !== undefined && tls.keyFile !== undefined))
    return;
  throw new ConfigError(
    `${prefix}.ssl.port needs ${prefix}.ssl.certfile and ${prefix}.ssl.keyfile`,
  );
}

/** Rules that need more than one key. */
function checkTogether(config: Config): void {
  const { network, tls } = config;
  if (network.frameMaxBytes !== 0 && network.frameMaxBytes < 4_096) {
    throw new ConfigError("frame_max must be 4096 or more (or 0 for no limit)");
  }
  if (network.maxMessageSizeBytes > 536_870_912) {
    throw new ConfigError("max_message_size must not be more than 512 MiB (536870912)");
  }
  if (
    network.tlsListeners.length > 0 &&
    (tls.certificateFile === undefined || tls.keyFile === undefined)
  ) {
    throw new ConfigError("listeners.ssl needs ssl_options.certfile and ssl_options.keyfile");
  }
  checkHttpTls("management", config.management.tlsPort, config.managementTls);
  checkHttpTls("prometheus", config.prometheus.tlsPort, config.prometheusTls);
}

function unknownKey(key: string, origin: EntryOrigin): string {
  const nearest = nearestKey(key);
  const help = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${where(origin)}: there is no setting ${key}${help}`;
}

function where({ source, line }: EntryOrigin): string {
  return line === undefined ? source : `line ${line} of ${source}`;
}

/** Keys whose values differ between two configurations, by whether a running broker takes them over. */
export function compareConfigs(
  running: Config,
  next: Config,
): { readonly live: readonly string[]; readonly restart: readonly string[] } {
  const live: string[] = [];
  const restart: string[] = [];
  for (const placed of placedRows) {
    const { row } = placed;
    if (fingerprint(configValue(running, placed)) === fingerprint(configValue(next, placed)))
      continue;
    (row.live ? live : restart).push(row.patterns[0]!);
  }
  return { live, restart };
}

/** Text that differs when values differ, secrets included; never shown to anyone. */
function fingerprint(value: unknown): string {
  if (value instanceof Secret) return `secret:${value.reveal()}`;
  if (value instanceof Map || value instanceof Set) return fingerprint([...value]);
  if (Array.isArray(value)) return `[${value.map(fingerprint).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "unset";
  return `{${Object.entries(value).map(([name, item]) => `${name}:${fingerprint(item)}`)}}`;
}
