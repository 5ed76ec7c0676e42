// What a message says of itself, as values. The data path never builds this.

import type { FieldTable } from "./field-table.ts";

/** The 14 properties of AMQP 0-9-1; one that was not sent is left out. Texts are short strings: at most 255 bytes. */
export interface MessageProperties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: FieldTable;
  /** 2 = persistent; anything else is transient. */
  readonly deliveryMode?: number;
  /** 0 to 255. */
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** Time to live in ms, as decimal digits. */
  readonly expiration?: string;
  readonly messageId?: string;
  /** By convention seconds since 1970; all 64 bits are kept. */
  readonly timestamp?: bigint;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  /** Unused since AMQP 0-9-1, still carried. */
  readonly clusterId?: string;
}
