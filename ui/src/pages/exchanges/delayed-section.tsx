// Messages that wait at an exchange until they are due: looked at, called off, sent on at once.

import type { DelayedMessage, DelayedMessages } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Exchange } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { count, dateTime, duration } from "../../parts/format.ts";
import { exchangeSegment } from "../../parts/links.ts";
import { Empty } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { bytesColumn, textColumn } from "../../table/stat-columns.tsx";
import type { BulkAction } from "../../table/table-toolbar.tsx";
import { delayed as texts } from "../../texts/exchanges.ts";

const SHOWN_MAX = 500;

/** Shown at exchanges that hold messages back, and wherever some wait. */
export function DelayedSection({ item }: { item: Exchange }) {
  const { isLeveret } = useBroker();
  const path = apiPath("exchanges", item.vhost, exchangeSegment(item.name), "delayed");
  const { data, error } = useApi<DelayedMessages>(path, {
    query: { count: SHOWN_MAX },
    enabled: isLeveret,
  });
  const waiting = data?.count ?? 0;
  if (!isLeveret || (waiting === 0 && !holdsBack(item))) return null;
  return (
    <Section id="exchange.delayed" title={`${texts.title} (${count(waiting)})`}>
      <p className="dimmed">
        {texts.intro}
        {data && waiting > data.items.length && ` ${texts.shown(count(data.items.length))}`}
      </p>
      <DataTable
        id="exchange.delayed"
        label={texts.label}
        source={{ kind: "local", items: data?.items, error }}
        columns={columns}
        rowKey={messageId}
        defaultSort={{ id: "due_at", desc: false }}
        bulk={actionsFor(path)}
        filterHint={texts.filterHint}
        empty={<Empty title={texts.none} hint={texts.noneHint} />}
      />
    </Section>
  );
}

function holdsBack(item: Exchange): boolean {
  return item.type === "x-delayed-message" || item.arguments["x-delayed-exchange"] === true;
}

const messageId = (item: DelayedMessage): string => item.id;

const columns: readonly Column<DelayedMessage>[] = [
  {
    id: "due_at",
    header: texts.dueAt,
    value: (item) => item.due_at,
    cell: (item) => dateTime(Date.parse(item.due_at)),
    width: 160,
  },
  {
    id: "due_in",
    header: texts.dueIn,
    value: dueInMs,
    cell: (item) => duration(dueInMs(item)),
    wide: true,
    width: 110,
  },
  textColumn("routing_key", texts.key),
  {
    id: "message_id",
    header: texts.messageId,
    value: (item) => property(item, "message_id"),
  },
  bytesColumn("payload_bytes", texts.size, { wide: true }),
];

function dueInMs(item: DelayedMessage): number {
  return Math.max(0, Date.parse(item.due_at) - Date.now());
}

function property(item: DelayedMessage, name: string): string | undefined {
  const value = Array.isArray(item.properties)
    ? undefined
    : (item.properties as Record<string, unknown>)[name];
  return typeof value === "string" ? value : undefined;
}

function actionsFor(path: string): BulkAction<DelayedMessage>[] {
  const one = (item: DelayedMessage): string => path + apiPath(item.id);
  return [
    {
      label: texts.deliver,
      run: (items) =>
        runOnAll(
          items,
          (item) => request(`${one(item)}/deliver`, { method: "POST" }),
          texts.delivered,
        ),
    },
    {
      label: texts.cancel,
      destructive: true,
      run: async (items) => {
        const text = texts.cancelText(items.length);
        const sure = await confirm({ title: texts.cancelTitle, text, action: texts.cancel });
        return (
          sure &&
          runOnAll(items, (item) => request(one(item), { method: "DELETE" }), texts.cancelled)
        );
      },
    },
  ];
}
