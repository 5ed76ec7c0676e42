// All exchanges, and adding one.

import { apiPath, request } from "../../api/client.ts";
import type { Exchange } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { linkTo } from "../../parts/links.ts";
import { Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { rateColumn, TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { exchanges as texts } from "../../texts/exchanges.ts";
import { words } from "../../texts/words.ts";
import { AddExchange } from "./add-exchange.tsx";
import { FeatureChips, featureText } from "./feature-chips.tsx";

const columns: readonly Column<Exchange>[] = [
  vhostColumn({ forSeveralVhosts: true }),
  {
    id: "name",
    header: words.name,
    value: (item) => item.name || words.defaultExchange,
    cell: (item) => (
      <TextLink href={linkTo.exchange(item.vhost, item.name)}>
        {item.name || words.defaultExchange}
      </TextLink>
    ),
  },
  textColumn("type", words.type, { wide: true, width: 150 }),
  {
    id: "features",
    header: texts.featuresPolicy,
    sortKey: false,
    value: (item) => featureText(item, true),
    cell: (item) => <FeatureChips item={item} policies />,
    wide: true,
    width: 180,
  },
  {
    id: "features_no_policy",
    header: texts.features,
    hidden: true,
    sortKey: false,
    value: (item) => featureText(item, false),
    cell: (item) => <FeatureChips item={item} policies={false} />,
    width: 160,
  },
  textColumn("policy", words.policy, { hidden: true }),
  rateColumn("publish_in", texts.rateIn),
  rateColumn("publish_out", texts.rateOut),
];

const exchangeKey = (item: Exchange): string => `${item.vhost}/${item.name}`;

async function deleteExchanges(items: readonly Exchange[]): Promise<boolean> {
  const sure = await confirm({
    title: texts.deleteTitle,
    text: texts.deleteManyText(items.length),
    action: texts.deleteAction,
  });
  if (!sure) return false;
  return runOnAll(
    items,
    (item) => request(apiPath("exchanges", item.vhost, item.name), { method: "DELETE" }),
    texts.deletedMany,
  );
}

export default function ExchangesPage() {
  const [vhost] = useVhostFilter();
  return (
    <Page title={texts.title} actions={<AddExchange />}>
      <DataTable
        id="exchanges"
        label={texts.label}
        source={{
          kind: "server",
          path: vhost === "" ? "/exchanges" : apiPath("exchanges", vhost),
        }}
        columns={columns}
        rowKey={exchangeKey}
        defaultSort={{ id: "name", desc: false }}
        bulk={[{ label: texts.deleteAction, destructive: true, run: deleteExchanges }]}
      />
    </Page>
  );
}
