// The public API for embedding: a broker in this process, as many as you like, none of them sharing anything.

import { loadConfig } from "./config/load.ts";
import { nodeClock, nodeRandom } from "./env/node-clock.ts";
import { NodeNet } from "./env/node-net.ts";
import { Memory } from "./lib/memory.ts";
import { LARGE_PAGE_BYTES } from "./lib/page-pool.ts";
import { type Log, silentLog } from "./log.ts";
import { Server } from "./server.ts";

export type { Log, LogCategory, LogLevel } from "./log.ts";

export interface LeveretOptions {
  /** Port of AMQP 0-9-1 on 127.0.0.1; 0 (the default) takes any free one. */
  readonly port?: number;
  /** Fixed memory for messages, in MiB, at least 16. Default 32. */
  readonly memoryMiB?: number;
  /** Configuration by RabbitMQ's keys, as in rabbitmq.conf: `{ heartbeat: "10" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Hears what would be logged. Default: nobody. */
  readonly log?: Log;
}

const DEFAULT_MEMORY_MIB = 32;

/**
 * A running broker.
 *
 * ```ts
 * const broker = await Leveret.start();
 * const connection = await amqplib.connect(broker.url);
 * // …
 * await broker.stop();
 * ```
 */
export class Leveret {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts a broker that keeps everything in memory. Rejects with a sentence that says what can't be had. */
  static async start(options: LeveretOptions = {}): Promise<Leveret> {
    const log = options.log ?? silentLog;
    const settings = Object.entries(options.settings ?? {}).map(
      ([key, value]) => `${key}=${value}`,
    );
    const { config } = loadConfig({
      flags: {
        configFile: "none",
        settings: [
          "leveret.in_memory=true",
          "listeners.tcp=none",
          `listeners.tcp.1=127.0.0.1:${options.port ?? 0}`,
          "leveret.management.enabled=false",
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
    const server = await Server.start({
      config,
      log,
      onBug: (error) => log.write("error", "node", String(error)),
      world: {
        memory,
        clock: nodeClock,
        random: nodeRandom,
        net: new NodeNet({ memory, warn }),
        readFile: () => {
          throw new Error("an embedded broker reads no files");
        },
        hostName: "localhost",
      },
    });
    return new Leveret(server);
  }

  /** Where clients connect, with the default user's name and password. */
  get url(): string {
    const { defaultUser, defaultPassword, defaultVhost } = this.#server.config.access;
    const user = encodeURIComponent(defaultUser);
    const password = encodeURIComponent(defaultPassword.reveal());
    const vhost = defaultVhost === "/" ? "" : `/${encodeURIComponent(defaultVhost)}`;
    return `amqp://${user}:${password}@127.0.0.1:${this.port}${vhost}`;
  }

  get port(): number {
    return this.#server.amqpEndpoint?.port ?? 0;
  }

  /** Tells all clients (320), lets them go, and frees everything. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
