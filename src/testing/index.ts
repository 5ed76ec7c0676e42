// The test kit, `leveret/testing`: a broker whose time and network a test holds in its hands.

import { type EmbeddedOptions, startEmbedded, urlOf } from "../embedded.ts";
import { nodeClock } from "../env/node-clock.ts";
import type { Server } from "../server.ts";
import { BreakableNet } from "./breakable-net.ts";
import { ShiftedClock } from "./shifted-clock.ts";

export type { EmbeddedOptions as TestBrokerOptions } from "../embedded.ts";

/**
 * A real broker on a real port, for tests of programs that use one.
 *
 * ```ts
 * const broker = await TestBroker.start();
 * // … publish with a TTL of one hour …
 * await broker.advance(3_600_000);      // an hour later, at once
 * broker.cutConnections();              // does the program come back?
 * await broker.stop();
 * ```
 */
export class TestBroker {
  readonly #server: Server;
  readonly #clock: ShiftedClock;
  readonly #net: BreakableNet;

  private constructor(server: Server, clock: ShiftedClock, net: BreakableNet) {
    this.#server = server;
    this.#clock = clock;
    this.#net = net;
  }

  /** Heartbeats are off unless asked for: a client can't keep up with hours that pass at once. */
  static async start(options: EmbeddedOptions = {}): Promise<TestBroker> {
    const clock = new ShiftedClock(nodeClock);
    let net: BreakableNet | undefined;
    const server = await startEmbedded(
      { ...options, settings: { heartbeat: "0", ...options.settings } },
      {
        clock,
        net: (real) => {
          net = new BreakableNet(real);
          return net;
        },
      },
    );
    return new TestBroker(server, clock, net as BreakableNet);
  }

  /** Where clients connect, with the default user's name and password. */
  get url(): string {
    return urlOf(this.#server);
  }

  get port(): number {
    return this.#server.amqpEndpoint?.port ?? 0;
  }

  /** Lets `ms` pass for the broker: TTLs, expiries, delays and timeouts in between happen in order. */
  async advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
  }

  /** Cuts every connection as a broken network does, without close frames; answers how many those were. */
  cutConnections(): number {
    return this.#net.cutAll();
  }

  /** While true, new connections are closed as soon as they are made. */
  setRefusing(refuses: boolean): void {
    this.#net.refuses = refuses;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
