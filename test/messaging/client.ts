// What a test of a feature asks of a client library, so that it can be written once and run with three of them.

/** A time for a field table; everything else is as JSON has it. */
export interface Timestamp {
  readonly timestamp: number;
}
export type Value = string | number | boolean | Timestamp | readonly (string | Table)[];
export interface Table {
  readonly [name: string]: Value;
}

export interface Got {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly redelivered: boolean;
  readonly deliveryTag: number;
}

export interface PublishOptions {
  readonly headers?: Table;
  readonly priority?: number;
  readonly messageId?: string;
}

export interface ConsumeOptions {
  readonly arguments?: Table;
  readonly noAck?: boolean;
}

/** One connection with one channel, which confirms. Messages are persistent, queues and exchanges durable. */
export interface Client {
  /** rabbitmq-client cannot put a time into a field table. */
  readonly writesTimestamps: boolean;
  declareQueue(queue: string, options?: Table): Promise<void>;
  declareExchange(exchange: string, type: string, options?: Table): Promise<void>;
  bind(exchange: string, queue: string, key: string, options?: Table): Promise<void>;
  publish(
    exchange: string,
    key: string,
    body: string,
    options?: PublishOptions,
  ): Promise<"confirmed" | "nacked">;
  get(queue: string): Promise<Got | undefined>;
  ack(got: Got): Promise<void>;
  /** Without requeue. */
  discard(got: Got): Promise<void>;
  /** basic.nack with requeue. */
  giveBack(got: Got): Promise<void>;
  /** In a way that counts as an attempt: basic.reject with requeue, or by the end of the channel. */
  fail(got: Got): Promise<void>;
  prefetch(count: number): Promise<void>;
  consume(queue: string, tag: string, options?: ConsumeOptions): Promise<void>;
  /** Waits until so many more messages have come to the consumer. */
  take(tag: string, count: number): Promise<readonly Got[]>;
  cancel(tag: string): Promise<void>;
  /** Waits until the broker has cancelled the consumer. */
  cancelled(tag: string): Promise<void>;
  /** Waits until the broker has closed the channel; answers its text. Another channel takes its place. */
  closed(): Promise<string>;
  end(): Promise<void>;
}

/** What came to consumers, to be waited for. */
export class Inbox {
  readonly #messages: Got[] = [];
  #waiting: (() => void) | undefined = undefined;
  #isCancelled = false;

  add(got: Got): void {
    this.#messages.push(got);
    this.#waiting?.();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#waiting?.();
  }

  async take(count: number): Promise<readonly Got[]> {
    while (this.#messages.length < count) await this.#change();
    return this.#messages.splice(0, count);
  }

  async cancelled(): Promise<void> {
    while (!this.#isCancelled) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

/** The inbox under a tag; it comes into being when it is asked for. */
export function inboxOf(inboxes: Map<string, Inbox>, tag: string): Inbox {
  const inbox = inboxes.get(tag) ?? new Inbox();
  inboxes.set(tag, inbox);
  return inbox;
}

export function isTimestamp(value: Value): value is Timestamp {
  return typeof value === "object" && "timestamp" in value;
}
