// One node: facts, charts of what it uses, memory by part, plugins.

import { useMemo } from "react";
import { apiPath } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Node, Stats } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { linesOf } from "../../chart/series.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { usePathPart } from "../../parts/address.ts";
import { ArgumentList, type Fact, Facts } from "../../parts/facts.tsx";
import { duration } from "../../parts/format.ts";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { node as texts } from "../../texts/node.ts";
import { words } from "../../texts/words.ts";
import { MemorySection } from "./memory-section.tsx";
import {
  churnCharts,
  ioCharts,
  type NodeChart,
  persistenceCharts,
  runtimeCharts,
  statisticsCharts,
} from "./node-charts.ts";
import { NodeLists } from "./node-lists.tsx";

export default function NodePage() {
  const name = usePathPart("name");
  const [range] = useRange();
  const result = useApi<Node>(apiPath("nodes", name), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  return (
    <Page title={name} crumb={texts.one} actions={<ChartControls />}>
      <Loaded result={result}>
        {(node) => (node.running ? <NodeContent node={node} /> : <Empty title={texts.down} />)}
      </Loaded>
    </Page>
  );
}

function NodeContent({ node }: { node: Node }) {
  const { isLeveret } = useBroker();
  return (
    <>
      <Section id="node.overview" title={words.overview}>
        <Facts items={factsOf(node, isLeveret)} />
      </Section>
      <ChartsSection
        id="node.statistics"
        title={texts.statistics}
        node={node}
        charts={statisticsCharts}
      />
      <ChartsSection
        id="node.persistence"
        title={texts.persistence}
        node={node}
        charts={persistenceCharts}
        folded
      />
      <ChartsSection id="node.io" title={texts.io} node={node} charts={ioCharts} folded />
      <ChartsSection id="node.churn" title={texts.churn} node={node} charts={churnCharts} folded />
      <ChartsSection
        id="node.runtime"
        title={texts.advanced}
        node={node}
        charts={runtimeCharts}
        folded
      />
      <MemorySection node={node.name} />
      <NodeLists node={node} />
    </>
  );
}

function factsOf(node: Node, isLeveret: boolean): Fact[] {
  const facts = texts.facts;
  const list = (items: readonly string[] | undefined): string | undefined => items?.join(", ");
  return [
    [facts.uptime, duration(node.uptime)],
    [facts.type, node.type],
    [facts.configFiles, list(node.config_files)],
    [facts.database, node.db_dir],
    [facts.logs, list(node.log_files)],
    [facts.pid, node.os_pid],
    [facts.ratesMode, node.rates_mode],
    [facts.ticktime, node.net_ticktime && `${node.net_ticktime} s`],
    [facts.runQueue, node.run_queue === undefined ? undefined : String(node.run_queue)],
    [facts.processors, node.processors === undefined ? undefined : String(node.processors)],
    [facts.loopDelay, milliseconds(node.loop_delay_ms)],
    [facts.loopDelayWorst, milliseconds(node.loop_delay_worst_ms)],
    [facts.draining, node.being_drained ? "yes" : undefined],
    // Erlang's internals: they are there for programs that read them, and say nothing here.
    [texts.gcQueues, isLeveret ? undefined : filled(node.metrics_gc_queue_length)],
    [texts.raftFiles, isLeveret ? undefined : filled(node.ra_open_file_metrics)],
  ];
}

function milliseconds(value: unknown): string | undefined {
  return typeof value === "number" ? `${value.toFixed(1)} ms` : undefined;
}

function filled(counts: Readonly<Record<string, number>> | undefined) {
  if (counts === undefined || Object.keys(counts).length === 0) return undefined;
  return <ArgumentList items={counts} />;
}

interface ChartsSectionProps {
  readonly id: string;
  readonly title: string;
  readonly node: Node;
  readonly charts: readonly NodeChart[];
  readonly folded?: boolean;
}

function ChartsSection({ id, title, node, charts, folded }: ChartsSectionProps) {
  const { isLeveret } = useBroker();
  const shown = charts.filter(
    (chart) =>
      !(isLeveret && chart.erlangOnly) &&
      Object.keys(chart.fields).some((field) => node[`${field}_details`] !== undefined),
  );
  if (shown.length === 0) return null;
  return (
    <Section id={id} title={title} folded={folded}>
      <div className="columns">
        {shown.map((chart) => (
          <FigureChart key={chart.id} node={node} chart={chart} />
        ))}
      </div>
    </Section>
  );
}

function FigureChart({ node, chart }: { node: Node; chart: NodeChart }) {
  const lines = useMemo(
    () => linesOf(node as unknown as Stats, chart.fields, chart.kind),
    [node, chart],
  );
  const { id, title, kind, unit } = chart;
  return <TimeChart id={`node.${id}`} title={title} lines={lines} kind={kind} unit={unit} />;
}
