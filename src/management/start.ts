// Brings the management up: the API with the web pages, the metrics, and the socket for local command lines.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { openAuthorizer, type User } from "../broker/access/user.ts";
import type { Broker } from "../broker/broker.ts";
import { BrokerError } from "../broker/errors.ts";
import type { MessagePort } from "../broker/message/message-port.ts";
import type { HttpSocket, HttpTls, OpenHttpSocket } from "../env/http.ts";
import { createApp, createMetricsApp } from "./app.ts";
import type { NodeControl } from "./control.ts";
import type { Authenticate, Management, ManagementOptions } from "./management.ts";
import type { ListenerFacts, NodeFacts } from "./node-facts.ts";
import { RecentEvents } from "./resources/control.ts";
import { routes } from "./routes.ts";
import { Sampler } from "./sampling/sampler.ts";
import { securityHeaders } from "./security.ts";
import type { TraceFiles } from "./tracing/trace-files.ts";
import { Traces } from "./tracing/traces.ts";

/** Where one HTTP server listens; `host` undefined = every address. */
export interface HttpAddress {
  readonly host: string | undefined;
  readonly port: number;
  /** Undefined = without TLS. */
  readonly tls: HttpTls | undefined;
  /** Busy is an error, not a warning. */
  readonly isRequired: boolean;
}

export interface ManagementSetup {
  readonly broker: Broker;
  readonly messages: MessagePort;
  readonly node: NodeFacts;
  readonly options: ManagementOptions;
  readonly control: NodeControl;
  /** Undefined: nothing is kept on disk. */
  readonly traceFiles: TraceFiles | undefined;
  readonly sampleIntervalMs: number;
  readonly api: readonly HttpAddress[];
  readonly metrics: readonly HttpAddress[];
  readonly metricsPath: string;
  readonly metricsPerObject: boolean;
  readonly metricsAuthenticated: boolean;
  readonly openHttpSocket: OpenHttpSocket;
  /** Path of the socket for local command lines; undefined = none. */
  readonly socketPath: string | undefined;
  /** Makes a file readable and writable for its owner alone. */
  readonly protectFile: (path: string) => Promise<void>;
  /** Removes what a crash left behind. */
  readonly removeFile: (path: string) => Promise<void>;
  readonly mechanisms: () => readonly (readonly [string, string])[];
  readonly plugins: () => readonly string[];
  readonly apiDescription: () => Promise<string | undefined>;
  /** Throws badRequest for a password the configuration does not accept. */
  readonly checkPassword: (user: string, password: string) => void;
  readonly warn: (text: string) => void;
  readonly onBug: (error: unknown) => void;
}

export interface RunningManagement {
  readonly management: Management;
  /** Where it really listens. */
  readonly listeners: readonly ListenerFacts[];
  /** New connections to the API, or to the metrics, use these certificates. */
  setTls(of: "api" | "metrics", tls: HttpTls): void;
  close(): Promise<void>;
}

/** Local command lines act as this user. */
export const LOCAL_USER: User = {
  name: "rmq-cli",
  tags: ["administrator"],
  authorizer: openAuthorizer,
};

/** Rejects when an address that was asked for can't be had; the error's `code` is the system's. */
export async function startManagement(setup: ManagementSetup): Promise<RunningManagement> {
  const { broker, node, options } = setup;
  const sampler = new Sampler({
    broker,
    intervalMs: setup.sampleIntervalMs,
    sampleNode: () => node.sample(),
  });
  const { messages, traceFiles } = setup;
  const traces = new Traces({ broker, messages, files: traceFiles, user: LOCAL_USER });
  const recentEvents = new RecentEvents(() => broker.clock.nowMs());
  broker.events.listen(recentEvents);
  const management: Management = {
    broker,
    sampler,
    messages: setup.messages,
    node,
    options,
    control: setup.control,
    recentEvents,
    traces,
    timelines: new WeakMap(),
    authenticate: authenticateBy(broker),
    compilePattern: (source) => {
      broker.matcher.check(source);
      return (text) => broker.matcher.matches(source, text);
    },
    trustedUser: LOCAL_USER,
    checkPassword: setup.checkPassword,
    findUser: (name) => findUser(broker, name),
    renameCluster: (name, by) => {
      broker.clusterName = name;
      broker.parameters.setGlobal("cluster_name", name, by);
    },
    plugins: setup.plugins,
    apiDescription: setup.apiDescription,
    mechanisms: setup.mechanisms,
    defaultQueueType: () => broker.defaultQueueType,
    whenDurable: () => whenDurable(broker),
    onBug: setup.onBug,
  };
  const servers = new Servers(setup);
  try {
    await servers.listenAll(management);
  } catch (error) {
    await servers.close();
    throw error;
  }
  sampler.start();
  const close = async () => {
    traces.close();
    sampler.stop();
    broker.events.forget(recentEvents);
    await servers.close();
  };
  return running(management, servers, close);
}

function running(
  management: Management,
  servers: Servers,
  close: () => Promise<void>,
): RunningManagement {
  return {
    management,
    get listeners() {
      return servers.listeners;
    },
    setTls: (of, tls) => servers.setTls(of, tls),
    close,
  };
}

function authenticateBy(broker: Broker): Authenticate {
  return ({ name, password }, peer) =>
    new Promise((resolve, reject) => {
      const login = { user: name, password, peer, protocol: "HTTP API" };
      broker.access.authenticate(login, (outcome) => {
        if ("refused" in outcome) reject(new BrokerError("access-refused", outcome.refused));
        else resolve(outcome);
      });
    });
}

function findUser(broker: Broker, name: string): User | undefined {
  const stored = broker.access.store.get(name);
  if (stored === undefined) return undefined;
  return { name, tags: stored.tags, authorizer: broker.access.authorizer };
}

function whenDurable({ gates, replyPosition }: Broker): Promise<void> {
  return new Promise((resolve) => gates.whenDurable(replyPosition, resolve));
}

interface SecureSocket {
  readonly protocol: string;
  readonly socket: HttpSocket;
}

/**
 * Opens and closes the HTTP sockets. What answers on them is made before they open, once for all: made with the first
 * request it would keep everybody else waiting.
 */
class Servers {
  readonly #setup: ManagementSetup;
  readonly #apps: FastifyInstance[] = [];
  readonly #sockets: HttpSocket[] = [];
  readonly #secure: SecureSocket[] = [];
  /** Connections to the socket in the data directory. */
  readonly #local = new WeakSet<object>();
  #listeners: ListenerFacts[] = [];

  constructor(setup: ManagementSetup) {
    this.#setup = setup;
  }

  async listenAll(management: Management): Promise<void> {
    const { api, metrics } = this.#setup;
    const isLocal = ({ raw }: FastifyRequest) => this.#local.has(raw.socket);
    const apiApp = await this.#ready(createApp(management, routes, isLocal));
    for (const at of api) await this.#listen(apiApp, at, "http");
    await this.#listenLocally(apiApp);
    if (metrics.length === 0) return;
    const metricsApp = await this.#ready(createMetricsApp(management, this.#metricsOptions));
    for (const at of metrics) await this.#listen(metricsApp, at, "http/prometheus");
  }

  get #metricsOptions() {
    const { metricsPath, metricsPerObject, metricsAuthenticated } = this.#setup;
    return {
      path: metricsPath,
      perObject: metricsPerObject,
      authenticated: metricsAuthenticated,
    };
  }

  async #ready(made: Promise<FastifyInstance>): Promise<FastifyInstance> {
    const app = await made;
    this.#apps.push(app);
    await app.ready();
    return app;
  }

  get listeners(): readonly ListenerFacts[] {
    return this.#listeners;
  }

  setTls(of: "api" | "metrics", tls: HttpTls): void {
    const wanted = of === "api" ? "https" : "https/prometheus";
    for (const { protocol, socket } of this.#secure) if (protocol === wanted) socket.setTls(tls);
    this.#listeners = this.#listeners.map((facts) =>
      facts.protocol === wanted ? { ...facts, certificate: tls.cert } : facts,
    );
  }

  async #listen(app: FastifyInstance, at: HttpAddress, protocol: string): Promise<void> {
    const socket = await this.#open(app, at, protocol);
    if (socket === undefined) return;
    this.#sockets.push(socket);
    const served = at.tls === undefined ? protocol : protocol.replace("http", "https");
    if (at.tls !== undefined) this.#secure.push({ protocol: served, socket });
    this.#listeners.push({
      protocol: served,
      address: socket.address,
      port: socket.port,
      tls: at.tls !== undefined,
      certificate: at.tls?.cert,
    });
  }

  async #open(
    app: FastifyInstance,
    at: HttpAddress,
    protocol: string,
  ): Promise<HttpSocket | undefined> {
    try {
      const { openHttpSocket, options } = this.#setup;
      const onRequest: Parameters<OpenHttpSocket>[2] = (request, response) =>
        app.routing(request, response);
      return await openHttpSocket(at, at.tls, onRequest, securityHeaders(options));
    } catch (error) {
      if (at.isRequired) throw error;
      this.#setup.warn(
        `cannot listen for ${protocol}: port ${at.port}: ${(error as Error).message}; it is left out`,
      );
      return undefined;
    }
  }

  async #listenLocally(app: FastifyInstance): Promise<void> {
    const { socketPath, openHttpSocket, protectFile, removeFile } = this.#setup;
    if (socketPath === undefined) return;
    await removeFile(socketPath);
    const socket = await openHttpSocket({ path: socketPath }, undefined, (request, response) => {
      this.#local.add(request.socket);
      app.routing(request, response);
    });
    this.#sockets.push(socket);
    await protectFile(socketPath);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
    await Promise.all(this.#apps.map((app) => app.close()));
  }
}
