// Every queue and exchange setting that forms offer as a button: label, meaning, and for what it counts.

export type QueueType = "classic" | "quorum" | "stream";

export interface KnownSetting {
  /** The policy key; the argument is the same with x- before it. */
  readonly key: string;
  readonly label: string;
  readonly help: string;
  readonly type: "string" | "number" | "boolean";
  readonly value?: string;
  readonly queueTypes: readonly QueueType[];
  /** Where it can be set. */
  readonly places: readonly ("argument" | "policy" | "operator")[];
}

const ALL: readonly QueueType[] = ["classic", "quorum", "stream"];
const WORK: readonly QueueType[] = ["classic", "quorum"];
const EVERYWHERE = ["argument", "policy", "operator"] as const;
const POLICY = ["argument", "policy"] as const;
const ARGUMENT = ["argument"] as const;

export const queueSettings: readonly KnownSetting[] = [
  {
    key: "expires",
    label: "Auto expire",
    help: "The queue is deleted after this many milliseconds without use.",
    type: "number",
    queueTypes: WORK,
    places: EVERYWHERE,
  },
  {
    key: "message-ttl",
    label: "Message TTL",
    help: "Messages are dropped (or dead-lettered) after this many milliseconds.",
    type: "number",
    queueTypes: WORK,
    places: EVERYWHERE,
  },
  {
    key: "overflow",
    label: "Overflow behaviour",
    help: "What happens when the queue is full: drop-head, reject-publish or reject-publish-dlx.",
    type: "string",
    value: "reject-publish",
    queueTypes: WORK,
    places: EVERYWHERE,
  },
  {
    key: "single-active-consumer",
    label: "Single active consumer",
    help: "One consumer at a time gets messages; the next one takes over when it leaves.",
    type: "boolean",
    value: "true",
    queueTypes: WORK,
    places: ARGUMENT,
  },
  {
    key: "dead-letter-exchange",
    label: "Dead letter exchange",
    help: "Where rejected, expired and overflowing messages are published again.",
    type: "string",
    queueTypes: WORK,
    places: POLICY,
  },
  {
    key: "dead-letter-routing-key",
    label: "Dead letter routing key",
    help: "The key for dead letters; their own key unless set.",
    type: "string",
    queueTypes: WORK,
    places: POLICY,
  },
  {
    key: "dead-letter-strategy",
    label: "Dead letter strategy",
    help: "at-most-once or at-least-once; the second needs overflow reject-publish.",
    type: "string",
    value: "at-least-once",
    queueTypes: ["quorum"],
    places: POLICY,
  },
  {
    key: "max-length",
    label: "Max length",
    help: "Most ready messages the queue holds.",
    type: "number",
    queueTypes: WORK,
    places: EVERYWHERE,
  },
  {
    key: "max-length-bytes",
    label: "Max length bytes",
    help: "Most bytes of ready message bodies the queue holds.",
    type: "number",
    queueTypes: ALL,
    places: EVERYWHERE,
  },
  {
    key: "max-priority",
    label: "Maximum priority",
    help: "Number of priority levels, 1 to 255; 5 is plenty.",
    type: "number",
    value: "5",
    queueTypes: ["classic"],
    places: ARGUMENT,
  },
  {
    key: "queue-mode",
    label: "Lazy mode",
    help: "Accepted for old programs; queues page to disk by themselves.",
    type: "string",
    value: "lazy",
    queueTypes: ["classic"],
    places: POLICY,
  },
  {
    key: "queue-version",
    label: "Version",
    help: "Accepted for old programs.",
    type: "number",
    value: "2",
    queueTypes: ["classic"],
    places: EVERYWHERE,
  },
  {
    key: "queue-master-locator",
    label: "Master locator",
    help: "Where the queue is placed in a cluster (older name).",
    type: "string",
    queueTypes: ["classic"],
    places: POLICY,
  },
  {
    key: "queue-leader-locator",
    label: "Leader locator",
    help: "Where the queue's leader is placed: client-local or balanced.",
    type: "string",
    value: "balanced",
    queueTypes: ["quorum", "stream"],
    places: POLICY,
  },
  {
    key: "delivery-limit",
    label: "Delivery limit",
    help: "A message returned more often than this is dropped or dead-lettered; -1 is no limit.",
    type: "number",
    value: "20",
    queueTypes: ["quorum"],
    places: EVERYWHERE,
  },
  {
    key: "quorum-initial-group-size",
    label: "Initial group size",
    help: "Number of members when the queue is declared.",
    type: "number",
    queueTypes: ["quorum"],
    places: ARGUMENT,
  },
  {
    key: "consumer-timeout",
    label: "Consumer timeout",
    help: "Milliseconds a consumer may hold a message before its channel is closed.",
    type: "number",
    queueTypes: WORK,
    places: POLICY,
  },
  {
    key: "consumer-disconnected-timeout",
    label: "Consumer disconnected timeout",
    help: "Accepted without effect on one node.",
    type: "number",
    queueTypes: ["quorum"],
    places: POLICY,
  },
  {
    key: "delayed-retry-type",
    label: "Delayed retry",
    help: "Which returned messages wait before their next delivery: all, failed or returned.",
    type: "string",
    value: "all",
    queueTypes: ["quorum"],
    places: EVERYWHERE,
  },
  {
    key: "delayed-retry-min",
    label: "Delayed retry minimum",
    help: "Milliseconds before the first retry; the wait grows with each.",
    type: "number",
    value: "1000",
    queueTypes: ["quorum"],
    places: EVERYWHERE,
  },
  {
    key: "delayed-retry-max",
    label: "Delayed retry maximum",
    help: "Longest wait before a retry, in milliseconds.",
    type: "number",
    queueTypes: ["quorum"],
    places: EVERYWHERE,
  },
  {
    key: "target-group-size",
    label: "Target group size",
    help: "Number of members a replicated queue should have.",
    type: "number",
    queueTypes: ["quorum"],
    places: ["policy", "operator"],
  },
  {
    key: "max-age",
    label: "Max age",
    help: "How long messages are kept, as 7D, 12h or 30m.",
    type: "string",
    value: "7D",
    queueTypes: ["stream"],
    places: POLICY,
  },
  {
    key: "stream-max-segment-size-bytes",
    label: "Max segment size in bytes",
    help: "Size of one file of the stream; whole files are dropped when a limit is reached.",
    type: "number",
    queueTypes: ["stream"],
    places: POLICY,
  },
  {
    key: "stream-filter-size-bytes",
    label: "Filter size in bytes",
    help: "Size of each chunk's filter, 16 to 255.",
    type: "number",
    queueTypes: ["stream"],
    places: POLICY,
  },
  {
    key: "initial-cluster-size",
    label: "Initial cluster size",
    help: "Number of members when the stream is declared.",
    type: "number",
    queueTypes: ["stream"],
    places: POLICY,
  },
];

export const exchangeSettings = {
  alternateExchange: {
    key: "alternate-exchange",
    label: "Alternate exchange",
    help: "Messages that no binding matches are sent there.",
    type: "string" as const,
  },
  federationUpstream: {
    key: "federation-upstream",
    label: "Federation upstream",
    help: "The upstream that feeds matching exchanges and queues.",
    type: "string" as const,
  },
  federationUpstreamSet: {
    key: "federation-upstream-set",
    label: "Federation upstream set",
    help: "A set of upstreams; all means every one.",
    type: "string" as const,
    value: "all",
  },
};
