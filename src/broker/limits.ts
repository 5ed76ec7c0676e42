// Every bound of the core in one place, each with its unit and the reason it exists.
// What happens at a bound is said where it is enforced; undefined = no limit.

export interface Limits {
  /** Longest name of a queue, exchange, vhost or consumer tag, in UTF-8 bytes: a short string's most. */
  readonly nameBytesMax: number;
  /** Routes (exchange, routing key) remembered per vhost; older ones are computed again. */
  readonly cachedRoutesMax: number;
  /** Routing keys one message may carry in CC and BCC together: each is routed on its own. */
  readonly copyKeysMax: number;
  /** A persistent message for more queues than this has its body stored once; up to here each has its own copy. */
  readonly copiedBodyQueuesMax: number;
  /** Bodies up to this size are always copied: a reference would save too little. */
  readonly copiedBodyBytesMax: number;
  /**
   * What a checkpoint describes of queues in one go, before others have their turn: some milliseconds. Each page, settled
   * range and the like is a row, and so is each queue.
   */
  readonly checkpointRowsPerSliceMax: number;
  /** Full pages of queues that stay in memory, together; less where the arena is small. */
  readonly residentPageBytesMax: number;
  /** Connections of this node; undefined = as many as the system gives. */
  readonly connectionsMax: number | undefined;
  /** Channels of this node over all connections. */
  readonly channelsMax: number | undefined;
  /** Channels of one connection, what tune offers. */
  readonly channelsPerConnectionMax: number;
  /** Consumers of one channel: each costs memory and a place in a ring. */
  readonly consumersPerChannelMax: number | undefined;
  /** Vhosts of this node. */
  readonly vhostsMax: number | undefined;
  /** Queues of this node over all vhosts. */
  readonly queuesMax: number | undefined;
  /** Exchanges of this node over all vhosts. */
  readonly exchangesMax: number | undefined;
  /** Largest body that is taken, in bytes. RabbitMQ 3.x takes 128 MiB, 4.x 16 MiB. */
  readonly messageBytesMax: number;
  /** Unacknowledged deliveries of one channel; deliveries wait beyond it. */
  readonly unackedPerChannelMax: number;
  /** Bytes of unacknowledged deliveries of one consumer where nothing can leave memory. */
  readonly unackedBytesPerConsumerMax: number;
  /** Length of a permission or policy pattern, in characters: long ones are only ever attacks. */
  readonly patternCharactersMax: number;
  /** Results of matching patterns with names that are kept. */
  readonly cachedMatchesMax: number;
  /** Patterns kept compiled. */
  readonly cachedPatternsMax: number;
  /** Logins whose password was verified, kept so that a storm of them costs no hashing. */
  readonly cachedLoginsMax: number;
  /** How long such a login is trusted, in ms. */
  readonly cachedLoginMs: number;
  /** Weight of a binding of a consistent-hash exchange: each unit is a place in the ring. */
  readonly hashWeightMax: number;
  /** Messages an x-recent-history exchange may be told to keep. */
  readonly recentHistoryMax: number;
  /** Deliveries wait this long for an acknowledgement unless set otherwise, in ms. */
  readonly consumerTimeoutMs: number | undefined;
}

export const defaultLimits: Limits = {
  nameBytesMax: 255,
  cachedRoutesMax: 4096,
  copyKeysMax: 1000,
  copiedBodyQueuesMax: 15,
  copiedBodyBytesMax: 256,
  checkpointRowsPerSliceMax: 512,
  residentPageBytesMax: 12 * 1_048_576,
  connectionsMax: undefined,
  channelsMax: undefined,
  channelsPerConnectionMax: 2047,
  consumersPerChannelMax: undefined,
  vhostsMax: undefined,
  queuesMax: undefined,
  exchangesMax: undefined,
  messageBytesMax: 134_217_728,
  unackedPerChannelMax: 1_048_576,
  unackedBytesPerConsumerMax: 67_108_864,
  patternCharactersMax: 1024,
  cachedMatchesMax: 10_000,
  cachedPatternsMax: 1000,
  cachedLoginsMax: 10_000,
  cachedLoginMs: 60_000,
  hashWeightMax: 1024,
  recentHistoryMax: 10_000,
  consumerTimeoutMs: 1_800_000,
};
