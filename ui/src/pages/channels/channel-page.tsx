// One channel: message rates, facts, consumers, and rates by exchange and queue where the broker keeps them.

import { useMemo } from "react";
import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Channel } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { linesOrZero } from "../../chart/series.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { usePathPart } from "../../parts/address.ts";
import { type Fact, Facts, State } from "../../parts/facts.tsx";
import { count } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import { RuntimeSection } from "../../parts/runtime-section.tsx";
import { Section } from "../../parts/section.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { messageRates } from "../../texts/charts.ts";
import { consumers, channels as texts } from "../../texts/connections.ts";
import { words } from "../../texts/words.ts";
import { changeColumn } from "../consumers/consumer-changes.tsx";
import {
  consumerKey,
  factColumns,
  queueColumn,
  tagColumn,
} from "../consumers/consumer-columns.tsx";
import { StatsByObject } from "../exchanges/stats-by-object.tsx";

export default function ChannelPage() {
  const name = usePathPart("name");
  const [range] = useRange();
  const result = useApi<Channel>(apiPath("channels", name), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  return (
    <Page
      title={name}
      crumb={`${texts.one} ${result.data ? words.inVhost(result.data.vhost) : ""}`}
    >
      <Loaded result={result}>{(channel) => <ChannelContent item={channel} />}</Loaded>
    </Page>
  );
}

const consumerColumns = [tagColumn, queueColumn, ...factColumns, changeColumn];

function ChannelContent({ item }: { item: Channel }) {
  const lines = useMemo(
    () => linesOrZero(item.message_stats, messageRates, "rate"),
    [item.message_stats],
  );
  return (
    <>
      <Section id="channel.overview" title={words.overview} side={<ChartControls />}>
        <TimeChart id="channel.rates" title={texts.rates} lines={lines} kind="rate" unit="rate" />
        <Facts items={factsOf(item)} />
      </Section>
      <Section
        id="channel.consumers"
        title={`${consumers.title} (${item.consumer_details?.length ?? 0})`}
      >
        <DataTable
          id="channel.consumers"
          label={consumers.label}
          source={{ kind: "local", items: item.consumer_details ?? [] }}
          columns={consumerColumns}
          rowKey={consumerKey}
          empty={<Empty title={consumers.empty} />}
          plain
        />
      </Section>
      <StatsByObject id="channel.publishes" title={texts.byExchange} items={item.publishes} />
      <StatsByObject id="channel.deliveries" title={texts.byQueue} items={item.deliveries} />
      <RuntimeSection id="channel" item={item} />
    </>
  );
}

function factsOf(item: Channel): Fact[] {
  const connection = item.connection_details.name;
  return [
    [
      texts.connection,
      <TextLink key="link" href={linkTo.connection(connection)}>
        {connection}
      </TextLink>,
    ],
    [texts.user, item.user],
    [texts.mode, modeOf(item)],
    [texts.state, item.state && <State text={item.state} />],
    [texts.prefetch, count(item.prefetch_count)],
    [texts.globalPrefetch, count(item.global_prefetch_count)],
    [texts.unacked, count(item.messages_unacknowledged)],
    [texts.unconfirmed, count(item.messages_unconfirmed)],
    [texts.uncommitted, count(item.messages_uncommitted)],
    [texts.acksUncommitted, count(item.acks_uncommitted)],
    [
      texts.pendingRaft,
      item.pending_raft_commands === undefined ? undefined : count(item.pending_raft_commands),
    ],
  ];
}

function modeOf(item: Channel): string {
  if (item.transactional) return texts.transactionalLong;
  return item.confirm ? texts.confirmLong : texts.plainLong;
}
