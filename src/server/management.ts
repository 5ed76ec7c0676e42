// Starts the management as the configuration says. Loaded only when it is wanted: an embedded broker never pays for it.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Broker } from "../broker/broker.ts";
import type { Config } from "../config/table.ts";
import { DiskStatistics } from "../env/disk-statistics.ts";
import type { TlsOptions } from "../env/env.ts";
import type { HttpTls } from "../env/http.ts";
import { openHttpSocket } from "../env/node-http.ts";
import { serverOptions } from "../env/node-tls.ts";
import { NodeTraceFiles } from "../env/node-trace-files.ts";
import { type ProcessFacts, protectFile, removeFile } from "../env/process-facts.ts";
import type { Log } from "../logging/log.ts";
import type { Logger } from "../logging/logger.ts";
import { badRequest } from "../management/answers.ts";
import type { ManagementOptions } from "../management/management.ts";
import type { ListenerFacts, NodeFacts } from "../management/node-facts.ts";
import { type HttpAddress, type RunningManagement, startManagement } from "../management/start.ts";
import { Messages } from "../protocols/amqp091/messages.ts";
import { LEVERET_VERSION } from "../version.ts";
import { serverControl } from "./control.ts";
import { ListenError, type OpenListener } from "./listeners.ts";
import type { ResourceMonitor } from "./resource-monitor.ts";
import { tlsOptions } from "./tls-files.ts";

export interface ServerParts {
  readonly config: Config;
  readonly broker: Broker;
  readonly log: Log;
  readonly logger: Logger;
  readonly monitor: ResourceMonitor;
  readonly requestStop: () => void;
  readonly setAccepting: (accepting: boolean) => void;
  readonly facts: ProcessFacts;
  /** Absent: nothing is kept on a disk. */
  readonly diskStatistics: DiskStatistics | undefined;
  /** Throws when it cannot. */
  readonly readFile: (path: string) => string;
  /** Every setting as it is now. */
  readonly applied: () => Config;
  /** Sockets of the message protocols. */
  readonly listeners: () => readonly OpenListener[];
  readonly onBug: (error: unknown) => void;
}

/** Descriptions of SASL mechanisms, by name. */
const MECHANISMS: Readonly<Record<string, string>> = {
  PLAIN: "User name and password",
  AMQPLAIN: "User name and password as a field table",
  EXTERNAL: "The client's TLS certificate",
  ANONYMOUS: "Nobody in particular",
  "RABBIT-CR-DEMO": "Challenge and response, for tests of clients",
};

/** What RabbitMQ has as plugins and this broker has built in. */
const BUILT_IN_PLUGINS = [
  "rabbitmq_management",
  "rabbitmq_management_agent",
  "rabbitmq_prometheus",
  "rabbitmq_web_dispatch",
];

export async function startServerManagement(parts: ServerParts): Promise<RunningManagement> {
  const { config, broker, log } = parts;
  const { management, prometheus, node } = config;
  const tls = httpTls(config, parts.readFile);
  const running: { listeners: readonly ListenerFacts[] } = { listeners: [] };
  try {
    const started = await startManagement({
      broker,
      messages: new Messages(broker),
      node: nodeFacts(parts, () => running.listeners),
      options: optionsOf(config),
      control: serverControl(parts),
      traceFiles: node.inMemory
        ? undefined
        : new NodeTraceFiles(management.tracesDirectory ?? join(node.dataDirectory, "traces")),
      sampleIntervalMs: node.statisticsIntervalMs,
      api: addresses(config, management, tls.api, "management"),
      metrics: prometheus.enabled ? addresses(config, prometheus, tls.metrics, "prometheus") : [],
      metricsPath: prometheus.path,
      metricsPerObject: prometheus.perObject,
      metricsAuthenticated: prometheus.authentication,
      openHttpSocket,
      socketPath: socketPathOf(config),
      protectFile,
      removeFile,
      mechanisms: () => config.access.mechanisms.map((name) => [name, MECHANISMS[name] ?? name]),
      plugins: () => [...BUILT_IN_PLUGINS, ...node.plugins],
      apiDescription: builtApiDescription,
      checkPassword: (user, password) => checkPassword(config, user, password),
      warn: (text) => log.write("warning", "management", text),
      onBug: parts.onBug,
    });
    running.listeners = started.listeners;
    return started;
  } catch (error) {
    const { code, port } = error as { code?: string; port?: number };
    if (code !== "EADDRINUSE" && code !== "EACCES" && code !== "EADDRNOTAVAIL") throw error;
    const why = code === "EADDRINUSE" ? "is already in use" : "may not be used";
    throw new ListenError(`cannot listen for http: port ${port} ${why}`);
  }
}

/** The local socket lies with the data; without a data directory there is none. */
export function socketPathOf(config: Config): string | undefined {
  const { unixSocket } = config.management;
  if (unixSocket === "none" || config.node.inMemory) return undefined;
  return join(config.node.dataDirectory, unixSocket);
}

interface PortSettings {
  readonly port: number;
  readonly host: string | undefined;
  readonly tlsPort: number | undefined;
  readonly tlsHost: string | undefined;
}

/** A port that was asked for must be free; one that is only the default is left out when it is busy. */
function addresses(
  config: Config,
  { port, host, tlsPort, tlsHost }: PortSettings,
  tls: HttpTls | undefined,
  prefix: string,
): readonly HttpAddress[] {
  const isRequired = config.origins.has(`${prefix}.tcp.port`);
  const plain: HttpAddress = { host, port, tls: undefined, isRequired };
  if (tlsPort === undefined || tls === undefined) return [plain];
  const secure = { host: tlsHost, port: tlsPort, tls, isRequired: true };
  return isRequired ? [plain, secure] : [secure];
}

function httpOptions(tls: TlsOptions): HttpTls {
  return { ...serverOptions(tls), key: tls.key, cert: tls.cert };
}

/** Certificates of the web pages and of the metrics as they are now. Throws CertificateError. */
function httpTls(
  { management, managementTls, prometheus, prometheusTls }: Config,
  readFile: (path: string) => string,
): { readonly api: HttpTls | undefined; readonly metrics: HttpTls | undefined } {
  const read = (tlsPort: number | undefined, tls: Config["tls"], prefix: string) =>
    tlsPort === undefined || tls.certificateFile === undefined
      ? undefined
      : httpOptions(tlsOptions(tls, prefix, readFile));
  return {
    api: read(management.tlsPort, managementTls, "management.ssl"),
    metrics: read(prometheus.tlsPort, prometheusTls, "prometheus.ssl"),
  };
}

/** Certificates are read again; open connections keep theirs. Throws CertificateError and changes nothing. */
export function reloadHttpTls(
  running: RunningManagement,
  config: Config,
  readFile: (path: string) => string,
): void {
  const { api, metrics } = httpTls(config, readFile);
  if (api !== undefined) running.setTls("api", api);
  if (metrics !== undefined) running.setTls("metrics", metrics);
}

function optionsOf({ management, node }: Config): ManagementOptions {
  return {
    withStatistics: !management.disableStatistics,
    withQueueTotals: management.enableQueueTotals,
    bodyMaxBytes: management.bodyMaxBytes,
    ratesMode: management.ratesMode,
    pathPrefix: management.pathPrefix.replace(/\/$/, ""),
    corsOrigins: management.corsOrigins,
    loginFailuresPerMinute: management.loginFailuresPerMinute,
    contentSecurityPolicy: management.contentSecurityPolicy,
    strictTransportSecurity: management.strictTransportSecurity,
    frameOptions: management.frameOptions,
    uiDirectory: built("ui"),
    downloadsDirectory: built("downloads"),
    operatorPolicyReadOnly: management.operatorPolicyReadOnly,
    corsMaxAgeSeconds: management.corsMaxAgeSeconds,
    disableBasicAuth: management.disableBasicAuth,
    sessionTimeoutMinutes: management.sessionTimeoutMinutes,
    nodeTags: Object.fromEntries(node.tags),
    clusterTags: Object.fromEntries(node.clusterTags),
  };
}

/** A directory of pages lies beside the bundled program, or where a checkout builds it. */
function built(name: string): string | undefined {
  const places = [`./${name}/`, `../${name}/`, `../../dist/${name}/`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(join(place, "index.html")));
}

/** Lies beside the bundled program, or where a checkout builds it. */
async function builtApiDescription(): Promise<string | undefined> {
  for (const place of ["./openapi.json", "../openapi.json", "../../dist/openapi.json"]) {
    const text = await readFile(new URL(place, import.meta.url), "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

function nodeFacts(parts: ServerParts, httpListeners: () => readonly ListenerFacts[]): NodeFacts {
  const { config, broker, facts } = parts;
  const { node } = config;
  const disk = parts.diskStatistics ?? new DiskStatistics();
  const dataDirectory = node.inMemory ? undefined : node.dataDirectory;
  return {
    startedAtMs: broker.clock.nowMs(),
    processId: facts.processId,
    processorCount: facts.processorCount,
    platform: facts.platform,
    leveretVersion: LEVERET_VERSION,
    rabbitmqVersion: node.productVersion,
    dataDirectory,
    configFiles: config.files,
    logFiles: logFilesOf(config),
    listeners: () => [
      ...parts.listeners().map(({ protocol, local, isTls, certificate }) => ({
        protocol,
        certificate,
        address: local.address,
        port: local.port,
        tls: isTls,
      })),
      ...httpListeners(),
    ],
    sample: () => {
      const { churn, count, channelCount } = broker.connections;
      return {
        memoryBytes: facts.residentBytes(),
        fileCount: facts.openFileCount(),
        socketCount: count,
        processCount: 1 + count + channelCount + broker.queueCount,
        diskFreeBytes: facts.diskFreeBytes(dataDirectory ?? "."),
        ...churn,
        ...broker.counters,
        contextSwitches: facts.contextSwitchCount(),
        disk,
      };
    },
    memoryLimitBytes: () => parts.monitor.memoryLimitBytes,
    totalMemoryBytes: () => parts.monitor.totalMemoryBytes,
    diskFreeLimitBytes: () => parts.monitor.diskLimitBytes,
    fileCountMax: facts.fileCountMax,
    memoryBreakdown: () => facts.memoryParts(broker.memory.arena.u8.length),
    loopDelayMs: facts.loopDelayMs,
  };
}

/** The configuration's credential validator. */
function checkPassword({ access }: Config, user: string, password: string): void {
  const { validatorBackend, validatorMinimumLength, validatorPattern } = access;
  if (
    validatorBackend.includes("min_password_length") &&
    [...password].length < validatorMinimumLength
  ) {
    throw badRequest(`minimum required password length: ${validatorMinimumLength}`);
  }
  if (
    validatorBackend.includes("password_regexp") &&
    !new RegExp(validatorPattern, "u").test(password)
  ) {
    throw badRequest(`the password of user '${user}' does not match the required pattern`);
  }
}

/** Where the log goes, as RabbitMQ lists it. */
function logFilesOf({ logging, node }: Config): readonly string[] {
  const { file } = logging;
  const directory = logging.directory ?? join(node.dataDirectory, "logs");
  return [
    ...(file === undefined ? [] : [join(directory, file)]),
    ...(logging.console ? ["<stdout>"] : []),
  ];
}
