// The test kit, `leveret/testing`: a real broker whose time and network a test holds in its hands.

import { type EmbeddedOptions, startEmbedded, urlOf } from "../embedded.ts";
import { nodeClock } from "../env/node-clock.ts";
import { Messages } from "../protocols/amqp091/messages.ts";
import type { Server } from "../server/server.ts";
import { BreakableNet } from "./breakable-net.ts";
import { type Duration, durationMs } from "./duration.ts";
import { eventually } from "./eventually.ts";
import { Faults } from "./faults.ts";
import { History } from "./history.ts";
import { ShiftedClock } from "./shifted-clock.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { TestExchange } from "./test-exchange.ts";
import { type TestParts, TestQueue } from "./test-queue.ts";

export type { EmbeddedOptions as TestBrokerOptions } from "../embedded.ts";
export type { Duration } from "./duration.ts";
export type { Faults } from "./faults.ts";
export type { MessageExpectation, TestMessage } from "./message.ts";
export type { Snapshot } from "./snapshot.ts";
export type { TestExchange } from "./test-exchange.ts";
export type { TestQueue, Within } from "./test-queue.ts";

/** The broker's time. */
export interface TestClock {
  /** What the broker takes for now. */
  now(): Date;
  /**
   * Lets time pass for the broker, at once, and a tick (50 ms) more: TTLs, expiries, delays and timeouts in it happen in
   * order, each at its time.
   */
  advance(duration: Duration): Promise<void>;
}

/** How long connections may take to go when a snapshot is restored, in real time. */
const CLOSING_MS_MAX = 5_000;

/**
 * A real broker on a real port, for tests of programs that use one.
 *
 * ```ts
 * const broker = await TestBroker.start();
 * await remind(broker.url, { inHours: 24 });                 // your program, with its own client library
 * await broker.clock.advance("24h");                         // a day later, at once
 * await broker.queue("reminders").expectMessage({ json: { customer: 7 } });
 * broker.faults.cutConnections();                            // does it come back?
 * await broker.stop();
 * ```
 */
export class TestBroker {
  readonly clock: TestClock;
  readonly faults: Faults;
  readonly #server: Server;
  readonly #parts: TestParts;

  private constructor(server: Server, clock: ShiftedClock, net: BreakableNet) {
    const { broker } = server;
    const messages = new Messages(broker);
    this.#server = server;
    this.#parts = { broker, messages, history: new History(broker, messages), clock: nodeClock };
    this.faults = new Faults(broker, net);
    this.clock = {
      now: () => new Date(clock.nowMs()),
      // A message with a TTL of an hour is gone an hour later, not at the tick behind it.
      advance: (duration) => clock.advance(durationMs(duration) + broker.timers.tickMs),
    };
  }

  /**
   * Heartbeats are off unless `settings` ask for them, and those a client wants are not held against it: it can't keep
   * up with hours that pass at once.
   */
  static async start(options: EmbeddedOptions = {}): Promise<TestBroker> {
    const clock = new ShiftedClock(nodeClock);
    let net: BreakableNet | undefined;
    const server = await startEmbedded(
      { ...options, settings: { heartbeat: "0", ...options.settings } },
      {
        clock,
        timeJumps: options.settings?.heartbeat === undefined,
        net: (real, memory) => {
          net = new BreakableNet(real, memory, nodeClock);
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

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#parts.broker.connections.count;
  }

  /** A queue to look at; it need not exist yet. */
  queue(name: string, vhost: string = this.#vhost): TestQueue {
    return new TestQueue(this.#parts, name, vhost);
  }

  /** An exchange to look at, "" being the default one; it need not exist yet. */
  exchange(name: string, vhost: string = this.#vhost): TestExchange {
    return new TestExchange(this.#parts, name, vhost);
  }

  /** Forgets what has passed, so that expectations look at what comes from now on. What is in queues stays. */
  forget(): void {
    this.#parts.history.forget();
  }

  /** Keeps all definitions and messages. Messages that are unacknowledged are kept as if they were ready. */
  snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.#parts.broker, this.#parts.messages);
  }

  /**
   * Puts back what `snapshot` kept, as after a restart: clients are disconnected (320), everything declared since is
   * gone, TTLs begin anew, and what has passed is forgotten. Time does not go back, and faults stay.
   */
  async restore(snapshot: Snapshot): Promise<void> {
    const { broker, messages, clock } = this.#parts;
    this.faults.closeConnections("the test restores a snapshot");
    await eventually(
      () => (broker.connections.count === 0 ? true : undefined),
      { clock, withinMs: CLOSING_MS_MAX },
      () => `${broker.connections.count} connections did not close`,
    );
    await restoreSnapshot(broker, messages, snapshot);
    this.forget();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  get #vhost(): string {
    return this.#server.config.access.defaultVhost;
  }
}
