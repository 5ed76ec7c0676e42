// Running federation links.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Details } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { rate } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { federation as texts } from "../../texts/plugins.ts";
import { words } from "../../texts/words.ts";

interface FederationLink {
  readonly id: string;
  readonly node: string;
  readonly upstream: string;
  readonly uri?: string;
  readonly vhost: string;
  readonly type: "exchange" | "queue";
  readonly exchange?: string;
  readonly queue?: string;
  readonly status: string;
  readonly error?: string;
  readonly timestamp?: string;
  readonly consumer_tag?: string;
  readonly local_channel?: {
    readonly message_stats?: { readonly confirm_details?: Details };
  };
}

const columns: readonly Column<FederationLink>[] = [
  textColumn("upstream", texts.upstream),
  textColumn("uri", texts.uri),
  vhostColumn(),
  {
    id: "local",
    header: texts.local,
    value: (item) => item.exchange ?? item.queue,
    cell: (item) =>
      item.type === "exchange" ? (
        <TextLink href={linkTo.exchange(item.vhost, item.exchange ?? "")}>{item.exchange}</TextLink>
      ) : (
        <TextLink href={linkTo.queue(item.vhost, item.queue ?? "")}>{item.queue}</TextLink>
      ),
  },
  textColumn("node", words.node, { hidden: true }),
  {
    id: "status",
    header: texts.state,
    value: (item) => item.status,
    cell: (item) => (
      <>
        <State text={item.status} />
        {item.error && <div className="dimmed small">{item.error}</div>}
      </>
    ),
  },
  {
    id: "rate",
    header: texts.rate,
    value: (item) => item.local_channel?.message_stats?.confirm_details?.rate,
    cell: (item) => rate(item.local_channel?.message_stats?.confirm_details?.rate),
  },
  textColumn("timestamp", texts.lastChanged),
  textColumn("id", texts.id, { hidden: true }),
  textColumn("consumer_tag", texts.consumerTag, { hidden: true }),
  {
    id: "restart",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) => <RestartButton link={item} />,
    align: "right",
  },
];

function RestartButton({ link }: { link: FederationLink }) {
  const path = apiPath("federation-links", "vhost", link.vhost, link.id, link.node, "restart");
  const restart = useAction(() => request(path, { method: "DELETE" }), {
    done: () => notifyDone(texts.restarted),
    failed: notifyFailed,
  });
  return (
    <Button size="compact-xs" variant="default" onClick={() => void restart.run(undefined)}>
      {texts.restart}
    </Button>
  );
}

const linkKey = (item: FederationLink): string => JSON.stringify([item.vhost, item.id, item.node]);

export default function FederationStatusPage() {
  const result = useApi<readonly FederationLink[]>("/federation-links");
  return (
    <Page title={texts.statusTitle}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="federation-links"
            label={texts.label}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={linkKey}
            empty={<Empty title={texts.none} hint={texts.noneHint} />}
          />
        )}
      </Loaded>
    </Page>
  );
}
