// Permissions and topic permissions, of a user or in a virtual host: lists, setting, clearing.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Permission, TopicPermission, User } from "../../api/types.ts";
import type { Field, FormValues, SelectField } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhosts } from "../../form/vhost-field.ts";
import { confirm } from "../../parts/confirm.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { permissions as texts, users } from "../../texts/admin.ts";
import { words } from "../../texts/words.ts";

/** Whose permissions: one of the two is given, the other is chosen in the form. */
export type PermissionsOf = { readonly user: string } | { readonly vhost: string };

function listPath(of: PermissionsOf, kind: string): string {
  return "user" in of ? apiPath("users", of.user, kind) : apiPath("vhosts", of.vhost, kind);
}

function nameColumn<Item extends { user: string; vhost: string }>(of: PermissionsOf): Column<Item> {
  if ("user" in of) return vhostColumn();
  return {
    id: "user",
    header: texts.user,
    value: (item) => item.user,
    cell: (item) => <TextLink href={linkTo.user(item.user)}>{item.user}</TextLink>,
  };
}

function clearColumn<Item extends { user: string; vhost: string }>(
  pathOf: (item: Item) => string,
): Column<Item> {
  return {
    id: "clear",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) => <ClearButton path={pathOf(item)} user={item.user} vhost={item.vhost} />,
    align: "right",
  };
}

export function PermissionsSection({ of }: { of: PermissionsOf }) {
  const mayEdit = useTag("administrator");
  const { data, error } = useApi<readonly Permission[]>(listPath(of, "permissions"));
  const columns: Column<Permission>[] = [
    nameColumn(of),
    textColumn("configure", texts.configure),
    textColumn("write", texts.write),
    textColumn("read", texts.read),
    clearColumn((item) => apiPath("permissions", item.vhost, item.user)),
  ];
  return (
    <Section
      id="permissions"
      title={texts.title}
      side={mayEdit && <SetPermission of={of} topic={false} />}
    >
      <DataTable
        id="permissions"
        label={texts.title}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={permissionKey}
        empty={<Empty title={texts.none} hint={"user" in of ? users.noPermissions : undefined} />}
        plain
      />
    </Section>
  );
}

const permissionKey = (item: Permission): string => JSON.stringify([item.vhost, item.user]);
const topicKey = (item: TopicPermission): string =>
  JSON.stringify([item.vhost, item.user, item.exchange]);

export function TopicPermissionsSection({ of }: { of: PermissionsOf }) {
  const mayEdit = useTag("administrator");
  const { data, error } = useApi<readonly TopicPermission[]>(listPath(of, "topic-permissions"));
  const columns: Column<TopicPermission>[] = [
    nameColumn(of),
    {
      id: "exchange",
      header: texts.exchange,
      value: (item) => item.exchange || texts.allExchanges,
    },
    textColumn("write", texts.write),
    textColumn("read", texts.read),
    clearColumn((item) => apiPath("topic-permissions", item.vhost, item.user, item.exchange)),
  ];
  return (
    <Section
      id="topic-permissions"
      title={texts.topicTitle}
      side={mayEdit && <SetPermission of={of} topic />}
    >
      <DataTable
        id="topic-permissions"
        label={texts.topicTitle}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={topicKey}
        empty={<Empty title={texts.topicNone} />}
        plain
      />
    </Section>
  );
}

function ClearButton({ path, user, vhost }: { path: string; user: string; vhost: string }) {
  const clear = useAction(() => request(path, { method: "DELETE" }), {
    done: () => notifyDone(texts.cleared),
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const text = texts.clearText(user, vhost);
    if (await confirm({ title: texts.clearTitle, text, action: texts.clear })) {
      await clear.run(undefined);
    }
  };
  return (
    <Button size="compact-xs" variant="default" loading={clear.busy} onClick={() => void ask()}>
      {texts.clear}
    </Button>
  );
}

function SetPermission({ of, topic }: { of: PermissionsOf; topic: boolean }) {
  const fields = usePermissionFields(of, topic);
  const set = useAction(
    (values: FormValues) => {
      const user = "user" in of ? of.user : String(values.user);
      const vhost = "vhost" in of ? of.vhost : String(values.vhost);
      const { configure, write, read, exchange } = values;
      const path = apiPath(topic ? "topic-permissions" : "permissions", vhost, user);
      const body = topic ? { exchange, write, read } : { configure, write, read };
      return request(path, { method: "PUT", body });
    },
    { done: () => notifyDone(texts.saved), failed: notifyFailed },
  );
  const label = topic ? texts.setTopic : texts.set;
  return (
    <FormDialog
      label={label}
      title={label}
      intro={topic ? texts.topicHelp : users.patternHelp}
      fields={fields}
      submitLabel={label}
      onSubmit={set.run}
    />
  );
}

function usePermissionFields(of: PermissionsOf, topic: boolean): Field[] {
  const vhosts = useVhosts();
  const { data } = useApi<readonly User[]>("/users", { enabled: !("user" in of), polled: false });
  const choose = (name: string, label: string, names: readonly string[]): SelectField => ({
    kind: "select",
    name,
    label,
    options: names.map((item) => ({ value: item, label: item })),
  });
  const other =
    "user" in of
      ? choose(
          "vhost",
          words.vhost,
          vhosts.map((vhost) => vhost.name),
        )
      : choose(
          "user",
          texts.user,
          (data ?? []).map((user) => user.name),
        );
  const pattern = (name: string, label: string): Field => ({
    kind: "text",
    name,
    label,
    initial: ".*",
  });
  const exchange: Field = {
    kind: "text",
    name: "exchange",
    label: texts.exchange,
    placeholder: texts.allExchanges,
    suggestions: ["amq.topic"],
  };
  return [
    other,
    topic ? exchange : pattern("configure", texts.configure),
    pattern("write", texts.write),
    pattern("read", texts.read),
  ];
}
