// Message rates split by exchange, queue or channel: brokers in "detailed" mode tell them.

import type { Details, ExchangeStats, Stats } from "../../api/types.ts";
import { rate } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { messageRates } from "../../texts/charts.ts";
import { words } from "../../texts/words.ts";

export interface StatsByObjectProps {
  readonly id: string;
  readonly title: string;
  readonly items: readonly ExchangeStats[] | undefined;
}

export function StatsByObject({ id, title, items }: StatsByObjectProps) {
  if (items === undefined || items.length === 0) return null;
  return (
    <Section id={id} title={title}>
      <DataTable
        id={id}
        label={title}
        source={{ kind: "local", items }}
        columns={[objectColumn, ...rateColumnsOf(items)]}
        rowKey={keyOf}
        plain
      />
    </Section>
  );
}

const objectColumn: Column<ExchangeStats> = {
  id: "object",
  header: words.name,
  value: (item) => item.exchange?.name ?? item.queue?.name ?? item.channel_details?.name,
  cell: (item) => <ObjectLink item={item} />,
};

function ObjectLink({ item }: { item: ExchangeStats }) {
  const { exchange, queue, channel_details: channel } = item;
  if (exchange) {
    const name = exchange.name || words.defaultExchange;
    return <TextLink href={linkTo.exchange(exchange.vhost, exchange.name)}>{name}</TextLink>;
  }
  if (queue) return <TextLink href={linkTo.queue(queue.vhost, queue.name)}>{queue.name}</TextLink>;
  return channel ? <TextLink href={linkTo.channel(channel.name)}>{channel.name}</TextLink> : null;
}

function keyOf(item: ExchangeStats): string {
  return JSON.stringify([item.exchange, item.queue, item.channel_details?.name]);
}

function rateColumnsOf(items: readonly ExchangeStats[]): Column<ExchangeStats>[] {
  const present = Object.entries(messageRates).filter(([key]) =>
    items.some((item) => rateOf(item.stats, key) !== undefined),
  );
  return present.map(([key, header]) => ({
    id: key,
    header,
    align: "right",
    value: (item) => rateOf(item.stats, key),
    cell: (item) => rate(rateOf(item.stats, key)),
  }));
}

function rateOf(stats: Stats, key: string): number | undefined {
  return (stats[`${key}_details`] as Details | undefined)?.rate;
}
