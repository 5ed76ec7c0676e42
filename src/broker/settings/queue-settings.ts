// The settings of queues: their effective shape, and the one table of queue arguments and policy keys.

import { type DuplicateSettings, NO_DUPLICATE_SETTINGS } from "../duplicates/rules.ts";
import { BrokerError } from "../errors.ts";
import { integerOf } from "../message/field-table.ts";
import { duplicateSettings } from "./duplicate-settings.ts";
import {
  type Check,
  checkAge,
  checkBoolean,
  checkChoice,
  checkExpiry,
  checkInteger,
  checkNonNegative,
  checkNonNegativeUpTo,
  checkPositive,
  checkPositiveExpiry,
  checkText,
  readAge,
  readBoolean,
  readNumber,
  readText,
  type Setting,
} from "./setting.ts";

export type Overflow = "drop-head" | "reject-publish" | "reject-publish-dlx";
export type DelayedRetryType = "disabled" | "all" | "failed" | "returned";

/** Undefined = not set. Units are in the names. */
export interface QueueSettings extends DuplicateSettings {
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
  readonly delayedRetryType: DelayedRetryType;
  readonly delayedRetryMinMs: number | undefined;
  readonly delayedRetryMaxMs: number | undefined;
  /** Retry policy: set = returned messages wait, each time longer, and every return counts. */
  readonly retryInitialMs: number | undefined;
  readonly retryMaxMs: number | undefined;
  readonly retryMultiplier: number | undefined;
  readonly retryJitterPercent: number | undefined;
  /** Deliveries altogether; then the message is dead. */
  readonly retryAttemptsMax: number | undefined;
  /** Streams: what is older may be removed. */
  readonly maxAgeMs: number | undefined;
  /** Streams: a segment is closed at this size. */
  readonly segmentBytesMax: number | undefined;
  /** Streams: size of a chunk's Bloom filter. */
  readonly filterSizeBytes: number | undefined;
}

/** What a queue without arguments and policies gets. */
export const DEFAULT_QUEUE_SETTINGS: QueueSettings = {
  ...NO_DUPLICATE_SETTINGS,
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
  delayedRetryType: "disabled",
  delayedRetryMinMs: undefined,
  delayedRetryMaxMs: undefined,
  retryInitialMs: undefined,
  retryMaxMs: undefined,
  retryMultiplier: undefined,
  retryJitterPercent: undefined,
  retryAttemptsMax: undefined,
  maxAgeMs: undefined,
  segmentBytesMax: undefined,
  filterSizeBytes: undefined,
};

export interface QueueSetting extends Setting<keyof QueueSettings> {
  /** Queue types that take it; for the others it is an invalid argument, and a policy with it does not apply. */
  readonly queueTypes: readonly string[];
  /** The queue is built by it: it cannot change while the queue lives. */
  readonly isFixed: boolean;
}

const CLASSIC = ["classic"] as const;
const QUORUM = ["quorum"] as const;
const STREAM = ["stream"] as const;
const WORK_QUEUES = ["classic", "quorum"] as const;
const REPLICATED = ["quorum", "stream"] as const;
const ALL = ["classic", "quorum", "stream"] as const;

const SEGMENT_BYTES_MAX = 3_000_000_000;

function row(
  setting: Pick<QueueSetting, "check" | "what" | "doc" | "queueTypes"> & Partial<QueueSetting>,
): QueueSetting {
  return {
    argument: undefined,
    policyKey: undefined,
    operatorKey: false,
    field: undefined,
    read: readText,
    merge: "first",
    operatorMerge: "operator",
    isFixed: false,
    ...setting,
  };
}

/** A number of which the strictest holds, wherever it comes from. */
function bound(
  setting: Pick<QueueSetting, "check" | "what" | "doc" | "queueTypes"> & Partial<QueueSetting>,
): QueueSetting {
  return row({
    operatorKey: true,
    read: readNumber,
    merge: "smaller",
    operatorMerge: "smaller",
    ...setting,
  });
}

const checkDeadLetterKey: Check = (value, all) =>
  checkText(value, all) ??
  (all.has("x-dead-letter-exchange") ? undefined : "routing_key_but_no_dlx_defined");

const checkSegmentBytes: Check = (value, all) => {
  const complaint = checkNonNegative(value, all);
  if (complaint === undefined && (integerOf(value) as bigint) > SEGMENT_BYTES_MAX) {
    throw new BrokerError(
      "precondition-failed",
      "Exceeded max value for x-stream-max-segment-size-bytes",
    );
  }
  return complaint;
};

const checkFilterSize: Check = (value, all) => {
  const complaint = checkNonNegative(value, all);
  if (complaint !== undefined) return complaint;
  const size = integerOf(value) as bigint;
  if (size < 16n) return `{value_too_small,${size}}`;
  return size > 255n ? `{value_too_large,${size}}` : undefined;
};

const checkVersion: Check = (value, all) => {
  const complaint = checkNonNegative(value, all);
  if (complaint !== undefined) return complaint;
  const version = integerOf(value) as bigint;
  return version === 1n || version === 2n ? undefined : `"unsupported queue version '${version}'"`;
};

/** -1 stands for no limit. */
const readDeliveryLimit = (value: Parameters<typeof readNumber>[0]): number => {
  const limit = readNumber(value);
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
};

const checkLocator = checkChoice(
  ["client-local", "balanced", "random", "least-leaders"],
  () => "invalid_queue_locator_arg",
);

/** Rows are checked in this order; the first complaint is the answer. */
export const queueSettings: readonly QueueSetting[] = [
  bound({
    argument: "x-expires",
    policyKey: "expires",
    field: "expiresMs",
    check: checkPositiveExpiry,
    queueTypes: WORK_QUEUES,
    what: "queue expiry",
    doc: "The queue is deleted when nothing has used it for so many ms.",
  }),
  bound({
    argument: "x-message-ttl",
    policyKey: "message-ttl",
    field: "messageTtlMs",
    check: checkExpiry,
    queueTypes: WORK_QUEUES,
    what: "message TTL",
    doc: "A message expires when it has been in the queue for so many ms.",
  }),
  row({
    argument: "x-dead-letter-exchange",
    policyKey: "dead-letter-exchange",
    field: "deadLetterExchange",
    check: checkText,
    queueTypes: WORK_QUEUES,
    what: "dead letter exchange name",
    doc: "Rejected, expired and dropped messages are published there.",
  }),
  row({
    argument: "x-dead-letter-routing-key",
    policyKey: "dead-letter-routing-key",
    field: "deadLetterRoutingKey",
    check: checkDeadLetterKey,
    queueTypes: WORK_QUEUES,
    what: "dead letter routing key",
    doc: "The routing key of dead letters instead of their own.",
  }),
  row({
    argument: "x-dead-letter-strategy",
    policyKey: "dead-letter-strategy",
    field: "deadLetterStrategy",
    check: checkChoice(["at-most-once", "at-least-once"], () => "invalid_dlx_strategy"),
    queueTypes: QUORUM,
    what: "dead letter strategy",
    doc: "at-least-once keeps a dead letter (`messages_dlx`) until its new queue has it.",
  }),
  bound({
    argument: "x-max-length",
    policyKey: "max-length",
    field: "maxLength",
    check: checkNonNegative,
    queueTypes: WORK_QUEUES,
    what: "maximum length",
    doc: "How many ready messages the queue holds; `overflow` says what happens then.",
  }),
  bound({
    argument: "x-max-length-bytes",
    policyKey: "max-length-bytes",
    field: "maxLengthBytes",
    check: checkNonNegative,
    queueTypes: ALL,
    what: "maximum length in bytes",
    doc: "How many bytes of ready bodies the queue holds.",
  }),
  bound({
    argument: "x-max-in-memory-length",
    policyKey: "max-in-memory-length",
    check: checkNonNegative,
    queueTypes: QUORUM,
    what: "maximum memory in bytes",
    doc: "Accepted without effect: what is in memory does not depend on the queue's length.",
  }),
  bound({
    argument: "x-max-in-memory-bytes",
    policyKey: "max-in-memory-bytes",
    check: checkNonNegative,
    queueTypes: QUORUM,
    what: "maximum memory in bytes",
    doc: "Accepted without effect: what is in memory does not depend on the queue's length.",
  }),
  row({
    argument: "x-max-priority",
    isFixed: true,
    field: "maxPriority",
    read: readNumber,
    check: checkNonNegativeUpTo(255),
    queueTypes: CLASSIC,
    what: "maximum priority",
    doc: "Priorities 0 to this; higher ones are treated as this.",
  }),
  row({
    argument: "x-overflow",
    policyKey: "overflow",
    operatorKey: true,
    field: "overflow",
    check: checkChoice(
      ["drop-head", "reject-publish", "reject-publish-dlx"],
      () => "invalid_overflow",
    ),
    queueTypes: WORK_QUEUES,
    what: "overflow value",
    doc: "drop-head drops the oldest; reject-publish nacks the new message; -dlx dead-letters it too.",
  }),
  row({
    argument: "x-queue-mode",
    policyKey: "queue-mode",
    check: checkChoice(["default", "lazy"], (text) => `"unsupported queue mode '${text}'"`),
    queueTypes: CLASSIC,
    what: "queue-mode value",
    doc: "Accepted without effect: every queue pages out.",
  }),
  row({
    argument: "x-queue-version",
    policyKey: "queue-version",
    operatorKey: true,
    check: checkVersion,
    queueTypes: CLASSIC,
    what: "queue version",
    doc: "Accepted without effect.",
  }),
  row({
    argument: "x-single-active-consumer",
    isFixed: true,
    field: "singleActiveConsumer",
    read: readBoolean,
    check: checkBoolean,
    queueTypes: WORK_QUEUES,
    what: "single active consumer",
    doc: "One consumer gets everything; the next one takes over when it goes.",
  }),
  row({
    argument: "x-quorum-initial-group-size",
    check: checkPositive,
    queueTypes: QUORUM,
    what: "group size",
    doc: "How many members a replicated queue starts with.",
  }),
  bound({
    argument: "x-delivery-limit",
    policyKey: "delivery-limit",
    field: "deliveryLimit",
    read: readDeliveryLimit,
    check: checkInteger,
    queueTypes: QUORUM,
    what: "delivery limit",
    doc: "A message that came back more often is dead-lettered; -1 = never.",
  }),
  row({
    argument: "x-consumer-timeout",
    policyKey: "consumer-timeout",
    field: "consumerTimeoutMs",
    read: readNumber,
    check: checkNonNegative,
    queueTypes: WORK_QUEUES,
    what: "consumer timeout",
    doc: "How long a delivery may stay unacknowledged, in ms.",
  }),
  row({
    argument: "x-consumer-disconnected-timeout",
    policyKey: "consumer-disconnected-timeout",
    check: checkNonNegative,
    queueTypes: QUORUM,
    what: "consumer disconnected timeout",
    doc: "Accepted without effect on one node.",
  }),
  row({
    argument: "x-delayed-retry-type",
    policyKey: "delayed-retry-type",
    operatorKey: true,
    field: "delayedRetryType",
    check: checkChoice(
      ["disabled", "all", "failed", "returned"],
      () => "invalid_delayed_retry_type",
    ),
    queueTypes: QUORUM,
    what: "delayed retry type",
    doc: "Which returned messages wait before they are delivered again.",
  }),
  bound({
    argument: "x-delayed-retry-min",
    policyKey: "delayed-retry-min",
    field: "delayedRetryMinMs",
    check: checkExpiry,
    queueTypes: QUORUM,
    what: "delayed retry minimum",
    doc: "Wait before the first retry in ms; it grows with each.",
  }),
  bound({
    argument: "x-delayed-retry-max",
    policyKey: "delayed-retry-max",
    field: "delayedRetryMaxMs",
    check: checkExpiry,
    queueTypes: QUORUM,
    what: "delayed retry maximum",
    doc: "Longest wait before a retry in ms.",
  }),
  row({
    argument: "x-retry-initial-delay",
    policyKey: "retry-initial-delay",
    field: "retryInitialMs",
    read: readNumber,
    check: checkExpiry,
    queueTypes: WORK_QUEUES,
    what: "retry initial delay",
    doc: "Retry policy: a message that comes back, by a plain nack too, waits so many ms, and longer each time.",
  }),
  row({
    argument: "x-retry-max-delay",
    policyKey: "retry-max-delay",
    field: "retryMaxMs",
    read: readNumber,
    check: checkExpiry,
    queueTypes: WORK_QUEUES,
    what: "retry maximum delay",
    doc: "Longest wait of the retry policy in ms (an hour).",
  }),
  row({
    argument: "x-retry-multiplier",
    policyKey: "retry-multiplier",
    field: "retryMultiplier",
    read: readNumber,
    check: checkPositive,
    queueTypes: WORK_QUEUES,
    what: "retry multiplier",
    doc: "Each wait of the retry policy is so many times as long as the one before (2).",
  }),
  row({
    argument: "x-retry-jitter",
    policyKey: "retry-jitter",
    field: "retryJitterPercent",
    read: readNumber,
    check: checkNonNegativeUpTo(100),
    queueTypes: WORK_QUEUES,
    what: "retry jitter",
    doc: "Up to this share of a wait, in percent, is taken off by chance (20).",
  }),
  row({
    argument: "x-retry-max-attempts",
    policyKey: "retry-max-attempts",
    field: "retryAttemptsMax",
    read: readNumber,
    check: checkPositive,
    queueTypes: WORK_QUEUES,
    what: "retry attempts",
    doc: "A message delivered so often in vain is dead-lettered with reason delivery_limit.",
  }),
  ...duplicateSettings.map((setting) => row({ ...setting, queueTypes: WORK_QUEUES })),
  row({
    argument: "x-max-age",
    policyKey: "max-age",
    field: "maxAgeMs",
    read: readAge,
    check: checkAge,
    queueTypes: STREAM,
    what: "max age",
    doc: "Messages older than this may go: a number and Y, M, D, h, m or s.",
  }),
  row({
    argument: "x-stream-max-segment-size-bytes",
    policyKey: "stream-max-segment-size-bytes",
    field: "segmentBytesMax",
    read: readNumber,
    check: checkSegmentBytes,
    queueTypes: STREAM,
    what: "segment size",
    doc: "Size at which a stream's segment is closed, in bytes.",
  }),
  row({
    argument: "x-stream-filter-size-bytes",
    policyKey: "stream-filter-size-bytes",
    field: "filterSizeBytes",
    read: readNumber,
    check: checkFilterSize,
    queueTypes: STREAM,
    what: "filter size",
    doc: "Size of the filter of a stream's chunk, 16 to 255 bytes.",
  }),
  row({
    argument: "x-initial-cluster-size",
    policyKey: "initial-cluster-size",
    check: checkPositive,
    queueTypes: STREAM,
    what: "cluster size",
    doc: "How many members a stream starts with.",
  }),
  row({
    argument: "x-queue-leader-locator",
    policyKey: "queue-leader-locator",
    check: checkLocator,
    queueTypes: REPLICATED,
    what: "queue leader locator value",
    doc: "Where the leader of a replicated queue starts.",
  }),
  row({
    argument: "x-queue-master-locator",
    policyKey: "queue-master-locator",
    check: () => undefined,
    queueTypes: CLASSIC,
    what: "queue master locator value",
    doc: "Accepted without effect.",
  }),
  bound({
    policyKey: "target-group-size",
    check: checkPositive,
    queueTypes: QUORUM,
    operatorMerge: "larger",
    what: "target group size",
    doc: "How many members a replicated queue should have.",
  }),
];

export const queueSettingsByArgument: ReadonlyMap<string, QueueSetting> = new Map(
  queueSettings.flatMap((setting) =>
    setting.argument === undefined ? [] : [[setting.argument, setting] as const],
  ),
);

export const queueSettingsByPolicyKey: ReadonlyMap<string, QueueSetting> = new Map(
  queueSettings.flatMap((setting) =>
    setting.policyKey === undefined ? [] : [[setting.policyKey, setting] as const],
  ),
);
