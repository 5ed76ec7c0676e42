// All consumers.

import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Consumer } from "../../api/types.ts";
import { Empty, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { DataTable } from "../../table/data-table.tsx";
import { consumers as texts } from "../../texts/connections.ts";
import { changeColumn } from "./consumer-changes.tsx";
import {
  channelColumn,
  consumerKey,
  factColumns,
  queueColumn,
  tagColumn,
  vhostOfConsumer,
} from "./consumer-columns.tsx";

const columns = [
  tagColumn,
  vhostOfConsumer,
  queueColumn,
  channelColumn,
  ...factColumns,
  changeColumn,
];

export default function ConsumersPage() {
  const [vhost] = useVhostFilter();
  const { data, error } = useApi<readonly Consumer[]>(
    vhost === "" ? "/consumers" : apiPath("consumers", vhost),
  );
  return (
    <Page title={texts.title}>
      <DataTable
        id="consumers"
        label={texts.label}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={consumerKey}
        defaultSort={{ id: "queue", desc: false }}
        empty={<Empty title={texts.empty} hint={texts.emptyHint} />}
      />
    </Page>
  );
}
