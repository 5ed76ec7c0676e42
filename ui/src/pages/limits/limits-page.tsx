// Limits of virtual hosts and of users.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { User } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhosts } from "../../form/vhost-field.ts";
import { confirm } from "../../parts/confirm.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { limits as texts } from "../../texts/policies.ts";
import { words } from "../../texts/words.ts";

interface LimitKind {
  readonly path: "vhost-limits" | "user-limits";
  readonly title: string;
  readonly owner: "vhost" | "user";
  readonly ownerLabel: string;
  readonly limits: readonly string[];
}

const VHOST_LIMITS: LimitKind = {
  path: "vhost-limits",
  title: texts.vhosts,
  owner: "vhost",
  ownerLabel: words.vhost,
  limits: ["max-connections", "max-queues"],
};

const USER_LIMITS: LimitKind = {
  path: "user-limits",
  title: texts.users,
  owner: "user",
  ownerLabel: words.user,
  limits: ["max-connections", "max-channels"],
};

export default function LimitsPage() {
  const vhosts = useVhosts();
  const users = useApi<readonly User[]>("/users", { query: { columns: "name" } });
  return (
    <Page title={texts.title}>
      <LimitsSection kind={VHOST_LIMITS} owners={vhosts.map((vhost) => vhost.name)} />
      <LimitsSection kind={USER_LIMITS} owners={(users.data ?? []).map((user) => user.name)} />
    </Page>
  );
}

interface Limits {
  readonly vhost?: string;
  readonly user?: string;
  readonly value: Readonly<Record<string, number>>;
}

interface LimitRow {
  readonly owner: string;
  readonly limit: string;
  readonly value: number;
}

const limitKey = (row: LimitRow): string => JSON.stringify([row.owner, row.limit]);

function LimitsSection({ kind, owners }: { kind: LimitKind; owners: readonly string[] }) {
  const { data, error } = useApi<readonly Limits[]>(apiPath(kind.path));
  const rows = data?.flatMap((limits) =>
    Object.entries(limits.value).map(([limit, value]) => ({
      owner: limits[kind.owner] ?? "",
      limit,
      value,
    })),
  );
  const columns: Column<LimitRow>[] = [
    { id: "owner", header: kind.ownerLabel, value: (row) => row.owner },
    { id: "limit", header: texts.limit, value: (row) => row.limit },
    { id: "value", header: texts.value, value: (row) => row.value, align: "right" },
    {
      id: "clear",
      header: "",
      sortKey: false,
      value: () => "",
      cell: (row) => <ClearLimit kind={kind} row={row} />,
      align: "right",
    },
  ];
  return (
    <Section id={kind.path} title={kind.title} side={<SetLimit kind={kind} owners={owners} />}>
      <DataTable
        id={kind.path}
        label={kind.title}
        source={{ kind: "local", items: rows, error }}
        columns={columns}
        rowKey={limitKey}
        empty={<Empty title={texts.empty} />}
        plain
      />
    </Section>
  );
}

function SetLimit({ kind, owners }: { kind: LimitKind; owners: readonly string[] }) {
  const set = useAction(
    (values: FormValues) =>
      request(apiPath(kind.path, String(values.owner), String(values.limit)), {
        method: "PUT",
        body: { value: Number(values.value) },
      }),
    { done: () => notifyDone(texts.saved), failed: notifyFailed },
  );
  const options = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));
  return (
    <FormDialog
      label={texts.set}
      title={kind.title}
      fields={[
        { kind: "select", name: "owner", label: kind.ownerLabel, options: options(owners) },
        { kind: "select", name: "limit", label: texts.limit, options: options(kind.limits) },
        { kind: "number", name: "value", label: texts.value, help: texts.help, required: true },
      ]}
      submitLabel={texts.set}
      onSubmit={set.run}
    />
  );
}

function ClearLimit({ kind, row }: { kind: LimitKind; row: LimitRow }) {
  const clear = useAction(
    () => request(apiPath(kind.path, row.owner, row.limit), { method: "DELETE" }),
    { done: () => notifyDone(texts.cleared), failed: notifyFailed },
  );
  const ask = async (): Promise<void> => {
    const text = texts.clearText(row.limit, row.owner);
    if (await confirm({ title: texts.clearTitle, text, action: texts.clear })) {
      await clear.run(undefined);
    }
  };
  return (
    <Button size="compact-xs" variant="default" onClick={() => void ask()}>
      {texts.clear}
    </Button>
  );
}
