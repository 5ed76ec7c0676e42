// Memory, disk, and the limits of what may be declared.

import { named, one, optional, records } from "../row.ts";
import {
  boolean,
  duration,
  factor,
  fraction,
  integer,
  oneOf,
  orWord,
  pattern,
  size,
  text,
} from "../value-types.ts";

const limit = orWord("infinity", integer(0));

export const resourceRows = {
  memoryWatermarkRelative: one(
    "vm_memory_high_watermark.relative",
    fraction,
    0.6,
    "Publishers are blocked while the broker uses more than this share of the machine's memory.",
    { live: true },
  ),
  memoryWatermarkBytes: optional(
    "vm_memory_high_watermark.absolute",
    size,
    "The same in bytes; wins over the share.",
    { live: true },
  ),
  totalMemoryBytes: optional(
    "total_memory_available_override_value",
    size,
    "What to take for the machine's memory.",
  ),
  memoryMonitorIntervalMs: one(
    "memory_monitor_interval",
    duration("ms"),
    2_500,
    "How often memory is measured.",
  ),
  diskFreeLimitBytes: one(
    "disk_free_limit.absolute",
    size,
    50_000_000,
    "Publishers are blocked while less than this is free on the data directory's disk.",
    { live: true },
  ),
  diskFreeLimitRelative: optional(
    "disk_free_limit.relative",
    factor,
    "The same as a multiple of the machine's memory; wins over bytes.",
    { live: true },
  ),
  diskReserveBytes: one(
    "leveret.disk.reserve",
    size,
    33_554_432,
    "Space kept in the data directory (at most a sixteenth of the disk) and used when the disk is really full, so that consumers can still drain it; 0 = none.",
  ),
  arenaBytes: one(
    "leveret.memory.arena",
    size,
    268_435_456,
    "Fixed memory for messages, reads and output; everything beyond goes to disk.",
  ),
  residentBytes: optional(
    "leveret.memory.resident",
    size,
    "Full pages of queues stay in memory up to this much, and are written out beyond it; unset = 12 MiB, and never more than a quarter of the arena.",
  ),
  defaultQueueType: one(
    "default_queue_type",
    oneOf("classic", "quorum", "stream"),
    "classic",
    "Type of queues declared without `x-queue-type` in virtual hosts that name none.",
  ),
  queueTypes: named(
    "queue_types.$type.enabled",
    boolean,
    "`false` refuses new queues of this type.",
    { names: ["classic", "quorum", "stream"], live: true },
  ),
  vhostMax: one("vhost_max", limit, undefined, "Virtual hosts of this node."),
  queueLimit: one("cluster_queue_limit", limit, undefined, "Queues of all virtual hosts together."),
  exchangeLimit: one(
    "cluster_exchange_limit",
    limit,
    undefined,
    "Exchanges of all virtual hosts together.",
  ),
  vhostDefaultLimits: records(
    "default_limits.vhosts",
    { pattern, max_connections: integer(-1), max_queues: integer(-1) },
    "Limits given to new virtual hosts whose name matches.",
    { live: true },
  ),
  defaultOperatorPolicies: records(
    "default_policies.operator",
    {
      vhost_pattern: pattern,
      queue_pattern: pattern,
      expires: duration("ms"),
      message_ttl: duration("ms"),
      max_length: integer(0),
      max_length_bytes: size,
      max_in_memory_length: integer(0),
      max_in_memory_bytes: size,
      delivery_limit: integer(-1),
      queue_version: integer(1, 2),
      overflow: text,
    },
    "Operator policies given to new virtual hosts whose name matches.",
    { live: true },
  ),
  permitDeprecated: named(
    "deprecated_features.permit.$name",
    boolean,
    "`false` refuses a feature RabbitMQ has deprecated; here all are permitted unless told otherwise.",
    {
      names: [
        "amqp_address_v1",
        "amqp_filter_set_bug",
        "classic_queue_mirroring",
        "global_qos",
        "management_metrics_collection",
        "queue_master_locator",
        "ram_node_type",
        "transient_nonexcl_queues",
      ],
      live: true,
    },
  ),
  relaxedRedeclaration: one(
    "quorum_queue.property_equivalence.relaxed_checks_on_redeclaration",
    boolean,
    false,
    "A redeclare that differs only in the queue type succeeds.",
    { live: true },
  ),
} as const;
