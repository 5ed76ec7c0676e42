// The columns of the list of queues.

import type { Queue } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { percent } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import type { Column } from "../../table/columns.ts";
import {
  bytesColumn,
  countColumn,
  rateColumn,
  TextLink,
  textColumn,
  vhostColumn,
} from "../../table/stat-columns.tsx";
import { queues as texts } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { FeatureChips, featureText } from "../exchanges/feature-chips.tsx";

const { overview, messages, bytes, rates } = texts.groups;

/** The queue's type, also on brokers that tell it only as an argument. */
export function queueType(queue: Queue): string {
  return queue.type ?? String(queue.arguments["x-queue-type"] ?? "classic");
}

export const queueColumns: readonly Column<Queue>[] = [
  vhostColumn({ group: overview, forSeveralVhosts: true }),
  {
    id: "name",
    header: words.name,
    group: overview,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.queue(item.vhost, item.name)}>{item.name}</TextLink>,
  },
  textColumn("node", words.node, { group: overview, hidden: true, width: 120 }),
  {
    id: "type",
    header: texts.type,
    group: overview,
    value: queueType,
    wide: true,
    width: 76,
  },
  {
    id: "features",
    header: texts.featuresPolicy,
    group: overview,
    sortKey: false,
    value: (item) => featureText(item, true),
    cell: (item) => <FeatureChips item={item} policies />,
    wide: true,
    width: 140,
  },
  {
    id: "features_no_policy",
    header: texts.features,
    group: overview,
    hidden: true,
    sortKey: false,
    value: (item) => featureText(item, false),
    cell: (item) => <FeatureChips item={item} policies={false} />,
    width: 150,
  },
  textColumn("policy", words.policy, { group: overview, hidden: true, width: 110 }),
  countColumn("consumers", texts.consumers, { group: overview, hidden: true }),
  {
    id: "consumer_capacity",
    header: texts.capacity,
    group: overview,
    hidden: true,
    value: capacityOf,
    cell: (item) => percent(capacityOf(item)),
    align: "right",
    width: 88,
  },
  {
    id: "state",
    header: texts.state,
    group: overview,
    value: stateOf,
    cell: (item) => <State text={stateOf(item)} />,
    wide: true,
    width: 88,
  },
  countColumn("messages_ready", texts.ready, { group: messages }),
  countColumn("messages_unacknowledged", texts.unacked, { group: messages }),
  countColumn("messages_ram", texts.inMemory, { group: messages, hidden: true }),
  countColumn("messages_persistent", texts.persistent, { group: messages, hidden: true }),
  countColumn("messages_delayed", texts.delayed, { group: messages, hidden: true }),
  countColumn("messages", texts.total, { group: messages }),
  bytesColumn("message_bytes_ready", texts.ready, { group: bytes, hidden: true }),
  bytesColumn("message_bytes_unacknowledged", texts.unacked, { group: bytes, hidden: true }),
  bytesColumn("message_bytes_ram", texts.inMemory, { group: bytes, hidden: true }),
  bytesColumn("message_bytes_persistent", texts.persistent, { group: bytes, hidden: true }),
  bytesColumn("message_bytes", texts.total, { group: bytes, hidden: true }),
  rateColumn("publish", texts.rate.publish, { group: rates, wide: true }),
  rateColumn("deliver_get", texts.rate.deliver_get, { group: rates, wide: true }),
  rateColumn("redeliver", texts.rate.redeliver, { group: rates, hidden: true }),
  rateColumn("ack", texts.rate.ack, { group: rates, wide: true }),
];

function capacityOf(item: Queue): number | undefined {
  return item.consumer_capacity ?? item.consumer_utilisation;
}

/** RabbitMQ calls queues that nobody used for a while idle. */
export function stateOf(item: Queue): string {
  if (item.state === "running" && item.idle_since) return "idle";
  return item.state ?? "running";
}

export const queueKey = (item: Queue): string => `${item.vhost}/${item.name}`;
