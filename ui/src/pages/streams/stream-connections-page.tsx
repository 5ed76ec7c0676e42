// Clients of the stream protocol.

import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Connection } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { byteRateColumn, TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { streams as texts } from "../../texts/plugins.ts";

const columns: readonly Column<Connection>[] = [
  vhostColumn(),
  {
    id: "name",
    header: texts.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.connection(item.name)}>{item.name}</TextLink>,
  },
  textColumn("user", texts.user),
  {
    id: "state",
    header: texts.state,
    value: (item) => item.state,
    cell: (item) => (item.state ? <State text={item.state} /> : null),
  },
  byteRateColumn("recv_oct", texts.fromClient),
  byteRateColumn("send_oct", texts.toClient),
];

const connectionKey = (item: Connection): string => item.name;

export default function StreamConnectionsPage() {
  const [vhost] = useVhostFilter();
  const result = useApi<readonly Connection[]>(
    vhost === "" ? "/stream/connections" : apiPath("stream", "connections", vhost),
  );
  return (
    <Page title={texts.title}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="stream-connections"
            label={texts.label}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={connectionKey}
            empty={<Empty title={texts.none} hint={texts.noneHint} />}
          />
        )}
      </Loaded>
    </Page>
  );
}
