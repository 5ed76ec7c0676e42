// Overview: totals, charts, counts, nodes, churn, ports, definitions; on a new broker, how to connect.

import { lazy, Suspense, useMemo } from "react";
import { useApi } from "../../api/query.ts";
import type { Overview } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { linesOrZero } from "../../chart/series.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { count } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { messageRates, queuedMessages } from "../../texts/charts.ts";
import { overview as texts } from "../../texts/overview.ts";
import { DefinitionsSection } from "./definitions-section.tsx";
import { NodesSection } from "./nodes-section.tsx";
import { PortsSection } from "./ports-section.tsx";

const FirstSteps = lazy(() => import("./first-steps.tsx"));

export default function OverviewPage() {
  const [range] = useRange();
  const [vhost] = useVhostFilter();
  const result = useApi<Overview>("/overview", {
    query: { ...sampleQuery(range), vhost: vhost || undefined },
  });
  return (
    <Page title={texts.title} actions={<ChartControls />}>
      <Loaded result={result}>{(overview) => <OverviewContent overview={overview} />}</Loaded>
    </Page>
  );
}

function OverviewContent({ overview }: { overview: Overview }) {
  const seesNodes = useTag("monitoring");
  const mayDefine = useTag("administrator");
  const totals = overview.object_totals ?? {};
  const isNew = (totals.connections ?? 0) === 0 && (totals.queues ?? 0) === 0;
  return (
    <>
      {overview.disable_stats && (
        <div className="banner" data-tone="warn">
          {texts.statsDisabled}
        </div>
      )}
      {isNew && (
        <Suspense>
          <FirstSteps listeners={overview.listeners ?? []} />
        </Suspense>
      )}
      <Counts totals={totals} />
      <Totals overview={overview} />
      {seesNodes && <NodesSection />}
      <Churn overview={overview} />
      {seesNodes && <PortsSection overview={overview} />}
      {mayDefine && <DefinitionsSection />}
    </>
  );
}

const COUNT_PAGES: readonly [keyof typeof texts.counts, string][] = [
  ["connections", "/connections"],
  ["channels", "/channels"],
  ["exchanges", "/exchanges"],
  ["queues", "/queues"],
  ["consumers", "/consumers"],
];

function Counts({ totals }: { totals: Readonly<Record<string, number>> }) {
  return (
    <div className="tiles">
      {COUNT_PAGES.map(([key, path]) => (
        <a className="tile" key={key} href={linkTo.page(path)}>
          <div className="dimmed">{texts.counts[key]}</div>
          <div className="tile-value">{count(totals[key])}</div>
        </a>
      ))}
    </div>
  );
}

function Totals({ overview }: { overview: Overview }) {
  const queued = useMemo(
    () => linesOrZero(overview.queue_totals, queuedMessages, "level"),
    [overview.queue_totals],
  );
  const rates = useMemo(
    () => linesOrZero(overview.message_stats, messageRates, "rate"),
    [overview.message_stats],
  );
  return (
    <Section id="overview.totals" title={texts.totals}>
      <div className="columns">
        <TimeChart
          id="queued"
          title={texts.queued}
          help={texts.queuedHelp}
          lines={queued}
          kind="level"
          unit="count"
        />
        <TimeChart
          id="rates"
          title={texts.rates}
          help={texts.ratesHelp}
          lines={rates}
          kind="rate"
          unit="rate"
        />
      </div>
    </Section>
  );
}

function Churn({ overview }: { overview: Overview }) {
  const rates = overview.churn_rates;
  const lines = useMemo(
    () => ({
      connection: linesOrZero(rates, texts.churnLabels.connection, "rate"),
      channel: linesOrZero(rates, texts.churnLabels.channel, "rate"),
      queue: linesOrZero(rates, texts.churnLabels.queue, "rate"),
    }),
    [rates],
  );
  if (rates === undefined) return null;
  return (
    <Section id="overview.churn" title={texts.churn} folded>
      <div className="columns">
        <TimeChart
          id="churn.connection"
          title={texts.connectionChurn}
          lines={lines.connection}
          kind="rate"
          unit="rate"
        />
        <TimeChart
          id="churn.channel"
          title={texts.channelChurn}
          lines={lines.channel}
          kind="rate"
          unit="rate"
        />
        <TimeChart
          id="churn.queue"
          title={texts.queueChurn}
          lines={lines.queue}
          kind="rate"
          unit="rate"
        />
      </div>
    </Section>
  );
}
