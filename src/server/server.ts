// The composition root: puts core, engine, protocols and listeners together as the configuration says.

import type { Broker } from "../broker/broker.ts";
import { importDefinitions } from "../broker/definitions/import.ts";
import { NO_METADATA } from "../broker/vhost.ts";
import { compareConfigs } from "../config/load.ts";
import type { Config } from "../config/table.ts";
import type { Disk, Endpoint, Env, TimerHandle, TlsFacts } from "../env/env.ts";
import type { ProcessFacts } from "../env/process-facts.ts";
import type { Memory } from "../lib/memory.ts";
import type { Log, LogCategory, LogLevel } from "../logging/log.ts";
import { Logger } from "../logging/logger.ts";
import { applyLogLevels } from "../logging/set-up.ts";
import type { ListenerFacts } from "../management/node-facts.ts";
import type { RunningManagement } from "../management/start.ts";
import { Amqp091Acceptor } from "../protocols/amqp091/acceptor.ts";
import type { Connection } from "../protocols/amqp091/connection.ts";
import type { Claim } from "../protocols/amqp091/sasl.ts";
import type { ConnectionSettings, LoginOutcome } from "../protocols/amqp091/settings.ts";
import { LEVERET_VERSION } from "../version.ts";
import { applyLiveAccess, renewLogin, setUpAccess } from "./access-setup.ts";
import { amqpTls, type ListenerSources, wantedAmqpListeners } from "./amqp-listeners.ts";
import { type DefinitionsWorld, definitionsPlace, loadDefinitions } from "./boot-definitions.ts";
import { rulesOf } from "./broker-rules.ts";
import { createCore } from "./core.ts";
import { type Durability, inMemory, onDisk } from "./durability.ts";
import { EventLines } from "./event-lines.ts";
import { limitsOf } from "./limits.ts";
import { closeListeners, type OpenListener, openListeners } from "./listeners.ts";
import { applyLimits, isLimitKey, newMonitor, type ResourceMonitor } from "./resource-monitor.ts";
import { withoutSecrets } from "./shown-url.ts";
import { EventExchange, LogExchange, logLevels } from "./told-exchanges.ts";

/** The outside world of a server. */
export interface ServerWorld extends Pick<Env, "clock" | "random" | "net">, DefinitionsWorld {
  readonly memory: Memory;
  /** Where the data directory lies; without one everything stays in memory. */
  readonly disk?: Disk;
  readonly hostName: string;
  /** The process around the server; without it there is no management. */
  readonly facts?: ProcessFacts;
  /** Time may pass at once: clients that want heartbeats cannot keep up, and are not given up. */
  readonly timeJumps?: boolean;
}

export interface ServerOptions {
  readonly config: Config;
  readonly world: ServerWorld;
  readonly log: Log;
  /** Something was thrown that nobody expected. */
  readonly onBug: (error: unknown) => void;
  /** Somebody who may has asked for the end: whoever started the server stops it. */
  readonly onStopRequested?: () => void;
  /** The disk failed: nothing can be promised any more, and the process must end. Default: onBug. */
  readonly onStorageFailed?: (reason: string) => void;
}

function exchangeLevel({ logging }: Config): LogLevel {
  return logLevels.find((known) => known === logging.exchangeLevel) ?? "info";
}

const EVENT_EXCHANGE_PLUGIN = "rabbitmq_event_exchange";
/** Long enough for whoever polls the port to be let in. */
const CLIENTS_FIRST_MS = 20;
/** How long clients get to close in order when the server stops. */
const CLOSE_CLIENTS_MS = 3_000;

export class Server {
  readonly broker: Broker;
  readonly config: Config;
  readonly log: Log;
  readonly #world: ServerWorld;
  readonly #amqp: Amqp091Acceptor;
  readonly #durability: Durability;
  #listeners: readonly OpenListener[] = [];
  #management: RunningManagement | undefined = undefined;
  #monitor: ResourceMonitor | undefined = undefined;
  #logger: Logger | undefined = undefined;
  #isAccepting = true;
  /** The configuration with what was taken over since the start. */
  #applied: Config;
  #stopped: Promise<void> | undefined = undefined;

  private constructor(options: ServerOptions, durability: Durability) {
    this.#durability = durability;
    this.config = options.config;
    this.#applied = options.config;
    if (options.log instanceof Logger) this.#logger = options.log;
    this.#world = options.world;
    const { clock, random, memory, hostName } = options.world;
    const { node, resources } = options.config;
    const nodeName = node.name ?? `rabbit@${hostName}`;
    this.broker = createCore({
      clock,
      random,
      memory,
      engine: durability.engine,
      nodeName,
      clusterName: node.clusterName ?? nodeName,
      defaultQueueType: resources.defaultQueueType,
      limits: limitsOf(options.config),
    });
    this.broker.rules = rulesOf(options.config, this.broker);
    this.log = this.#logWithExchange(options.log);
    this.#amqp = new Amqp091Acceptor(this.broker, this.#connectionSettings(options.onBug));
  }

  /** Starts everything; rejects with one clear sentence (ListenError, …) when something asked for can't be had. */
  static async start(options: ServerOptions): Promise<Server> {
    const durability = await openDurability(options);
    const server = new Server(options, durability);
    server.broker.onLogFailed = (reason) => {
      if (options.onStorageFailed === undefined) options.onBug(new Error(reason));
      else options.onStorageFailed(reason);
    };
    try {
      await durability.recover(server.broker);
      await server.#open(options);
    } catch (error) {
      // What had come up would keep the process, or an embedder's, alive.
      await server.stop();
      throw error;
    }
    return server;
  }

  async #open(options: ServerOptions): Promise<void> {
    await this.#createDefaults();
    if (this.log instanceof LogExchange) this.log.start();
    this.#tellEventsToLog();
    if (this.config.node.plugins.includes(EVENT_EXCHANGE_PLUGIN)) {
      new EventExchange(this.broker, this.config.access.defaultVhost).start();
    }
    this.#listeners = await openListeners(
      options.world.net,
      wantedAmqpListeners(this.#sources, (socket) => this.#amqp.accept(socket)),
      options.log,
    );
    this.#startMonitor(options.world.facts);
    await this.#startManagement(options);
  }

  /** What clients do, for those who ask for debug lines. */
  #tellEventsToLog(): void {
    const logger = this.#logger;
    if (logger === undefined) return;
    const isWanted = (category: LogCategory) =>
      logger.takes("debug", category) ||
      (this.log instanceof LogExchange && this.log.level === "debug");
    this.broker.events.listen(new EventLines(this.log, isWanted));
  }

  /** Limits hold whether or not there is management. */
  #startMonitor(facts: ProcessFacts | undefined): void {
    if (facts === undefined) return;
    this.#monitor = newMonitor(this.config, this.broker, facts);
    this.#monitor.start();
  }

  #logWithExchange(log: Log): Log {
    const { logging, access } = this.config;
    if (!logging.exchange) return log;
    return new LogExchange(log, this.broker, access.defaultVhost, exchangeLevel(this.config));
  }

  async #startManagement(options: ServerOptions): Promise<void> {
    const { world, onBug } = options;
    const { config, broker, log } = this;
    if (!config.management.enabled || world.facts === undefined) return;
    // Loading it takes the processor for a while: clients that waited for the port are answered first.
    await new Promise<void>((resolve) => world.clock.setTimer(CLIENTS_FIRST_MS, resolve));
    const { startServerManagement } = await import("./management.ts");
    const monitor = this.#monitor as ResourceMonitor;
    this.#management = await startServerManagement({
      ...{ config, broker, log, onBug, monitor },
      readFile: world.readFile,
      applied: () => this.#applied,
      logger: this.#logger ?? new Logger(broker.clock),
      facts: world.facts,
      diskStatistics: world.disk?.statistics,
      listeners: () => this.#listeners,
      requestStop: options.onStopRequested ?? (() => void this.stop()),
      setAccepting: (accepting) => void this.#setAccepting(accepting),
    });
  }

  /** Keeps new clients out, or lets them in again at the same places. */
  async #setAccepting(accepting: boolean): Promise<void> {
    if (accepting === this.#isAccepting) return;
    this.#isAccepting = accepting;
    if (!accepting) {
      // Ends when the last connection has ended; new ones are refused at once.
      void closeListeners(this.#listeners);
      return;
    }
    const wanted = wantedAmqpListeners(this.#sources, (socket) => this.#amqp.accept(socket));
    this.#listeners = await openListeners(this.#world.net, wanted, this.log);
  }

  /** Takes over what may change while clients are connected; answers the settings that need a restart. */
  reload(next: Config): readonly string[] {
    const { live, restart } = compareConfigs(this.#applied, next);
    this.#applied = next;
    // What was changed by commands meanwhile stays, unless the configuration has changed there.
    if (live.some((key) => key.startsWith("log."))) {
      if (this.#logger !== undefined) applyLogLevels(this.#logger, next);
      if (this.log instanceof LogExchange) this.log.level = exchangeLevel(next);
    }
    if (this.#monitor !== undefined && live.some(isLimitKey)) applyLimits(this.#monitor, next);
    applyLiveAccess(this.broker, next.access);
    this.broker.rules = rulesOf(next, this.broker);
    void this.#reloadDefinitions(next);
    if (live.length > 0) this.log.write("info", "node", `changed: ${live.join(", ")}`);
    return restart;
  }

  /** Users and policies of the file are taken over; queues and exchanges that exist stay as they are. */
  async #reloadDefinitions({ node }: Config): Promise<void> {
    try {
      const place = definitionsPlace(node, this.#world.readFile);
      if (place === undefined) return;
      const isImported = await loadDefinitions(this.broker, place, this.#world, importDefinitions);
      if (!isImported) return;
      this.log.write("info", "node", `definitions imported from ${withoutSecrets(place.path)}`);
    } catch (error) {
      this.log.write("error", "node", `${(error as Error).message}; nothing of it was taken over`);
    }
  }

  /** The HTTP servers that run. */
  get httpListeners(): readonly ListenerFacts[] {
    return this.#management?.listeners ?? [];
  }

  get #sources(): ListenerSources {
    return { config: this.#applied, readFile: this.#world.readFile };
  }

  /** Certificates are read again; open connections keep theirs. Rejects with CertificateError. */
  async reloadCertificates(): Promise<void> {
    if (this.#listeners.some(({ isTls }) => isTls)) {
      const tls = amqpTls(this.#sources);
      this.#listeners = this.#listeners.map((open) => {
        if (!open.isTls) return open;
        open.listener.setTls(tls);
        return { ...open, certificate: tls.cert };
      });
    }
    if (this.#management === undefined) return;
    const { reloadHttpTls } = await import("./management.ts");
    reloadHttpTls(this.#management, this.#applied, this.#world.readFile);
  }

  get listeners(): readonly OpenListener[] {
    return this.#listeners;
  }

  /** Where the first AMQP listener really is. */
  get amqpEndpoint(): Endpoint | undefined {
    return this.#listeners.find(({ protocol }) => protocol === "amqp")?.local;
  }

  /** Tells all clients, lets them go, and stops. Asked again, it answers when that is done. */
  stop(reason = "shutdown"): Promise<void> {
    this.#stopped ??= this.#stop(reason);
    return this.#stopped;
  }

  async #stop(reason: string): Promise<void> {
    this.#monitor?.stop();
    await this.#management?.close();
    await closeListeners(this.#listeners);
    await this.#closeClients(reason);
    await this.#durability.close();
    this.broker.timers.stop();
    this.broker.turn.stop();
  }

  async #closeClients(reason: string): Promise<void> {
    const { clock } = this.#world;
    let timer: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimer(CLOSE_CLIENTS_MS, resolve);
    });
    await Promise.race([this.#amqp.closeAll(reason), late]);
    if (timer !== undefined) clock.clearTimer(timer);
  }

  // ---- users --------------------------------------------------------------------------------------------------

  /** The default vhost and user of a first start. */
  async #createDefaults(): Promise<void> {
    const { access, node } = this.config;
    const { broker } = this;
    const { readFile } = this.#world;
    await setUpAccess({ broker, access, readFile, log: this.log });
    // A file of definitions stands in for the default vhost and user, as in RabbitMQ.
    const place = definitionsPlace(node, readFile);
    if (place !== undefined) {
      await loadDefinitions(broker, place, this.#world);
      return;
    }
    if (broker.vhosts.size > 0) return;
    broker.addVhost(access.defaultVhost, { ...NO_METADATA, description: "Default virtual host" });
    const tags = [...access.defaultUserTags].flatMap(([tag, isSet]) => (isSet ? [tag] : []));
    const { defaultUser, defaultPassword, defaultVhost } = access;
    await new Promise<void>((resolve) => {
      broker.access.setPassword(
        defaultUser,
        defaultPassword.reveal(),
        tags,
        node.productName,
        resolve,
      );
    });
    broker.access.setPermissions(
      {
        user: defaultUser,
        vhost: defaultVhost,
        configure: access.defaultConfigure,
        write: access.defaultWrite,
        read: access.defaultRead,
      },
      node.productName,
    );
  }

  #authenticate(
    claim: Claim,
    connection: Connection,
    onOutcome: (outcome: LoginOutcome) => void,
  ): void {
    const { access } = this.config;
    const { name, peer, local, tls, protocol, authenticationMechanism } = connection.describe();
    const facts = { name, mechanism: authenticationMechanism, local, isTls: tls !== undefined };
    const login = { peer, protocol, connection: facts };
    if (claim.kind === "anonymous") {
      if (access.anonymousUser === "none")
        return onOutcome({ refused: "ANONYMOUS is not allowed" });
      const password = access.anonymousPassword.reveal();
      this.broker.access.authenticate(
        { user: access.anonymousUser, password, ...login },
        onOutcome,
      );
      return;
    }
    const user = claim.kind === "certificate" ? certificateUser(access, claim.tls) : claim.user;
    if (user === undefined) return onOutcome({ refused: "the certificate names no user" });
    const password = claim.kind === "password" ? claim.password : undefined;
    this.broker.access.authenticate({ user, password, ...login }, onOutcome);
  }

  // ---- AMQP ---------------------------------------------------------------------------------------------------

  #connectionSettings(onBug: (error: unknown) => void): ConnectionSettings {
    const { network, access, node } = this.config;
    const { log } = this;
    return {
      tune: {
        channelMax: network.channelMax,
        frameMaxBytes: network.frameMaxBytes,
        heartbeatSeconds: network.heartbeatSeconds,
      },
      mechanisms: access.mechanisms,
      handshakeTimeoutMs: network.handshakeTimeoutMs ?? Number.POSITIVE_INFINITY,
      closeTimeoutMs: 10_000,
      silentCloseDelayMs: 3_000,
      allowsSilence: this.#world.timeJumps === true,
      server: () => ({
        product: node.productName,
        version: node.productVersion,
        leveretVersion: LEVERET_VERSION,
        clusterName: this.broker.clusterName,
      }),
      authenticate: (claim, connection, onOutcome) =>
        this.#authenticate(claim, connection, onOutcome),
      // Users stored here log in with passwords, which don't expire: any secret will do, as in RabbitMQ.
      updateSecret: (claim, connection, onOutcome) => {
        const secret = claim.kind === "password" ? claim.password : "";
        renewLogin(this.broker, connection, secret, onOutcome);
      },
      onUserOpened: (connection, vhost) =>
        log.write(
          "info",
          "connection",
          `connection ${connection.name}: user '${connection.user}' authenticated and granted access to vhost '${vhost}'`,
        ),
      log: (level, text) => log.write(level, "connection", text),
      onBug,
    };
  }
}

/** Who a verified certificate stands for: its distinguished name, common name or an alternative name. */
function certificateUser(access: Config["access"], tls: TlsFacts): string | undefined {
  if (access.certificateLoginFrom === "distinguished_name") return tls.peerSubject;
  if (access.certificateLoginFrom === "common_name") return tls.peerCommonName;
  const prefix = alternativeNamePrefixes[access.certificateSanType];
  const names = (tls.peerAlternativeNames ?? []).filter((name) => name.startsWith(prefix));
  return names[access.certificateSanIndex]?.slice(prefix.length);
}

/** How OpenSSL introduces each kind of alternative name. */
const alternativeNamePrefixes = {
  dns: "DNS:",
  ip: "IP Address:",
  email: "email:",
  uri: "URI:",
  other_name: "othername:",
} as const;

function openDurability({ config, world, log }: ServerOptions): Promise<Durability> {
  const { clock, random, memory, disk } = world;
  const { inMemory: keepsNothing, dataDirectory } = config.node;
  if (keepsNothing || disk === undefined) return Promise.resolve(inMemory({ memory, clock }));
  return onDisk({
    ...{ clock, random, memory, disk },
    directory: dataDirectory,
    reserveBytes: config.resources.diskReserveBytes,
    onNotice: (text) => log.write("warning", "storage", text),
  });
}
