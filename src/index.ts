// The public API for embedding: a broker in this process, as many as you like, none of them sharing anything.

import { type EmbeddedOptions, startEmbedded, urlOf } from "./embedded.ts";
import type { Server } from "./server/server.ts";

export type { EmbeddedOptions as LeveretOptions } from "./embedded.ts";
export type { Log, LogCategory, LogLevel } from "./logging/log.ts";

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
  static async start(options: EmbeddedOptions = {}): Promise<Leveret> {
    return new Leveret(await startEmbedded(options));
  }

  /** Where clients connect, with the default user's name and password. */
  get url(): string {
    return urlOf(this.#server);
  }

  get port(): number {
    return this.#server.amqpEndpoint?.port ?? 0;
  }

  /** Tells all clients (320), lets them go, and frees everything. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
