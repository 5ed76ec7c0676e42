// Feature flags: their state, and enabling them.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { FeatureFlag } from "../../api/types.ts";
import { State } from "../../parts/facts.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { textColumn } from "../../table/stat-columns.tsx";
import { features as texts } from "../../texts/admin.ts";

function enable(name: string): Promise<unknown> {
  return request(apiPath("feature-flags", name, "enable"), { method: "PUT", body: { name } });
}

const columns: readonly Column<FeatureFlag>[] = [
  textColumn("name", texts.name),
  {
    id: "state",
    header: texts.state,
    value: (item) => item.state,
    cell: (item) => <State text={item.state} />,
  },
  textColumn("desc", texts.description),
  textColumn("stability", texts.stability),
  textColumn("provided_by", texts.provider, { hidden: true }),
  {
    id: "enable",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) => (item.state === "disabled" ? <EnableButton name={item.name} /> : null),
    align: "right",
  },
];

const flagKey = (item: FeatureFlag): string => item.name;

export default function FeatureFlagsPage() {
  const { data, error } = useApi<readonly FeatureFlag[]>("/feature-flags");
  const disabled = (data ?? []).filter((flag) => flag.state === "disabled");
  const all = useAction(
    async () => {
      for (const flag of disabled) {
        if (flag.stability !== "experimental") await enable(flag.name);
      }
    },
    { done: () => notifyDone(texts.allEnabled), failed: notifyFailed },
  );
  return (
    <Page
      title={texts.title}
      actions={
        disabled.length > 0 && (
          <Button size="xs" loading={all.busy} onClick={() => void all.run(undefined)}>
            {texts.enableAll}
          </Button>
        )
      }
    >
      <DataTable
        id="feature-flags"
        label={texts.label}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={flagKey}
        defaultSort={{ id: "name", desc: false }}
      />
    </Page>
  );
}

function EnableButton({ name }: { name: string }) {
  const action = useAction(() => enable(name), {
    done: () => notifyDone(texts.enabled(name)),
    failed: notifyFailed,
  });
  return (
    <Button size="compact-xs" loading={action.busy} onClick={() => void action.run(undefined)}>
      {texts.enable}
    </Button>
  );
}
