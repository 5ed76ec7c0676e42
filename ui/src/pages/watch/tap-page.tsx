// Copies of messages as they pass an exchange, a queue or a connection, filtered.

import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import { ActionForm } from "../../form/action-form.tsx";
import type { Field, FormValues } from "../../form/fields.ts";
import { useVhosts } from "../../form/vhost-field.ts";
import { useSearchText } from "../../parts/address.ts";
import { State } from "../../parts/facts.tsx";
import { count } from "../../parts/format.ts";
import { exchangeSegment } from "../../parts/links.ts";
import { Empty, Failure, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { taps as texts } from "../../texts/watch.ts";
import { words } from "../../texts/words.ts";
import { TapTable } from "./tap-table.tsx";
import { EVENTS_MAX, type RunningTap, type TapQuery, useTap } from "./use-tap.ts";

type Source = keyof typeof texts.sources;
type Address = Readonly<Record<string, string | undefined>>;

export default function TapPage() {
  const [address, setAddress] = useSearchText();
  const [filter] = useVhostFilter();
  const vhosts = useVhosts().map(({ name }) => name);
  const vhost = address.vhost ?? (filter || vhosts[0] || "/");
  const tap = useTap();
  const started = useRef<string | undefined>(undefined);
  const start = async (values: FormValues): Promise<boolean> => {
    const what = asked(values);
    const source = values.source === "all" ? "all" : undefined;
    const next = { ...NOTHING, ...what.query, vhost: what.vhost, source };
    started.current = keyOf(next);
    setAddress(next);
    tap.start(what);
    return true;
  };
  const key = keyOf({ ...address, vhost });
  // A link led to something else: what runs is not what the form says any more.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another address stops it
  useEffect(() => {
    if (key !== started.current) tap.stop();
  }, [key]);
  return (
    <Page title={texts.title} crumb={texts.intro}>
      <Section id="tap.what" title={texts.what}>
        <ActionForm
          key={`${vhosts.join()} ${key}`}
          fields={fieldsFor(address, vhost, vhosts)}
          submitLabel={texts.start}
          onSubmit={start}
          inline
          beside={
            tap.running && (
              <Button variant="default" onClick={tap.stop}>
                {texts.stop}
              </Button>
            )
          }
        />
      </Section>
      {tap.error && <Failure error={tap.error} />}
      {tap.ended && (
        <div className="banner" data-tone="warn" role="status">
          {texts.ended}
        </div>
      )}
      <Events tap={tap} vhost={vhost} />
    </Page>
  );
}

function Events({ tap, vhost }: { tap: RunningTap; vhost: string }) {
  return (
    <Section
      id="tap.events"
      title={texts.label}
      side={
        <>
          <State
            text={tap.open ? texts.running : tap.running ? texts.starting : texts.stopped}
            tone={tap.open ? "good" : "none"}
          />
          <span className="dimmed" role="status">
            {texts.seen(count(tap.seen))}
            {tap.missed > 0 && `, ${texts.missed(count(tap.missed))}`}
          </span>
          <Button size="compact-xs" variant="default" onClick={tap.clear}>
            {texts.clear}
          </Button>
        </>
      }
    >
      {tap.missed > 0 && (
        <div className="banner" data-tone="warn">
          {texts.missedHint(count(tap.missed))}
        </div>
      )}
      {tap.seen > EVENTS_MAX && <p className="dimmed">{texts.kept(count(EVENTS_MAX))}</p>}
      <TapTable events={tap.events} vhost={vhost} empty={<NothingYet tap={tap} />} />
    </Section>
  );
}

function NothingYet({ tap }: { tap: RunningTap }) {
  if (tap.open) return <Empty title={texts.none} hint={texts.noneHint} />;
  if (tap.running) return <Empty title={texts.starting} />;
  return <Empty title={texts.notStarted} hint={texts.notStartedHint} />;
}

const FILTERS = ["key", "text", "header", "property", "path"] as const;
const KINDS = ["published", "delivered", "died"] as const;
const NOTHING: Address = Object.fromEntries(
  ["exchange", "queue", "connection", "source", "kinds", ...FILTERS].map((name) => [
    name,
    undefined,
  ]),
);

/** What an address asks to watch. */
function keyOf(address: Address): string {
  return JSON.stringify(["vhost", ...Object.keys(NOTHING)].map((name) => address[name] ?? ""));
}

function sourceOf(address: Address): Source {
  if (address.source === "all") return "all";
  if (address.queue !== undefined) return "queue";
  return address.connection === undefined ? "exchange" : "connection";
}

function fieldsFor(address: Address, vhost: string, vhosts: readonly string[]): Field[] {
  const source = sourceOf(address);
  const names = vhosts.includes(vhost) ? vhosts : [vhost, ...vhosts];
  const filter = (name: (typeof FILTERS)[number], placeholder?: string): Field => ({
    kind: "text",
    name,
    label: texts[name],
    placeholder,
    initial: address[name] ?? "",
  });
  return [
    {
      kind: "select",
      name: "vhost",
      label: texts.vhost,
      initial: vhost,
      options: names.map((name) => ({ value: name, label: name })),
    },
    {
      kind: "select",
      name: "source",
      label: texts.what,
      initial: source,
      options: Object.entries(texts.sources).map(([value, label]) => ({ value, label })),
    },
    {
      kind: "text",
      name: "name",
      label: texts.name,
      initial: source === "all" ? "" : (address[source] ?? ""),
      placeholder: words.name,
      when: (values) => values.source !== "all",
      check: (text) => (text === "" ? texts.needsName : undefined),
    },
    filter("key"),
    filter("text"),
    filter("header", texts.headerHint),
    filter("property", texts.propertyHint),
    filter("path", texts.pathHint),
    ...KINDS.map(
      (kind): Field => ({
        kind: "switch",
        name: kind,
        label: texts.kinds[kind],
        initial: (address.kinds ?? kind).split(",").includes(kind),
      }),
    ),
  ];
}

function asked(values: FormValues): TapQuery {
  const source = values.source as Source;
  const name = String(values.name);
  const chosen = KINDS.filter((kind) => values[kind] === true);
  const filters = FILTERS.flatMap((key) =>
    values[key] === "" ? [] : [[key, String(values[key])]],
  );
  return {
    vhost: String(values.vhost),
    query: {
      ...(source === "all"
        ? {}
        : { [source]: source === "exchange" ? exchangeSegment(name) : name }),
      ...Object.fromEntries(filters),
      ...(chosen.length === KINDS.length || chosen.length === 0 ? {} : { kinds: chosen.join(",") }),
    },
  };
}
