// All connections.

import { apiPath } from "../../api/client.ts";
import type { Connection } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { Empty, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import {
  byteRateColumn,
  countColumn,
  flagColumn,
  TextLink,
  textColumn,
  timeColumn,
  vhostColumn,
} from "../../table/stat-columns.tsx";
import { connections as texts } from "../../texts/connections.ts";
import { words } from "../../texts/words.ts";
import { closeConnections } from "./close-connection.ts";

const { overview, details, network } = texts.groups;

const columns: readonly Column<Connection>[] = [
  vhostColumn({ group: overview, forSeveralVhosts: true }),
  {
    id: "name",
    header: texts.name,
    group: overview,
    value: (item) => `${item.name} ${clientName(item) ?? ""}`,
    cell: nameCell,
  },
  textColumn("node", words.node, { group: overview, hidden: true }),
  textColumn("user", texts.user, { group: overview, wide: true, width: 110 }),
  {
    id: "state",
    header: texts.state,
    group: overview,
    value: (item) => item.state,
    cell: (item) => (item.state ? <State text={item.state} /> : null),
    width: 100,
  },
  flagColumn("ssl", texts.tls, { group: details, wide: true }),
  {
    id: "ssl_protocol",
    header: texts.tlsDetails,
    group: details,
    hidden: true,
    value: (item) => [item.ssl_protocol, item.ssl_cipher, item.ssl_hash].filter(Boolean).join(" "),
    width: 160,
  },
  textColumn("protocol", texts.protocol, { group: details, wide: true, width: 110 }),
  countColumn("channels", texts.channels, { group: details }),
  countColumn("channel_max", texts.channelMax, { group: details, hidden: true }),
  countColumn("frame_max", texts.frameMax, { group: details, hidden: true }),
  textColumn("auth_mechanism", texts.authMechanism, { group: details, hidden: true }),
  {
    id: "client_properties.product",
    header: texts.client,
    group: details,
    hidden: true,
    value: clientOf,
    width: 160,
  },
  textColumn("container_id", texts.container, { group: details, hidden: true }),
  byteRateColumn("recv_oct", texts.fromClient, { group: network, wide: true }),
  byteRateColumn("send_oct", texts.toClient, { group: network, wide: true }),
  {
    id: "timeout",
    header: texts.heartbeat,
    group: network,
    hidden: true,
    value: (item) => item.timeout,
    cell: (item) => (item.timeout === undefined ? null : texts.seconds(item.timeout)),
    width: 90,
  },
  timeColumn("connected_at", texts.connectedAt, { group: network, hidden: true }),
];

function clientName(item: Connection): string | undefined {
  const own = item.user_provided_name ?? item.client_properties?.connection_name;
  return typeof own === "string" ? own : undefined;
}

function clientOf(item: Connection): string {
  const { product, platform, version } = item.client_properties ?? {};
  return [product, platform, version].filter(Boolean).map(String).join(" / ");
}

function nameCell(item: Connection) {
  const own = clientName(item);
  return (
    <>
      <TextLink href={linkTo.connection(item.name)}>{own ?? item.name}</TextLink>
      {own && <span className="dimmed small"> {item.name}</span>}
    </>
  );
}

const connectionKey = (item: Connection): string => item.name;

export default function ConnectionsPage() {
  const [vhost] = useVhostFilter();
  const path = vhost === "" ? "/connections" : apiPath("vhosts", vhost, "connections");
  return (
    <Page title={texts.title}>
      <DataTable
        id="connections"
        label={texts.label}
        source={{ kind: "server", path }}
        columns={columns}
        rowKey={connectionKey}
        defaultSort={{ id: "name", desc: false }}
        bulk={[{ label: texts.close, destructive: true, run: closeConnections }]}
        empty={<Empty title={texts.empty} hint={texts.emptyHint} />}
      />
    </Page>
  );
}
