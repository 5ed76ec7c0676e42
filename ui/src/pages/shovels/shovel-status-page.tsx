// Running shovels.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, textColumn } from "../../table/stat-columns.tsx";
import { shovels as texts } from "../../texts/plugins.ts";
import { words } from "../../texts/words.ts";
import { type RunningShovel, shovelEnd } from "./shovel-facts.ts";

const columns: readonly Column<RunningShovel>[] = [
  {
    id: "name",
    header: texts.name,
    value: (item) => item.name,
    cell: (item) =>
      item.vhost === undefined ? (
        item.name
      ) : (
        <TextLink href={linkTo.shovel(item.vhost, item.name)}>{item.name}</TextLink>
      ),
  },
  textColumn("vhost", words.vhost),
  textColumn("type", texts.kind),
  {
    id: "state",
    header: texts.state,
    value: (item) => item.state,
    cell: (item) => (
      <>
        <State text={item.state} />
        {item.reason && <div className="dimmed small">{item.reason}</div>}
      </>
    ),
  },
  endColumn("src", texts.source),
  endColumn("dest", texts.destination),
  textColumn("timestamp", texts.lastChanged),
  {
    id: "restart",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) =>
      item.vhost !== undefined && <RestartButton vhost={item.vhost} name={item.name} />,
    align: "right",
  },
];

function endColumn(side: "src" | "dest", header: string): Column<RunningShovel> {
  const text = (item: RunningShovel): string => {
    const { protocol, uri, endpoint } = shovelEnd(item, side);
    return [protocol, uri, endpoint].filter(Boolean).join(" ");
  };
  return { id: side, header, value: text };
}

function RestartButton({ vhost, name }: { vhost: string; name: string }) {
  const restart = useAction(
    () => request(apiPath("shovels", "vhost", vhost, name, "restart"), { method: "DELETE" }),
    { done: () => notifyDone(texts.restarted), failed: notifyFailed },
  );
  return (
    <Button size="compact-xs" variant="default" onClick={() => void restart.run(undefined)}>
      {texts.restart}
    </Button>
  );
}

const shovelKey = (item: RunningShovel): string => JSON.stringify([item.vhost, item.name]);

export default function ShovelStatusPage() {
  const result = useApi<readonly RunningShovel[]>("/shovels");
  return (
    <Page title={texts.statusTitle}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="shovel-status"
            label={texts.label}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={shovelKey}
            empty={<Empty title={texts.none} hint={texts.noneHint} />}
          />
        )}
      </Loaded>
    </Page>
  );
}
