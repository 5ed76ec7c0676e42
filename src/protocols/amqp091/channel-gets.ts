// The basic.gets of one channel: answered one after the other, so that their tags are in the order of their answers.

import { checkGet } from "../../broker/queue/reading-rules.ts";
import type { Channel } from "./channel.ts";
import { ChannelGet } from "./channel-get.ts";

export class ChannelGets {
  readonly #channel: Channel;
  /** One whose message must be read first, and those behind it. */
  readonly #waiting: ChannelGet[] = [];
  #isAskingNext = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get(queueName: string, noAck: boolean): void {
    const queue = this.#channel.access.queueForReading(queueName);
    checkGet(queue);
    const get = new ChannelGet(this.#channel, queue, noAck);
    if (this.#waiting.length > 0) get.hold();
    else get.ask();
    if (!get.isAnswered) this.#waiting.push(get);
  }

  /** The first of those that had to wait has its answer. */
  onAnswered(): void {
    if (this.#isAskingNext) return;
    this.#isAskingNext = true;
    this.#waiting.shift();
    while (this.#waiting[0] !== undefined) {
      this.#waiting[0].askLater();
      if (!this.#waiting[0].isAnswered) break;
      this.#waiting.shift();
    }
    this.#isAskingNext = false;
  }
}
