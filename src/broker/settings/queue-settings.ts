// The effective settings of a queue. One row per key in the table (see setting.ts); this is the shape it yields.

export type Overflow = "drop-head" | "reject-publish" | "reject-publish-dlx";

/** Undefined = not set. Units are in the names. */
export interface QueueSettings {
  readonly messageTtlMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  readonly overflow: Overflow;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  readonly deadLetterStrategy: "at-most-once" | "at-least-once";
  readonly maxPriority: number | undefined;
  readonly singleActiveConsumer: boolean;
  /** Undefined = unlimited. */
  readonly deliveryLimit: number | undefined;
  readonly consumerTimeoutMs: number | undefined;
}

/** What a queue without arguments and policies gets. */
export const DEFAULT_QUEUE_SETTINGS: QueueSettings = {
  messageTtlMs: undefined,
  expiresMs: undefined,
  maxLength: undefined,
  maxLengthBytes: undefined,
  overflow: "drop-head",
  deadLetterExchange: undefined,
  deadLetterRoutingKey: undefined,
  deadLetterStrategy: "at-most-once",
  maxPriority: undefined,
  singleActiveConsumer: false,
  deliveryLimit: undefined,
  consumerTimeoutMs: undefined,
};
