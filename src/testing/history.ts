// What has passed a broker under test: the last messages that were published and delivered.

import type { Broker } from "../broker/broker.ts";
import type { MessagePort } from "../broker/message/message-port.ts";
import { Tap } from "../broker/observing/tap.ts";
import type { Vhost } from "../broker/vhost.ts";
import { type TestMessage, testMessageOf } from "./message.ts";

export interface PassedMessage {
  readonly vhost: string;
  readonly kind: "published" | "delivered";
  /** Queues it was routed to, or the one it was delivered from. */
  readonly queues: readonly string[];
  readonly message: TestMessage;
}

/** Older ones are forgotten. */
const MESSAGES_MAX = 10_000;
const BYTES_MAX = 67_108_864;

export class History {
  readonly #broker: Broker;
  readonly #messages: MessagePort;
  readonly #taps = new Map<Vhost, Tap>();
  #passed: PassedMessage[] = [];
  #bytes = 0;

  constructor(broker: Broker, messages: MessagePort) {
    this.#broker = broker;
    this.#messages = messages;
    broker.events.listen({
      onEvent: (name) => {
        if (name.startsWith("vhost.")) this.#watchAll();
      },
    });
    this.#watchAll();
  }

  /** Those that `isWanted`, the oldest first. */
  find(isWanted: (passed: PassedMessage) => boolean): readonly TestMessage[] {
    return this.#passed.filter(isWanted).map(({ message }) => message);
  }

  forget(): void {
    this.#passed = [];
    this.#bytes = 0;
  }

  /** Virtual hosts come and go. */
  #watchAll(): void {
    for (const [vhost, tap] of this.#taps) {
      if (this.#broker.vhosts.get(vhost.name) === vhost) continue;
      tap.close();
      this.#taps.delete(vhost);
    }
    for (const vhost of this.#broker.vhosts.values()) {
      if (!this.#taps.has(vhost)) this.#taps.set(vhost, this.#watch(vhost));
    }
  }

  #watch(vhost: Vhost): Tap {
    const parts = { clock: this.#broker.clock, messages: this.#messages, vhost };
    const bounds = { waitingMax: MESSAGES_MAX, waitingBytesMax: BYTES_MAX };
    const kinds = new Set(["published", "delivered"] as const);
    return new Tap(
      { ...parts, ...bounds },
      { kinds },
      {
        onEvent: ({ kind, message, routedQueues, queue }) => {
          if (kind === "died") return;
          const queues = routedQueues ?? (queue === undefined ? [] : [queue]);
          this.#keep({ vhost: vhost.name, kind, queues, message: testMessageOf(message) });
        },
        onMissed: () => {},
      },
    );
  }

  #keep(passed: PassedMessage): void {
    this.#passed.push(passed);
    this.#bytes += passed.message.body.length;
    while (this.#passed.length > MESSAGES_MAX || this.#bytes > BYTES_MAX) {
      this.#bytes -= this.#passed.shift()?.message.body.length ?? 0;
    }
  }
}
