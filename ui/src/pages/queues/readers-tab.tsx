// Who reads a stream and how far they are; offsets and publishing ids that are kept under names.

import type { StreamReader, StreamTracking } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { State } from "../../parts/facts.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { streams as texts } from "../../texts/streams.ts";
import { words } from "../../texts/words.ts";

export default function ReadersTab({ queue }: { queue: Queue }) {
  const path = (...rest: string[]): string => apiPath("stream", queue.vhost, queue.name, ...rest);
  const readers = useApi<readonly StreamReader[]>(path("readers"));
  const tracking = useApi<StreamTracking>(path("tracking"));
  const last = typeof queue.last_offset === "number" ? queue.last_offset : undefined;
  return (
    <>
      <Section id="stream.readers" title={texts.readers}>
        <p className="dimmed">{texts.readersIntro}</p>
        <Loaded result={readers}>
          {(items) => (
            <DataTable
              id="stream.readers"
              label={texts.readers}
              source={{ kind: "local", items }}
              columns={readerColumns}
              rowKey={readerKey}
              empty={<Empty title={texts.noReaders} hint={texts.noReadersHint} />}
              plain
            />
          )}
        </Loaded>
      </Section>
      <Section
        id="stream.offsets"
        title={texts.offsets}
        side={<StoreOffset path={path} initial={last} />}
      >
        <p className="dimmed">{texts.offsetsIntro}</p>
        <Loaded result={tracking}>
          {({ offsets }) => (
            <DataTable
              id="stream.offsets"
              label={texts.offsets}
              source={{ kind: "local", items: trackedOf(offsets) }}
              columns={offsetColumns}
              rowKey={trackedKey}
              bulk={[
                { label: texts.forget, destructive: true, run: (items) => forget(path, items) },
              ]}
              empty={<Empty title={texts.noOffsets} hint={texts.noOffsetsHint} />}
            />
          )}
        </Loaded>
      </Section>
      <Writers writers={tracking.data?.writers ?? {}} />
    </>
  );
}

function Writers({ writers }: { writers: StreamTracking["writers"] }) {
  if (Object.keys(writers).length === 0) return null;
  return (
    <Section id="stream.writers" title={texts.writers}>
      <p className="dimmed">{texts.writersIntro}</p>
      <DataTable
        id="stream.writers"
        label={texts.writers}
        source={{ kind: "local", items: trackedOf(writers) }}
        columns={writerColumns}
        rowKey={trackedKey}
        plain
      />
    </Section>
  );
}

type PathOf = (...rest: string[]) => string;

function StoreOffset({ path, initial }: { path: PathOf; initial: number | undefined }) {
  const store = useAction(
    (values: FormValues) =>
      request(path("tracking", String(values.reader)), {
        method: "PUT",
        body: { offset: Number(values.offset) },
      }),
    { done: () => notifyDone(texts.stored2), failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.store}
      title={texts.store}
      intro={texts.storeHint}
      fields={[
        { kind: "text", name: "reader", label: texts.readerName, required: true },
        {
          kind: "number",
          name: "offset",
          label: texts.offset,
          required: true,
          initial: initial === undefined ? "" : String(initial),
        },
      ]}
      submitLabel={texts.store}
      onSubmit={store.run}
    />
  );
}

async function forget(path: PathOf, items: readonly Tracked[]): Promise<boolean> {
  const text = texts.forgetText(items.map(({ name }) => name).join(", "));
  if (!(await confirm({ title: texts.forgetTitle, text, action: texts.forget }))) return false;
  return runOnAll(
    items,
    ({ name }) => request(path("tracking", name), { method: "DELETE" }),
    texts.forgotten,
  );
}

interface Tracked {
  readonly name: string;
  readonly at: number;
}

function trackedOf(table: Readonly<Record<string, number>>): Tracked[] {
  return Object.entries(table).map(([name, at]) => ({ name, at }));
}

const trackedKey = (item: Tracked): string => item.name;
const readerKey = (item: StreamReader): string =>
  `${item.consumer_tag} ${item.name} ${item.offset}`;

function offsetColumn<Item>(id: string, header: string, of: (item: Item) => number): Column<Item> {
  return { id, header, value: of, cell: (item) => String(of(item)), align: "right", width: 150 };
}

const readerColumns: readonly Column<StreamReader>[] = [
  { id: "consumer_tag", header: texts.tag, value: (item) => item.consumer_tag },
  { id: "name", header: texts.readerName, value: (item) => item.name ?? undefined },
  {
    id: "active",
    header: words.state,
    value: (item) => (item.active ? texts.active : texts.waiting),
    cell: (item) => (
      <State
        text={item.active ? texts.active : texts.waiting}
        tone={item.active ? "good" : "none"}
      />
    ),
    wide: true,
    width: 110,
  },
  offsetColumn("offset", texts.offset, (item) => item.offset),
  {
    id: "lag",
    header: texts.lag,
    value: (item) => item.offset_lag,
    align: "right",
    width: 130,
  },
];

const nameColumn: Column<Tracked> = {
  id: "name",
  header: words.name,
  value: (item) => item.name,
};
const offsetColumns = [nameColumn, offsetColumn<Tracked>("offset", texts.offset, ({ at }) => at)];
const writerColumns = [
  nameColumn,
  offsetColumn<Tracked>("publishing_id", texts.publishingId, ({ at }) => at),
];
