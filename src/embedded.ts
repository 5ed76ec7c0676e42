// A server inside somebody's program: on 127.0.0.1, in memory, reading no files and no environment.

import { loadConfig } from "./config/load.ts";
import type { Clock, Net } from "./env/env.ts";
import { nodeClock, nodeRandom } from "./env/node-clock.ts";
import { NodeNet } from "./env/node-net.ts";
import { Memory } from "./lib/memory.ts";
import { LARGE_PAGE_BYTES } from "./lib/page-pool.ts";
import { type Log, silentLog } from "./logging/log.ts";
import { Server } from "./server/server.ts";

export interface EmbeddedOptions {
  /** Port of AMQP 0-9-1 on 127.0.0.1; 0 (the default) takes any free one. */
  readonly port?: number;
  /** Fixed memory for messages, in MiB, at least 16. Default 32. */
  readonly memoryMiB?: number;
  /** Configuration by RabbitMQ's keys, as in rabbitmq.conf: `{ heartbeat: "10" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Hears what would be logged. Default: nobody. */
  readonly log?: Log;
}

/** Parts of the world a test kit puts its own in place of. */
export interface ReplacedParts {
  readonly clock?: Clock;
  readonly net?: (real: Net, memory: Memory) => Net;
  /** Clients' own heartbeats are not held against them. */
  readonly timeJumps?: boolean;
}

const DEFAULT_MEMORY_MIB = 32;

/** Rejects with a sentence that says what can't be had. */
export async function startEmbedded(
  options: EmbeddedOptions,
  replaced: ReplacedParts = {},
): Promise<Server> {
  const log = options.log ?? silentLog;
  const settings = Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`);
  const { config } = loadConfig({
    flags: {
      configFile: "none",
      settings: [
        "leveret.in_memory=true",
        "listeners.tcp=none",
        `listeners.tcp.1=127.0.0.1:${options.port ?? 0}`,
        "leveret.management.enabled=false",
        "management.tcp.ip=127.0.0.1",
        "prometheus.tcp.ip=127.0.0.1",
        ...settings,
      ],
    },
    env: {},
    readFile: () => undefined,
    listFiles: () => [],
  });
  const arenaBytes = (options.memoryMiB ?? DEFAULT_MEMORY_MIB) * LARGE_PAGE_BYTES;
  const memory = new Memory({ arenaBytes });
  const warn = (text: string) => log.write("warning", "connection", text);
  const net = new NodeNet({ memory, warn });
  // Loaded for those who ask for it only, as the management itself.
  const facts = config.management.enabled
    ? (await import("./env/process-facts.ts")).nodeProcessFacts()
    : undefined;
  return Server.start({
    config,
    log,
    onBug: (error) => log.write("error", "node", String(error)),
    world: {
      memory,
      clock: replaced.clock ?? nodeClock,
      random: nodeRandom,
      net: replaced.net?.(net, memory) ?? net,
      readFile: () => {
        throw new Error("an embedded broker reads no files");
      },
      hostName: "localhost",
      ...(facts === undefined ? {} : { facts }),
      timeJumps: replaced.timeJumps === true,
    },
  });
}

/** Where clients connect, with the default user's name and password. */
export function urlOf(server: Server): string {
  const { defaultUser, defaultPassword, defaultVhost } = server.config.access;
  const user = encodeURIComponent(defaultUser);
  const password = encodeURIComponent(defaultPassword.reveal());
  const vhost = defaultVhost === "/" ? "" : `/${encodeURIComponent(defaultVhost)}`;
  return `amqp://${user}:${password}@127.0.0.1:${server.amqpEndpoint?.port ?? 0}${vhost}`;
}
