// Fetches messages with basic.get instead of consuming: one request after the other, as polling programs do.

import type { ClientChannel } from "./client/channel.ts";
import type { Consumer } from "./consumer.ts";

export interface PollOptions {
  readonly queue: string;
  readonly noAck: boolean;
  /** How long to wait after the queue was empty. */
  readonly emptyPauseMs: number;
}

export class Poller {
  readonly #channel: ClientChannel;
  readonly #options: PollOptions;
  #isRunning = true;
  #receivedBefore = 0;

  /** `consumer` takes the messages; `channel` asks for them. */
  constructor(channel: ClientChannel, consumer: Consumer, options: PollOptions) {
    this.#channel = channel;
    this.#options = options;
    consumer.onReceived = () => {
      if (consumer.received === this.#receivedBefore) return;
      this.#receivedBefore = consumer.received;
      this.ask();
    };
    channel.onMethod = (method) => {
      if (method.name === "basic.get-empty") setTimeout(() => this.ask(), options.emptyPauseMs);
    };
  }

  ask(): void {
    if (!this.#isRunning) return;
    this.#channel.send({
      name: "basic.get",
      queue: this.#options.queue,
      noAck: this.#options.noAck,
    });
  }

  stop(): void {
    this.#isRunning = false;
  }
}
