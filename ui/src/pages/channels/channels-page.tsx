// All channels.

import { apiPath } from "../../api/client.ts";
import { Empty, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { DataTable } from "../../table/data-table.tsx";
import { channels as texts } from "../../texts/connections.ts";
import { channelColumns, channelKey } from "./channel-columns.tsx";

export default function ChannelsPage() {
  const [vhost] = useVhostFilter();
  const path = vhost === "" ? "/channels" : apiPath("vhosts", vhost, "channels");
  return (
    <Page title={texts.title}>
      <DataTable
        id="channels"
        label={texts.label}
        source={{ kind: "server", path }}
        columns={channelColumns}
        rowKey={channelKey}
        defaultSort={{ id: "name", desc: false }}
        empty={<Empty title={texts.empty} hint={texts.emptyHint} />}
      />
    </Page>
  );
}
