// The columns of a list of channels.

import type { Channel } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import type { Column } from "../../table/columns.ts";
import { countColumn, rateColumn, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { channels as texts } from "../../texts/connections.ts";

const { overview, details, transactions, rates } = texts.groups;

/** The client's address and the channel's number: the broker's own address says nothing. */
function shortName(name: string): string {
  return name.replace(/ -> \S+ \((\d+)\)$/, " ($1)");
}

export const channelColumns: readonly Column<Channel>[] = [
  {
    id: "name",
    header: texts.name,
    group: overview,
    value: (item) => item.name,
    cell: (item) => (
      <a className="link" href={linkTo.channel(item.name)} title={item.name}>
        {shortName(item.name)}
      </a>
    ),
  },
  vhostColumn({ group: overview, forSeveralVhosts: true }),
  textColumn("user", texts.user, { group: overview, wide: true, width: 100 }),
  {
    id: "mode",
    header: texts.mode,
    group: overview,
    sortKey: "confirm",
    value: (item) =>
      `${item.confirm ? texts.confirm : ""}${item.transactional ? texts.transactional : ""}`,
    cell: (item) => (
      <abbr title={texts.modeHelp}>
        {item.confirm && texts.confirm}
        {item.transactional && texts.transactional}
      </abbr>
    ),
    wide: true,
    width: 60,
  },
  {
    id: "state",
    header: texts.state,
    group: overview,
    value: (item) => item.state,
    cell: (item) => (item.state ? <State text={item.state} /> : null),
    wide: true,
    width: 96,
  },
  countColumn("messages_unconfirmed", texts.unconfirmed, { group: details, wide: true }),
  {
    id: "prefetch_count",
    header: texts.prefetch,
    group: details,
    value: (item) => item.prefetch_count,
    cell: prefetchCell,
    align: "right",
    wide: true,
    width: 80,
  },
  countColumn("messages_unacknowledged", texts.unacked, { group: details }),
  countColumn("messages_uncommitted", texts.uncommitted, { group: transactions, hidden: true }),
  countColumn("acks_uncommitted", texts.acksUncommitted, { group: transactions, hidden: true }),
  rateColumn("publish", texts.rate.publish, { group: rates }),
  rateColumn("confirm", texts.rate.confirm, { group: rates, wide: true }),
  rateColumn("drop_unroutable", texts.rate.drop_unroutable, { group: rates, wide: true }),
  rateColumn("return_unroutable", texts.rate.return_unroutable, { group: rates, hidden: true }),
  rateColumn("deliver_get", texts.rate.deliver_get, { group: rates }),
  rateColumn("redeliver", texts.rate.redeliver, { group: rates, hidden: true }),
  rateColumn("ack", texts.rate.ack, { group: rates, wide: true }),
];

function prefetchCell(item: Channel): string {
  const own = item.prefetch_count ?? 0;
  const global = item.global_prefetch_count ?? 0;
  const parts = [own > 0 ? String(own) : "", global > 0 ? `${global} (global)` : ""];
  return parts.filter((part) => part !== "").join(", ");
}

export const channelKey = (item: Channel): string => item.name;
