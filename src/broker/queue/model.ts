// What a queue is supposed to do, as simply as it can be said; the model test holds the real one against it.

import type { QueueSettings } from "../settings/queue-settings.ts";

export interface ModelMessage {
  readonly id: string;
  readonly level: number;
  readonly place: number;
  /** 0 = never, 1 = at once. */
  expiresAtMs: number;
  redelivered: boolean;
  count: number;
}

export interface ModelConsumer {
  readonly prefetch: number;
  readonly noAck: boolean;
  unacked: number;
  cancelled: boolean;
}

export class ModelQueue {
  /** In the order in which they go out. */
  ready: ModelMessage[] = [];
  readonly dead: [id: string, reason: string][] = [];
  readonly consumers: ModelConsumer[] = [];
  paused = false;
  nowMs = 0;
  readonly #settings: QueueSettings;
  #place = 0;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  /** False when it is refused. */
  publish(id: string, priority: number, expiresAtMs: number): boolean {
    const { maxLength, overflow, maxPriority } = this.#settings;
    const full = maxLength !== undefined && this.ready.length + 1 > maxLength;
    if (full && overflow !== "drop-head") {
      if (overflow === "reject-publish-dlx") this.#die(id, "maxlen");
      return false;
    }
    const level = Math.min(priority, maxPriority ?? 0);
    const isTooLate = expiresAtMs === 1 && (!this.deliverable || this.ready.length > 0);
    const instant = isTooLate ? this.nowMs : expiresAtMs;
    const place = ++this.#place;
    this.#insert({ id, level, place, expiresAtMs: instant, redelivered: false, count: 0 });
    return true;
  }

  get deliverable(): boolean {
    return !this.paused && this.consumers.some(hasCredit);
  }

  /** The message that goes out next. */
  take(): ModelMessage | undefined {
    for (let head = this.ready.shift(); head !== undefined; head = this.ready.shift()) {
      if (!this.#isPast(head)) return head;
      this.#die(head.id, "expired");
    }
    return undefined;
  }

  putBack(message: ModelMessage, inVain: boolean): void {
    const { deliveryLimit } = this.#settings;
    message.redelivered = true;
    // It was given out once: that was its time.
    if (message.expiresAtMs === 1) message.expiresAtMs = this.nowMs;
    if (inVain && deliveryLimit !== undefined) message.count++;
    if (deliveryLimit !== undefined && message.count > deliveryLimit) {
      this.#die(message.id, "delivery_limit");
    } else this.#insert(message);
  }

  discard(message: ModelMessage): void {
    this.#die(message.id, "rejected");
  }

  trimLength(): void {
    const { maxLength, overflow } = this.#settings;
    while (
      overflow === "drop-head" &&
      this.ready.length > (maxLength ?? Number.POSITIVE_INFINITY)
    ) {
      this.#die((this.ready.shift() as ModelMessage).id, "maxlen");
    }
  }

  /** Messages die in the order of their instants. */
  advanceTo(untilMs: number): void {
    for (; this.nowMs < untilMs; this.nowMs += 100) this.trim();
    this.trim();
  }

  /** After everything that can be delivered was. */
  trim(): void {
    // A delivery meets what has expired before the limit does.
    while (this.deliverable && this.#isPast(this.ready[0])) {
      this.#die((this.ready.shift() as ModelMessage).id, "expired");
    }
    this.trimLength();
    for (let level = 0; level <= (this.#settings.maxPriority ?? 0); level++) {
      for (;;) {
        const head = this.ready.find((message) => message.level === level);
        if (head === undefined || head.expiresAtMs === 0 || head.expiresAtMs > this.nowMs) break;
        this.ready.splice(this.ready.indexOf(head), 1);
        this.#die(head.id, "expired");
      }
    }
  }

  #isPast(message: ModelMessage | undefined): boolean {
    if (message === undefined || message.expiresAtMs <= 1) return false;
    return message.expiresAtMs <= this.nowMs;
  }

  #die(id: string, reason: string): void {
    if (this.#settings.deadLetterExchange !== undefined) this.dead.push([id, reason]);
  }

  #insert(message: ModelMessage): void {
    this.ready.push(message);
    this.ready.sort((one, other) => other.level - one.level || one.place - other.place);
  }
}

export function hasCredit(consumer: ModelConsumer): boolean {
  const room = consumer.noAck || consumer.prefetch === 0 || consumer.unacked < consumer.prefetch;
  return room && !consumer.cancelled;
}
