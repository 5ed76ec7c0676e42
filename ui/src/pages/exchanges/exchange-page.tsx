// One exchange: rates, facts, bindings both ways, publishing, deleting.

import { Button } from "@mantine/core";
import { useMemo } from "react";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Details, Exchange } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { goTo, usePathPart } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { ArgumentList, type Fact, Facts } from "../../parts/facts.tsx";
import { exchangeName, exchangeSegment, linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { bindings, exchanges as texts } from "../../texts/exchanges.ts";
import { words } from "../../texts/words.ts";
import { WatchButton } from "../watch/watch-button.tsx";
import { BindingsSection } from "./bindings.tsx";
import { DelayedSection } from "./delayed-section.tsx";
import { FeatureChips } from "./feature-chips.tsx";
import { PublishButton } from "./publish-form.tsx";
import { StatsByObject } from "./stats-by-object.tsx";

export default function ExchangePage() {
  const vhost = usePathPart("vhost");
  const name = exchangeName(usePathPart("name"));
  const [range] = useRange();
  const result = useApi<Exchange>(apiPath("exchanges", vhost, exchangeSegment(name)), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  return (
    <Page
      title={name || words.defaultExchange}
      crumb={`${texts.one} ${words.inVhost(vhost)}`}
      manyActions
      actions={<ExchangeActions vhost={vhost} name={name} />}
    >
      <Loaded result={result}>{(exchange) => <ExchangeContent item={exchange} />}</Loaded>
    </Page>
  );
}

function ExchangeActions({ vhost, name }: { vhost: string; name: string }) {
  const { isLeveret } = useBroker();
  const remove = useAction(() => request(apiPath("exchanges", vhost, name), { method: "DELETE" }), {
    done: () => {
      notifyDone(texts.deleted(name));
      goTo(linkTo.page("/exchanges"));
    },
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const question = {
      title: texts.deleteTitle,
      text: texts.deleteText(name),
      action: texts.deleteAction,
    };
    if (await confirm(question)) await remove.run(undefined);
  };
  return (
    <>
      <Button
        component="a"
        size="xs"
        variant="default"
        href={linkTo.topology(vhost, { kind: "exchange", name })}
      >
        {texts.showMap}
      </Button>
      <Button component="a" size="xs" variant="default" href={linkTo.playground(vhost, name)}>
        {texts.tryRouting}
      </Button>
      {isLeveret && <WatchButton vhost={vhost} kind="exchange" name={exchangeSegment(name)} />}
      <PublishButton vhost={vhost} exchange={name} />
      {!isPredeclared(name) && (
        <Button size="xs" color="red" onClick={() => void ask()}>
          {texts.deleteAction}
        </Button>
      )}
    </>
  );
}

function isPredeclared(name: string): boolean {
  return name === "" || name.startsWith("amq.");
}

function ExchangeContent({ item }: { item: Exchange }) {
  const stats = item.message_stats;
  const lines = useMemo(
    () =>
      [
        {
          key: "in",
          label: texts.in,
          details: stats?.publish_in_details as Details | undefined,
          now: 0,
        },
        {
          key: "out",
          label: texts.out,
          details: stats?.publish_out_details as Details | undefined,
          now: 0,
        },
      ].map((line) => ({ ...line, now: line.details?.rate ?? 0 })),
    [stats],
  );
  const of = { vhost: item.vhost, kind: "exchange" as const, name: item.name };
  return (
    <>
      <Section id="exchange.overview" title={words.overview} side={<ChartControls />}>
        <TimeChart id="exchange.rates" title={texts.rates} lines={lines} kind="rate" unit="rate" />
        <Facts items={factsOf(item)} />
      </Section>
      <DelayedSection item={item} />
      {item.name !== "" && (
        <>
          <BindingsSection {...of} side="from" title={bindings.fromThis} />
          <BindingsSection {...of} side="to" title={bindings.toThis} />
        </>
      )}
      <StatsByObject id="exchange.incoming" title={texts.incoming} items={item.incoming} />
      <StatsByObject id="exchange.outgoing" title={texts.outgoing} items={item.outgoing} />
    </>
  );
}

function factsOf(item: Exchange): Fact[] {
  return [
    [words.type, item.type],
    [texts.features, <FeatureChips key="features" item={item} policies={false} />],
    [
      words.policy,
      item.policy && (
        <TextLink href={linkTo.policy(item.vhost, item.policy)}>{item.policy}</TextLink>
      ),
    ],
    [words.arguments, <ArgumentList key="arguments" items={item.arguments} />],
    [texts.createdBy, item.user_who_performed_action],
  ];
}
