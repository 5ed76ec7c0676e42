// User policies and operator policies.

import { apiPath, request } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Policy } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { ArgumentList } from "../../parts/facts.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { countColumn, TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { policies as texts } from "../../texts/policies.ts";
import { words } from "../../texts/words.ts";
import { PolicyForm } from "./policy-form.tsx";
import { operatorPolicies, type PolicyKind, userPolicies } from "./policy-kind.ts";

const policyKey = (item: Policy): string => JSON.stringify([item.vhost, item.name]);

function columnsFor(kind: PolicyKind): Column<Policy>[] {
  return [
    vhostColumn(),
    {
      id: "name",
      header: words.name,
      value: (item) => item.name,
      cell: (item) => <TextLink href={kind.link(item.vhost, item.name)}>{item.name}</TextLink>,
    },
    textColumn("pattern", texts.pattern),
    textColumn("apply-to", texts.applyTo),
    {
      id: "definition",
      header: texts.definition,
      sortKey: false,
      value: (item) => JSON.stringify(item.definition),
      cell: (item) => <ArgumentList items={item.definition} />,
    },
    countColumn("priority", texts.priority),
  ];
}

const userColumns = columnsFor(userPolicies);
const operatorColumns = columnsFor(operatorPolicies);

export default function PoliciesPage() {
  const isAdministrator = useTag("administrator");
  return (
    <Page title={texts.title}>
      <PolicySection kind={userPolicies} mayEdit columns={userColumns} />
      <PolicySection kind={operatorPolicies} mayEdit={isAdministrator} columns={operatorColumns} />
    </Page>
  );
}

function PolicySection({
  kind,
  mayEdit,
  columns,
}: {
  kind: PolicyKind;
  mayEdit: boolean;
  columns: readonly Column<Policy>[];
}) {
  const [vhost] = useVhostFilter();
  const { data, error } = useApi<readonly Policy[]>(
    vhost === "" ? apiPath(kind.path) : apiPath(kind.path, vhost),
  );
  return (
    <Section id={kind.path} title={kind.title} side={mayEdit && <PolicyForm kind={kind} />}>
      <DataTable
        id={kind.path}
        label={kind.title}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={policyKey}
        defaultSort={{ id: "name", desc: false }}
        empty={<Empty title={texts.empty} hint={texts.emptyHint} />}
        bulk={
          mayEdit
            ? [
                {
                  label: words.delete,
                  destructive: true,
                  run: (items) => deletePolicies(kind, items),
                },
              ]
            : undefined
        }
      />
    </Section>
  );
}

async function deletePolicies(kind: PolicyKind, items: readonly Policy[]): Promise<boolean> {
  const text = texts.deleteManyText(items.length);
  if (!(await confirm({ title: texts.deleteTitle, text, action: words.delete }))) return false;
  const remove = (item: Policy): Promise<unknown> =>
    request(apiPath(kind.path, item.vhost, item.name), { method: "DELETE" });
  return runOnAll(items, remove, texts.deletedMany);
}
