// The overview of a queue: charts, facts, counts, consumers, bindings.

import { useMemo } from "react";
import { useBroker } from "../../api/query.ts";
import type { Queue, Stats } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { linesOrZero } from "../../chart/series.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { ArgumentList, type Fact, Facts, State } from "../../parts/facts.tsx";
import { count, dateTime, percent } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty } from "../../parts/page.tsx";
import { RuntimeSection } from "../../parts/runtime-section.tsx";
import { Section } from "../../parts/section.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { keptMessages, messageRates, queuedMessages } from "../../texts/charts.ts";
import { consumers } from "../../texts/connections.ts";
import { bindings } from "../../texts/exchanges.ts";
import { queues as texts } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { changeColumn } from "../consumers/consumer-changes.tsx";
import {
  channelColumn,
  consumerKey,
  factColumns,
  tagColumn,
} from "../consumers/consumer-columns.tsx";
import { BindingsSection } from "../exchanges/bindings.tsx";
import { FeatureChips } from "../exchanges/feature-chips.tsx";
import { StatsByObject } from "../exchanges/stats-by-object.tsx";
import { DepthMatrix } from "./depth-matrix.tsx";
import { queueType, stateOf } from "./queue-columns.tsx";
import { StreamDetails } from "./stream-details.tsx";

const consumerColumns = [channelColumn, tagColumn, ...factColumns, changeColumn];

export function QueueOverview({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const isStream = isLeveret && queueType(queue) === "stream";
  return (
    <>
      <Charts queue={queue} />
      <Section id="queue.details" title={words.details}>
        <div className="rows">
          {isStream ? <StreamDetails queue={queue} /> : <DepthMatrix queue={queue} />}
          <Facts items={factsOf(queue)} />
        </div>
      </Section>
      <Section
        id="queue.consumers"
        title={`${consumers.title} (${queue.consumer_details?.length ?? 0})`}
      >
        <DataTable
          id="queue.consumers"
          label={consumers.label}
          source={{ kind: "local", items: queue.consumer_details ?? [] }}
          columns={consumerColumns}
          rowKey={consumerKey}
          empty={<Empty title={consumers.empty} hint={consumers.emptyHint} />}
          plain
        />
      </Section>
      <BindingsSection
        vhost={queue.vhost}
        kind="queue"
        name={queue.name}
        side="to"
        title={bindings.toQueue}
      />
      <StatsByObject id="queue.incoming" title={texts.incoming} items={queue.incoming} />
      <StatsByObject id="queue.deliveries" title={texts.deliveries} items={queue.deliveries} />
      <RuntimeSection id="queue" item={queue} />
    </>
  );
}

function Charts({ queue }: { queue: Queue }) {
  const isStream = queueType(queue) === "stream";
  const queued = useMemo(
    () => linesOrZero(queue as unknown as Stats, isStream ? keptMessages : queuedMessages, "level"),
    [queue, isStream],
  );
  const rates = useMemo(
    () => linesOrZero(queue.message_stats, messageRates, "rate"),
    [queue.message_stats],
  );
  return (
    <Section id="queue.charts" title={words.overview} side={<ChartControls />}>
      <div className="columns">
        <TimeChart
          id="queue.queued"
          title={isStream ? texts.kept : texts.queued}
          lines={queued}
          kind="level"
          unit="count"
        />
        <TimeChart id="queue.rates" title={texts.rates} lines={rates} kind="rate" unit="rate" />
      </div>
    </Section>
  );
}

function factsOf(queue: Queue): Fact[] {
  const owner = queue.owner_pid_details?.name;
  return [
    [texts.type, queueType(queue)],
    [texts.features, <FeatureChips key="features" item={queue} policies={false} />],
    [texts.state, <State key="state" text={stateOf(queue)} />],
    [texts.idleSince, queue.idle_since && idleSince(queue.idle_since)],
    [words.node, queue.node],
    [texts.leader, queue.leader],
    [texts.members, queue.members?.join(", ")],
    [texts.online, queue.online?.join(", ")],
    [words.policy, policyLink(queue.policy, linkTo.policy, queue.vhost)],
    [texts.operatorPolicy, policyLink(queue.operator_policy, linkTo.operatorPolicy, queue.vhost)],
    [
      texts.effectivePolicy,
      <ArgumentList key="effective" items={queue.effective_policy_definition} />,
    ],
    [words.arguments, <ArgumentList key="arguments" items={queue.arguments} />],
    [texts.consumers, count(queue.consumers)],
    [
      texts.capacity,
      // Readers of a stream wait for nobody.
      queueType(queue) === "stream"
        ? undefined
        : percent(queue.consumer_capacity ?? queue.consumer_utilisation),
      texts.capacityHelp,
    ],
    [texts.activeConsumer, queue.single_active_consumer_tag ?? undefined],
    [texts.owner, owner && <TextLink href={linkTo.connection(owner)}>{owner}</TextLink>],
    [texts.openFiles, perNode(queue.open_files)],
    [texts.readers, perNode(queue.readers)],
  ];
}

/** In the person's own time zone, where the broker tells one. */
function idleSince(text: string): string {
  return /T.*(Z|[+-]\d\d:\d\d)$/.test(text) ? dateTime(Date.parse(text)) : text;
}

function policyLink(
  name: string | null | undefined,
  link: (vhost: string, name: string) => string,
  vhost: string,
) {
  return name ? <TextLink href={link(vhost, name)}>{name}</TextLink> : undefined;
}

function perNode(counts: Readonly<Record<string, number>> | undefined): string | undefined {
  if (counts === undefined || typeof counts !== "object") return undefined;
  return Object.entries(counts)
    .map(([node, value]) => `${node}: ${count(value)}`)
    .join(", ");
}
