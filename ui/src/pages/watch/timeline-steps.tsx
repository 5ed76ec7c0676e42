// The steps of one message, the oldest first.

import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import { State, type Tone } from "../../parts/facts.tsx";
import { dateTime, value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { timelines as texts } from "../../texts/watch.ts";
import { words } from "../../texts/words.ts";

interface Step {
  readonly kind: keyof typeof texts.kinds;
  readonly time: string;
  readonly exchange?: string;
  readonly queue?: string;
  readonly [fact: string]: unknown;
}

interface PlacedStep extends Step {
  /** Steps of one millisecond are alike but for their place. */
  readonly place: number;
}

export function TimelineSteps({ vhost, id }: { vhost: string; id: string }) {
  const result = useApi<readonly Step[]>(apiPath("timeline", vhost), {
    query: { id },
    keepPrevious: false,
  });
  return (
    <Loaded result={result}>
      {(steps) => (
        <DataTable
          id="timeline.steps"
          label={texts.label}
          source={{ kind: "local", items: steps.map((step, place) => ({ ...step, place })) }}
          columns={columnsFor(vhost)}
          rowKey={placeOf}
          empty={<Empty title={texts.nothing} hint={texts.nothingHint} />}
          plain
        />
      )}
    </Loaded>
  );
}

const placeOf = ({ place }: PlacedStep): string => String(place);

const TONES: Partial<Readonly<Record<Step["kind"], Tone>>> = {
  published: "good",
  acknowledged: "good",
  requeued: "warn",
  rejected: "bad",
  died: "bad",
};

function columnsFor(vhost: string): Column<PlacedStep>[] {
  return [
    {
      id: "time",
      header: texts.time,
      value: (item) => item.time,
      cell: (item) => <>{timeText(item.time)}</>,
      width: 180,
    },
    {
      id: "kind",
      header: texts.kind,
      value: (item) => texts.kinds[item.kind] ?? item.kind,
      cell: (item) => (
        <State text={texts.kinds[item.kind] ?? item.kind} tone={TONES[item.kind] ?? "none"} />
      ),
      width: 130,
    },
    {
      id: "where",
      header: texts.where,
      value: (item) => item.queue ?? item.exchange,
      cell: (item) => <Where item={item} vhost={vhost} />,
    },
    { id: "details", header: texts.details, value: detailsOf },
  ];
}

function timeText(time: string): string {
  return `${dateTime(Date.parse(time))}.${time.slice(20, 23)}`;
}

function Where({ item, vhost }: { item: Step; vhost: string }) {
  const { queue, exchange } = item;
  if (queue !== undefined) return <TextLink href={linkTo.queue(vhost, queue)}>{queue}</TextLink>;
  if (exchange === undefined) return null;
  return (
    <TextLink href={linkTo.exchange(vhost, exchange)}>{exchange || words.defaultExchange}</TextLink>
  );
}

const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  "kind",
  "time",
  "place",
  "queue",
  "exchange",
]);

function detailsOf(item: PlacedStep): string {
  return Object.entries(item)
    .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
    .map(([name, fact]) => `${name}: ${Array.isArray(fact) ? fact.join(", ") : valueText(fact)}`)
    .join(" · ");
}
