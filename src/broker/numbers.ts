// The number types of the core. Arithmetic on them happens only in lib/, codec/ and queue pages (tidy checks it).

/** Given to a queue at declare and never to another one. Log entries, segments and timers name queues by it. */
export type QueueNumber = number & { readonly flavour?: "queue number" };

/** Given to an exchange at declare and never to another one. */
export type ExchangeNumber = number & { readonly flavour?: "exchange number" };

/**
 * A message's place in one queue: grows with every message of the same priority level and is never reused.
 * The level is its upper part (see `levelOf`), so a range of sequences never mixes levels.
 */
export type Sequence = number & { readonly flavour?: "sequence" };

/** Where in its queue's pages a record lies (page number and offset); stays right while the page is on disk. */
export type Location = number & { readonly flavour?: "location" };

/** How far the log has come, in bytes ever appended. Position p is durable when `log.durablePosition >= p`. */
export type LogPosition = number & { readonly flavour?: "log position" };

/** Numbers deliveries of one channel, from 1. */
export type DeliveryTag = number & { readonly flavour?: "delivery tag" };

/** Numbers publishes of one channel in confirm mode, from 1. */
export type PublishSequence = number & { readonly flavour?: "publish sequence" };

/** Where a large body lies: body segment and offset. */
export type BodyReference = number & { readonly flavour?: "body reference" };
