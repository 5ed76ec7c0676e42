// Shovels as they are defined.

import { apiPath, request } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Parameter } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, vhostColumn } from "../../table/stat-columns.tsx";
import { shovels as texts } from "../../texts/plugins.ts";
import { words } from "../../texts/words.ts";
import { shovelEnd } from "./shovel-facts.ts";
import { AddShovel } from "./shovel-form.tsx";

const columns: readonly Column<Parameter>[] = [
  vhostColumn(),
  {
    id: "name",
    header: texts.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.shovel(item.vhost, item.name)}>{item.name}</TextLink>,
  },
  endColumn("src", texts.source),
  endColumn("dest", texts.destination),
  valueColumn("src-prefetch-count", texts.prefetch),
  valueColumn("reconnect-delay", texts.reconnect),
  {
    id: "headers",
    header: texts.headers,
    value: (item) => yesNo(item.value["dest-add-forward-headers"] as boolean | undefined),
  },
  valueColumn("ack-mode", texts.ackMode),
  valueColumn("src-delete-after", texts.autoDelete),
];

function valueColumn(field: string, header: string): Column<Parameter> {
  return {
    id: field,
    header,
    value: (item) => {
      const value = item.value[field];
      return value === undefined ? undefined : String(value);
    },
  };
}

function endColumn(side: "src" | "dest", header: string): Column<Parameter> {
  return {
    id: side,
    header,
    value: (item) => {
      const { protocol, uri, endpoint } = shovelEnd(item.value, side);
      return [protocol, uri, endpoint].filter(Boolean).join(" ");
    },
  };
}

const parameterKey = (item: Parameter): string => JSON.stringify([item.vhost, item.name]);

export default function ShovelsPage() {
  const { isLeveret } = useBroker();
  const result = useApi<readonly Parameter[]>("/parameters/shovel", { enabled: !isLeveret });
  if (isLeveret) {
    return (
      <Page title={texts.title}>
        <NotHere />
      </Page>
    );
  }
  return (
    <Page title={texts.title} actions={<AddShovel />}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="shovels"
            label={texts.label}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={parameterKey}
            empty={<Empty title={texts.none} hint={texts.noneHint} />}
            bulk={[{ label: words.delete, destructive: true, run: deleteShovels }]}
          />
        )}
      </Loaded>
    </Page>
  );
}

async function deleteShovels(items: readonly Parameter[]): Promise<boolean> {
  const names = items.map((item) => item.name).join(", ");
  const question = {
    title: texts.deleteTitle,
    text: texts.deleteText(names),
    action: words.delete,
  };
  if (!(await confirm(question))) return false;
  const remove = (item: Parameter): Promise<unknown> =>
    request(apiPath("parameters", "shovel", item.vhost, item.name), { method: "DELETE" });
  return runOnAll(items, remove, () => texts.deleted);
}
