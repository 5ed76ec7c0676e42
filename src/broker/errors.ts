// What can be wrong with a request, in RabbitMQ's words. Each protocol has one table reason -> its own code.

export type Reason =
  | "content-too-large"
  | "access-refused"
  | "not-found"
  | "resource-locked"
  | "precondition-failed"
  | "frame-error"
  | "syntax-error"
  | "command-invalid"
  | "channel-error"
  | "unexpected-frame"
  | "resource-error"
  | "not-allowed"
  | "not-implemented"
  | "internal-error"
  | "connection-forced";

/** A request that can't be carried out. `message` is worded exactly as RabbitMQ words it: clients match on it. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly reason: Reason;
  constructor(reason: Reason, text: string) {
    super(text);
    this.reason = reason;
  }
}
