// What a tap has shown: a line each, which opens to the whole message.

import type { ReactNode } from "react";
import { useMemo } from "react";
import type { BrowsedMessage } from "../../api/beyond.ts";
import { State, type Tone } from "../../parts/facts.tsx";
import { clock } from "../../parts/format.ts";
import type { Column } from "../../table/columns.ts";
import { taps as texts } from "../../texts/watch.ts";
import { words } from "../../texts/words.ts";
import { messageColumns } from "../messages/message-columns.tsx";
import { MessageTable } from "../messages/message-table.tsx";
import type { TapEvent } from "./tap-stream.ts";

type Row = BrowsedMessage & { readonly event: TapEvent };

interface TapTableProps {
  readonly events: readonly TapEvent[];
  readonly vhost: string;
  readonly empty: ReactNode;
}

export function TapTable({ events, vhost, empty }: TapTableProps) {
  const items = useMemo(() => events.map(toRow), [events]);
  return (
    <MessageTable
      id="tap.events"
      label={texts.label}
      items={items}
      columns={columns}
      empty={empty}
      vhost={vhost}
      titleOf={titleOf}
    />
  );
}

function toRow(event: TapEvent): Row {
  const { exchange, routing_key, properties, payload, payload_encoding, payload_bytes } = event;
  return {
    ...{ exchange, routing_key, properties, payload, payload_encoding, payload_bytes, event },
    position: event.number,
    redelivered: event.redelivered ?? false,
  };
}

const TONES: Readonly<Record<TapEvent["kind"], Tone>> = {
  published: "good",
  delivered: "none",
  died: "bad",
};

function titleOf({ event }: Row): string {
  return texts.opened(texts.kinds[event.kind], timeOf(event));
}

function timeOf(event: TapEvent): string {
  return clock(Date.parse(event.time));
}

function whereOf({ event }: Row): string {
  const { kind, queue = "", reason = "", routed_queues: queues = [] } = event;
  const exchange = event.exchange || words.defaultExchange;
  if (kind === "delivered") return texts.fromQueue(queue);
  if (kind === "died") return texts.diedIn(queue, reason);
  const to = queues.length === 0 ? texts.routedNowhere : texts.routedTo(queues.join(", "));
  return `${exchange} ${to}`;
}

function whoOf({ event }: Row): string {
  return [event.consumer_tag, event.connection, event.user].filter(Boolean).join(", ");
}

const columns: readonly Column<Row>[] = [
  {
    id: "time",
    header: texts.time,
    value: ({ event }) => event.time,
    cell: ({ event }) => timeOf(event),
    width: 84,
  },
  {
    id: "kind",
    header: texts.kind,
    value: ({ event }) => texts.kinds[event.kind],
    cell: ({ event }) => <State text={texts.kinds[event.kind]} tone={TONES[event.kind]} />,
    width: 110,
  },
  { id: "where", header: texts.where, value: whereOf },
  { id: "who", header: texts.who, value: whoOf, hidden: true },
  ...(messageColumns.filter(
    ({ id }) => id !== "exchange" && id !== "died",
  ) as readonly Column<Row>[]),
];
