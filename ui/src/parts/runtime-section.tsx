// What the broker's runtime tells about one process; only brokers that have such processes fill it.

import { useMemo } from "react";
import type { Details } from "../api/types.ts";
import { TimeChart } from "../chart/time-chart.tsx";
import { connections as texts } from "../texts/connections.ts";
import { Facts } from "./facts.tsx";
import { count } from "./format.ts";
import { Section } from "./section.tsx";

interface WithRuntime {
  readonly reductions_details?: Details;
  readonly garbage_collection?: Readonly<Record<string, number>>;
}

export function RuntimeSection({ id, item }: { id: string; item: WithRuntime }) {
  const { reductions_details: details, garbage_collection: collection } = item;
  const lines = useMemo(() => [{ key: "reductions", label: texts.work, details }], [details]);
  if (details === undefined && collection === undefined) return null;
  return (
    <Section id={`${id}.runtime`} title={texts.runtime} folded>
      <TimeChart
        id={`${id}.runtime`}
        title={texts.work}
        help={texts.workHelp}
        lines={lines}
        kind="rate"
        unit="rate"
      />
      <Facts
        items={Object.entries(collection ?? {}).map(([name, value]) => [
          name.replaceAll("_", " "),
          count(value),
        ])}
      />
    </Section>
  );
}
