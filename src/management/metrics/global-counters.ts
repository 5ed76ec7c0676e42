// rabbitmq_global_*: what all clients of a protocol did together, and per type of queue where that makes a difference.

import type { ChannelCounters } from "../../broker/connection-registry.ts";
import { MESSAGE_SIZE_BOUNDS, type MessageSizes } from "../../broker/message/message-sizes.ts";
import type { QueueCounters } from "../../broker/queue/queue.ts";
import { headerText, labelsText } from "./family.ts";

/** What one scrape has added up. */
export interface GlobalSums {
  /** By protocol label: "amqp091". */
  readonly byProtocol: ReadonlyMap<string, ChannelCounters>;
  /** By module name: "rabbit_quorum_queue". */
  readonly byQueueType: ReadonlyMap<string, QueueCounters>;
  readonly publishers: number;
  readonly consumers: number;
  readonly messageSizes: MessageSizes;
}

interface ProtocolRow {
  readonly name: string;
  readonly help: string;
  read(counters: ChannelCounters): number;
}

const PROTOCOL_ROWS: readonly ProtocolRow[] = [
  {
    name: "messages_received",
    help: "Messages received from publishers",
    read: (c) => c.published,
  },
  {
    name: "messages_received_confirm",
    help: "Messages received that ask for a confirm",
    read: (c) => c.publishedToConfirm,
  },
  { name: "messages_confirmed", help: "Messages confirmed", read: (c) => c.confirmed },
  {
    name: "messages_routed",
    help: "Messages that went to a queue",
    read: (c) => Math.max(0, c.published - c.returned - c.droppedUnroutable),
  },
  {
    name: "messages_unroutable_dropped",
    help: "Unroutable messages dropped",
    read: (c) => c.droppedUnroutable,
  },
  {
    name: "messages_unroutable_returned",
    help: "Unroutable messages returned",
    read: (c) => c.returned,
  },
];

interface TypeRow {
  readonly name: string;
  readonly help: string;
  ofQueue(counters: QueueCounters): number;
  ofAll(counters: ChannelCounters): number;
}

const TYPE_ROWS: readonly TypeRow[] = [
  row(
    "messages_delivered",
    "Messages handed to consumers",
    (c) => c.delivered + c.deliveredNoAck + c.got + c.gotNoAck,
  ),
  row(
    "messages_delivered_consume_manual_ack",
    "Messages delivered that await an acknowledgement",
    (c) => c.delivered,
  ),
  row("messages_delivered_consume_auto_ack", "Messages delivered without", (c) => c.deliveredNoAck),
  row(
    "messages_delivered_get_manual_ack",
    "Messages got that await an acknowledgement",
    (c) => c.got,
  ),
  row("messages_delivered_get_auto_ack", "Messages got without", (c) => c.gotNoAck),
  row("messages_get_empty", "Gets that found nothing", (c) => c.getEmpty),
  row("messages_redelivered", "Messages delivered again", (c) => c.redelivered),
  row("messages_acknowledged", "Messages acknowledged", (c) => c.acknowledged),
];

type SharedCounters = Pick<
  ChannelCounters,
  "delivered" | "deliveredNoAck" | "got" | "gotNoAck" | "getEmpty" | "redelivered" | "acknowledged"
>;

function row(name: string, help: string, read: (counters: SharedCounters) => number): TypeRow {
  return { name, help, ofQueue: read, ofAll: read };
}

const CLASSIC = "rabbit_classic_queue";
const TYPES = [CLASSIC, "rabbit_quorum_queue", "rabbit_stream_queue"];

/** Reasons and strategies a message can be dead-lettered with. */
const DEAD_LETTERED: readonly (readonly [string, string, (counters: QueueCounters) => number])[] = [
  ["expired", "Messages dead-lettered because they expired", (c) => c.expired],
  ["rejected", "Messages dead-lettered because they were rejected", (c) => c.rejected],
  ["maxlen", "Messages dead-lettered because the queue was full", (c) => c.droppedByLength],
  [
    "delivery_limit",
    "Messages dead-lettered after too many deliveries",
    (c) => c.deliveryLimitReached,
  ],
];

export function globalCountersText(sums: GlobalSums): string {
  let text = "";
  for (const { name, help, read } of PROTOCOL_ROWS) {
    text += family(`${name}_total`, "counter", help);
    for (const [protocol, counters] of sums.byProtocol) {
      text += line(`${name}_total`, [["protocol", protocol]], read(counters));
    }
  }
  for (const typeRow of TYPE_ROWS) text += typeRowText(typeRow, sums);
  for (const [reason, help, read] of DEAD_LETTERED) {
    const name = `messages_dead_lettered_${reason}_total`;
    text += family(name, "counter", help);
    for (const [type, counters] of sums.byQueueType) {
      const labels = [
        ["queue_type", type],
        ["dead_letter_strategy", "at_most_once"],
      ] as const;
      text += line(name, labels, read(counters));
    }
  }
  for (const [name, help, value] of [
    ["publishers", "Channels that have published", sums.publishers],
    ["consumers", "Consumers", sums.consumers],
  ] as const) {
    text += family(name, "gauge", help);
    for (const [protocol] of sums.byProtocol) text += line(name, [["protocol", protocol]], value);
  }
  return text + messageSizesText(sums.messageSizes);
}

/** A histogram: each bucket has what is in those below it, too. */
function messageSizesText({ counts, sumBytes }: MessageSizes): string {
  const name = "rabbitmq_message_size_bytes";
  let text = `# TYPE ${name} histogram\n# HELP ${name} Sizes of published messages\n`;
  let count = 0;
  for (const [bucket, own] of counts.entries()) {
    count += own;
    const bound = String(MESSAGE_SIZE_BOUNDS[bucket] ?? "+Inf");
    text += `${name}_bucket{protocol="amqp091",le="${bound}"} ${count}\n`;
  }
  return `${text}${name}_count{protocol="amqp091"} ${count}\n${name}_sum{protocol="amqp091"} ${sumBytes}\n`;
}

/** Clients' sums never fall, queues' do when a queue goes: what other types did not do, classic queues did. */
function typeRowText({ name, help, ofQueue, ofAll }: TypeRow, sums: GlobalSums): string {
  let text = family(`${name}_total`, "counter", help);
  for (const [protocol, counters] of sums.byProtocol) {
    const others = TYPES.slice(1).map((type) => {
      const found = sums.byQueueType.get(type);
      return found === undefined ? 0 : ofQueue(found);
    });
    const classic = Math.max(0, ofAll(counters) - others.reduce((a, b) => a + b, 0));
    for (const [index, type] of TYPES.entries()) {
      const value = index === 0 ? classic : others[index - 1]!;
      text += line(
        `${name}_total`,
        [
          ["protocol", protocol],
          ["queue_type", type],
        ],
        value,
      );
    }
  }
  return text;
}

function family(name: string, type: "counter" | "gauge", help: string): string {
  return headerText("rabbitmq_global_", { name, type, help });
}

function line(name: string, labels: readonly (readonly [string, string])[], value: number): string {
  return `rabbitmq_global_${name}${labelsText(labels)} ${value}\n`;
}
