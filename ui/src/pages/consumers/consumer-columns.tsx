// The columns of a list of consumers.

import type { Consumer } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import type { Column } from "../../table/columns.ts";
import { countColumn, flagColumn, TextLink } from "../../table/stat-columns.tsx";
import { consumers as texts } from "../../texts/connections.ts";
import { words } from "../../texts/words.ts";

export const tagColumn: Column<Consumer> = {
  id: "consumer_tag",
  header: texts.tag,
  value: (item) => item.consumer_tag,
};

export const queueColumn: Column<Consumer> = {
  id: "queue",
  header: texts.queue,
  value: (item) => item.queue.name,
  cell: (item) => (
    <TextLink href={linkTo.queue(item.queue.vhost, item.queue.name)}>{item.queue.name}</TextLink>
  ),
};

export const channelColumn: Column<Consumer> = {
  wide: true,
  id: "channel",
  header: texts.channel,
  value: (item) => item.channel_details.name,
  cell: (item) =>
    item.channel_details.name && (
      <TextLink href={linkTo.channel(item.channel_details.name)}>
        {item.channel_details.name}
      </TextLink>
    ),
};

export const vhostOfConsumer: Column<Consumer> = {
  id: "vhost",
  header: words.vhost,
  value: (item) => item.queue.vhost,
  forSeveralVhosts: true,
  width: 110,
};

/** Facts of a consumer, the same in every list. */
export const factColumns: readonly Column<Consumer>[] = [
  flagColumn("ack_required", texts.ackRequired, { wide: true }),
  flagColumn("exclusive", texts.exclusive, { wide: true }),
  countColumn("prefetch_count", texts.prefetch),
  flagColumn("active", texts.active, { wide: true }),
  {
    id: "activity_status",
    header: texts.activity,
    wide: true,
    value: (item) => item.activity_status,
    cell: (item) => (item.activity_status ? <State text={item.activity_status} /> : null),
    width: 120,
  },
  {
    id: "arguments",
    header: texts.arguments,
    wide: true,
    sortKey: false,
    value: (item) =>
      Object.entries(item.arguments ?? {})
        .map(([key, value]) => `${key}: ${valueText(value)}`)
        .join(", "),
  },
];

export const consumerKey = (item: Consumer): string =>
  `${item.queue.vhost}/${item.queue.name}/${item.channel_details.name}/${item.consumer_tag}`;
