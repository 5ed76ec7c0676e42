// For tests: the API around a broker that keeps everything in memory, on the real clock.

import { openAuthorizer, type User } from "../broker/access/user.ts";
import type { Broker } from "../broker/broker.ts";
import { BrokerError } from "../broker/errors.ts";
import { createQueue } from "../broker/queue/create-queue.ts";
import { newTestBroker } from "../broker/test-doubles.ts";
import { DiskStatistics } from "../env/disk-statistics.ts";
import type { Clock, TimerHandle } from "../env/env.ts";
import { Messages } from "../protocols/amqp091/messages.ts";
import { createApp } from "./app.ts";
import type { NodeControl } from "./control.ts";
import type { Management, ManagementOptions } from "./management.ts";
import type { NodeFacts } from "./node-facts.ts";
import { RecentEvents } from "./resources/control.ts";
import { routes } from "./routes.ts";
import type { NodeSample } from "./sampling/metrics.ts";
import { Sampler } from "./sampling/sampler.ts";
import type { TraceFiles } from "./tracing/trace-files.ts";
import { Traces } from "./tracing/traces.ts";

class RealClock implements Clock {
  nowMs = () => Date.now();
  monotonicMs = () => performance.now();
  setTimer = (afterMs: number, onTimer: () => void): TimerHandle => setTimeout(onTimer, afterMs);
  clearTimer = (timer: TimerHandle) => clearTimeout(timer as NodeJS.Timeout);
  nextTurn = (onTurn: () => void) => void setImmediate(onTurn);
}

const silentControl: NodeControl = {
  logs: { linesAfter: () => [], listen() {}, forget() {} },
  stop() {},
  setAccepting() {},
  setMemoryWatermark() {},
  setDiskFreeLimit() {},
  monitorDisk() {},
  setLogLevel: () => true,
  rotateLogs() {},
  collectGarbage() {},
  settings: () => [],
};

export const testOptions: ManagementOptions = {
  withStatistics: true,
  withQueueTotals: false,
  bodyMaxBytes: 20_971_520,
  ratesMode: "basic",
  pathPrefix: "",
  corsOrigins: [],
  loginFailuresPerMinute: 10,
  contentSecurityPolicy: undefined,
  strictTransportSecurity: undefined,
  frameOptions: "DENY",
  uiDirectory: undefined,
  downloadsDirectory: undefined,
  operatorPolicyReadOnly: false,
  corsMaxAgeSeconds: undefined,
  disableBasicAuth: false,
  sessionTimeoutMinutes: 480,
  nodeTags: {},
  clusterTags: {},
};

const sample: NodeSample = {
  memoryBytes: 50_000_000,
  fileCount: 20,
  socketCount: 3,
  processCount: 9,
  diskFreeBytes: 1e10,
  connectionsOpened: 0,
  connectionsClosed: 0,
  channelsOpened: 0,
  channelsClosed: 0,
  queuesDeclared: 0,
  queuesCreated: 0,
  queuesDeleted: 0,
  contextSwitches: 0,
  disk: new DiskStatistics(),
};

const node: NodeFacts = {
  startedAtMs: Date.now(),
  processId: 1,
  processorCount: 2,
  platform: "Node.js",
  leveretVersion: "0.1.0",
  rabbitmqVersion: "4.3.5",
  dataDirectory: undefined,
  configFiles: [],
  logFiles: [],
  listeners: () => [
    { protocol: "amqp", address: "::", port: 5672, tls: false },
    { protocol: "http", address: "::", port: 15672, tls: false },
  ],
  sample: () => sample,
  memoryLimitBytes: () => 1e9,
  totalMemoryBytes: () => 2e9,
  diskFreeLimitBytes: () => 5e7,
  fileCountMax: () => 1024,
  memoryBreakdown: () => ({ other_system: 50_000_000 }),
  loopDelayMs: () => ({ last: 0, worst: 0 }),
};

/** A broker with real queues and nothing durable. */
export function newMemoryBroker(): Broker {
  const broker: Broker = newTestBroker({
    clock: new RealClock(),
    createQueue: (vhost, definition, settings) =>
      createQueue(
        {
          memory: broker.memory,
          turn: broker.turn,
          clock: broker.clock,
          timers: broker.timers,
          limits: broker.limits,
          journal: {
            position: 0,
            isInTransaction: false,
            settle() {},
            returned() {},
            deliveredUpTo() {},
            waiting() {},
            track() {},
          },
          pager: broker.engine.pager,
          pageBudget: broker.pageBudget,
          streamPages: broker.streamPages,
          gates: broker.gates,
          bodies: broker.bodies,
          keeper: { onQueueUnused() {} },
          deadLetters: { move: () => true },
          observers: vhost.observers,
        },
        definition,
        settings,
      ),
  });
  broker.addVhost("/");
  return broker;
}

export async function newTestApi(changes: Partial<ManagementOptions> = {}, files?: TraceFiles) {
  const broker = newMemoryBroker();
  const administrator: User = {
    name: "guest",
    tags: ["administrator"],
    authorizer: openAuthorizer,
  };
  const users = new Map<string, User>([["guest", administrator]]);
  const options = { ...testOptions, ...changes };
  const sampler = new Sampler({ broker, intervalMs: 5_000, sampleNode: () => sample });
  const recentEvents = new RecentEvents(() => broker.clock.nowMs());
  broker.events.listen(recentEvents);
  const management: Management = {
    broker,
    sampler,
    messages: new Messages(broker),
    node,
    options,
    control: silentControl,
    recentEvents,
    timelines: new WeakMap(),
    traces: new Traces({
      broker,
      messages: new Messages(broker),
      files,
      user: administrator,
    }),
    authenticate: async ({ name, password }) => {
      const user = users.get(name);
      if (user === undefined || password !== name) throw new BrokerError("access-refused", "no");
      return user;
    },
    compilePattern: (source) => {
      broker.matcher.check(source);
      return (text) => broker.matcher.matches(source, text);
    },
    trustedUser: administrator,
    checkPassword: () => {},
    findUser: (name) => users.get(name),
    renameCluster: (name) => {
      broker.clusterName = name;
    },
    plugins: () => ["rabbitmq_management"],
    apiDescription: async () => undefined,
    mechanisms: () => [["PLAIN", "SASL PLAIN"]],
    defaultQueueType: () => "classic",
    whenDurable: async () => {},
    onBug: (error) => {
      throw error;
    },
  };
  const app = await createApp(management, routes);
  const request = async (
    method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH",
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    user = "guest",
  ) => {
    const answer = await app.inject({
      method,
      url: `/api${path}`,
      headers: {
        ...(user === "" ? {} : { authorization: `Basic ${btoa(`${user}:${user}`)}` }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const isJson = String(answer.headers["content-type"] ?? "").includes("json");
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field.
      body: (isJson && answer.body !== "" ? answer.json() : undefined) as any,
    };
  };
  return { broker, management, app, request, users, sampler };
}
