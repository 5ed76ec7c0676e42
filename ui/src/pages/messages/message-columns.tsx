// The columns of a list of messages.

import type { BrowsedMessage } from "../../api/beyond.ts";
import { State } from "../../parts/facts.tsx";
import type { Column } from "../../table/columns.ts";
import { bytesColumn } from "../../table/stat-columns.tsx";
import { browse as texts } from "../../texts/messages.ts";
import { message } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { payloadBytes, textOf } from "./payload.ts";

const PREVIEW_CHARACTERS = 120;

export const messageColumns: readonly Column<BrowsedMessage>[] = [
  {
    id: "routing_key",
    header: message.routingKey,
    value: (item) => item.routing_key,
    width: 150,
  },
  {
    id: "exchange",
    header: message.exchange,
    hidden: true,
    value: (item) => item.exchange || words.defaultExchange,
    width: 140,
  },
  {
    id: "redelivered",
    header: message.redelivered,
    hidden: true,
    value: (item) => item.redelivered,
    width: 90,
  },
  {
    id: "died",
    header: texts.died,
    hidden: true,
    value: (item) => item.died && texts.deathOf(item.died.reason, item.died.queue),
    width: 170,
  },
  {
    id: "payload",
    header: texts.payload,
    value: preview,
    cell: (item) => <span className="mono">{preview(item)}</span>,
  },
  bytesColumn("payload_bytes", texts.size, { wide: true }),
];

export const positionColumn: Column<BrowsedMessage> = {
  id: "position",
  header: texts.position,
  value: (item) => item.position,
  cell: (item) => String(item.position),
  width: 96,
};

export const stateColumn: Column<BrowsedMessage> = {
  id: "state",
  header: texts.state,
  value: (item) => item.state,
  cell: (item) =>
    item.state && <State text={item.state} tone={item.state === "ready" ? "good" : "warn"} />,
  wide: true,
  width: 130,
};

function preview(item: BrowsedMessage): string {
  if (item.payload_encoding === "string") return item.payload.slice(0, PREVIEW_CHARACTERS);
  const raw = payloadBytes(item.payload, "base64");
  return textOf(raw)?.slice(0, PREVIEW_CHARACTERS) ?? item.payload.slice(0, PREVIEW_CHARACTERS);
}
