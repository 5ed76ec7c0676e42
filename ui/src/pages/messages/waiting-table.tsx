// Messages that wait until they are due: looked at, taken out, sent on at once. At exchanges that hold messages back, and
// in queues whose messages wait for a retry.

import type { WaitingMessage } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { dateTime, duration } from "../../parts/format.ts";
import { Empty } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { bytesColumn, textColumn } from "../../table/stat-columns.tsx";
import type { BulkAction } from "../../table/table-toolbar.tsx";
import type { WaitingTexts } from "../../texts/messages.ts";

/** Each message is under its key behind `path`; columns of the caller's own come first. */
export function WaitingTable<T extends WaitingMessage>(props: {
  id: string;
  path: string;
  items: readonly T[] | undefined;
  error: Error | null;
  keyOf: (item: T) => string;
  more?: readonly Column<T>[];
  texts: WaitingTexts;
}) {
  const { id, path, items, error, keyOf, more = [], texts } = props;
  return (
    <DataTable
      id={id}
      label={texts.label}
      source={{ kind: "local", items, error }}
      columns={[...columnsOf<T>(texts), ...more]}
      rowKey={keyOf}
      defaultSort={{ id: "due_at", desc: false }}
      bulk={actionsFor(path, keyOf, texts)}
      filterHint={texts.filterHint}
      empty={<Empty title={texts.none} hint={texts.noneHint} />}
    />
  );
}

function columnsOf<T extends WaitingMessage>(texts: WaitingTexts): readonly Column<T>[] {
  return [
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
}

function dueInMs(item: WaitingMessage): number {
  return Math.max(0, Date.parse(item.due_at) - Date.now());
}

function property(item: WaitingMessage, name: string): string | undefined {
  const value = Array.isArray(item.properties)
    ? undefined
    : (item.properties as Record<string, unknown>)[name];
  return typeof value === "string" ? value : undefined;
}

function actionsFor<T>(
  path: string,
  keyOf: (item: T) => string,
  texts: WaitingTexts,
): BulkAction<T>[] {
  const one = (item: T): string => path + apiPath(keyOf(item));
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
