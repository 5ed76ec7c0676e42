// A queue as a test looks at it: nothing here takes a message or changes who gets one.

import type { Broker } from "../broker/broker.ts";
import type { MessagePort } from "../broker/message/message-port.ts";
import type { Queue } from "../broker/queue/queue.ts";
import type { Clock } from "../env/env.ts";
import { type Duration, durationMs } from "./duration.ts";
import { eventually, failed, pause } from "./eventually.ts";
import type { History } from "./history.ts";
import {
  describeMessage,
  type MessageExpectation,
  meets,
  showValue,
  type TestMessage,
  testMessageOf,
} from "./message.ts";

/** What the views of a broker under test share. */
export interface TestParts {
  readonly broker: Broker;
  readonly messages: MessagePort;
  readonly history: History;
  /** The real clock. */
  readonly clock: Clock;
}

export interface Within {
  /** How long the program under test may take, in real time. Default: one second. */
  readonly within?: Duration;
}

const WITHIN_DEFAULT = 1_000;
const DURING_DEFAULT = 50;
/** Messages a failed expectation shows. */
const SHOWN_MAX = 10;

export class TestQueue {
  readonly name: string;
  readonly vhost: string;
  readonly #parts: TestParts;

  constructor(parts: TestParts, name: string, vhost: string) {
    this.#parts = parts;
    this.name = name;
    this.vhost = vhost;
  }

  get exists(): boolean {
    return this.#queue !== undefined;
  }

  /** Messages that wait for a consumer; 0 where there is no such queue. */
  get ready(): number {
    return this.#queue?.depth.ready ?? 0;
  }

  /** Messages that consumers hold. */
  get unacknowledged(): number {
    return this.#queue?.depth.unacknowledged ?? 0;
  }

  get consumers(): number {
    return this.#queue?.consumerCount ?? 0;
  }

  /** What is in the queue now, unacknowledged messages included, in the order they would go out. */
  async messages(): Promise<readonly TestMessage[]> {
    const queue = this.#queue;
    if (queue === undefined) throw failed(this.#noQueue());
    return (await storedIn(queue, this.#parts.messages)).map(testMessageOf);
  }

  /**
   * A message that is in the queue, or has passed it since the broker started (or `broker.forget()`). Resolves with
   * it; rejects with an AssertionError that says what there was instead.
   */
  expectMessage(expected: MessageExpectation = {}, { within }: Within = {}): Promise<TestMessage> {
    return eventually(
      async () => (await this.#seen()).find((message) => meets(message, expected)),
      this.#waiting(within),
      () => this.#complaint(`no message ${showValue(expected)} came to queue '${this.name}'`),
    );
  }

  /** No such message is or comes here, for a while of real time. */
  async expectNoMessage(
    expected: MessageExpectation = {},
    { during = DURING_DEFAULT }: { readonly during?: Duration } = {},
  ): Promise<void> {
    await pause(this.#parts.clock, durationMs(during));
    const found = (await this.#seen()).find((message) => meets(message, expected));
    if (found !== undefined) {
      throw failed(`queue '${this.name}' should not have got ${describeMessage(found)}`);
    }
  }

  /** So many messages are in the queue, unacknowledged ones included. */
  async expectDepth(depth: number, { within }: Within = {}): Promise<void> {
    await eventually(
      () => (this.exists && this.ready + this.unacknowledged === depth ? true : undefined),
      this.#waiting(within),
      () =>
        this.#complaint(
          `queue '${this.name}' should hold ${depth} messages, and has ${this.ready} ready and ${this.unacknowledged} unacknowledged`,
        ),
    );
  }

  /** So many consumers are there. */
  async expectConsumers(count: number, { within }: Within = {}): Promise<void> {
    await eventually(
      () => (this.consumers === count ? true : undefined),
      this.#waiting(within),
      () => `queue '${this.name}' should have ${count} consumers, and has ${this.consumers}`,
    );
  }

  get #queue(): Queue | undefined {
    return this.#parts.broker.vhosts.get(this.vhost)?.queues.get(this.name);
  }

  #waiting(within: Duration = WITHIN_DEFAULT) {
    return { clock: this.#parts.clock, withinMs: durationMs(within) };
  }

  async #seen(): Promise<readonly TestMessage[]> {
    const passed = this.#parts.history.find(
      ({ vhost, queues }) => vhost === this.vhost && queues.includes(this.name),
    );
    return this.exists ? [...passed, ...(await this.messages())] : passed;
  }

  async #complaint(what: string): Promise<string> {
    if (!this.exists) return `${what}: ${this.#noQueue()}`;
    const seen = await this.#seen();
    const shown = seen.slice(-SHOWN_MAX).map((message) => `\n  ${describeMessage(message)}`);
    return seen.length === 0
      ? `${what}; none ever did`
      : `${what}; the last that did:${shown.join("")}`;
  }

  #noQueue(): string {
    const names = [...(this.#parts.broker.vhosts.get(this.vhost)?.queues.keys() ?? [])];
    const others =
      names.length === 0 ? "there are none" : `there are ${names.slice(0, SHOWN_MAX).join(", ")}`;
    return `no queue '${this.name}' in vhost '${this.vhost}' (${others})`;
  }
}

/** All messages of a queue, whole. */
export function storedIn(queue: Pick<Queue, "inspection">, messages: MessagePort) {
  const reading: ReturnType<MessagePort["read"]>[] = [];
  return new Promise<typeof reading>((resolve) => {
    queue.inspection.browse({
      onMessage: ({ record }) => {
        reading.push(messages.read(record));
        return true;
      },
      onEnd: () => resolve(reading),
    });
  }).then((all) => Promise.all(all));
}
