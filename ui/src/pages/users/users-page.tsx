// All users, and adding one.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Permission, User } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { users as texts } from "../../texts/admin.ts";
import { words } from "../../texts/words.ts";
import { tagsOf, userBody, userFields } from "./user-fields.ts";

interface UserRow extends User {
  readonly vhosts: readonly string[];
}

const columns: readonly Column<UserRow>[] = [
  {
    id: "name",
    header: words.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.user(item.name)}>{item.name}</TextLink>,
  },
  { id: "tags", header: texts.tags, value: (item) => tagsOf(item).join(", ") },
  {
    id: "vhosts",
    header: texts.access,
    value: (item) => item.vhosts.join(", "),
    cell: (item) =>
      item.vhosts.length > 0 ? (
        item.vhosts.join(", ")
      ) : (
        <span className="dimmed">{texts.noAccess}</span>
      ),
  },
  { id: "password", header: texts.hasPassword, value: (item) => yesNo(item.password_hash !== "") },
];

const userKey = (item: User): string => item.name;

export default function UsersPage() {
  const { data, error } = useApi<readonly User[]>("/users");
  const { data: permissions } = useApi<readonly Permission[]>("/permissions");
  const rows = data?.map((user) => ({
    ...user,
    vhosts: (permissions ?? [])
      .filter((permission) => permission.user === user.name)
      .map((permission) => permission.vhost),
  }));
  return (
    <Page title={texts.title} actions={<AddUser />}>
      <DataTable
        id="users"
        label={texts.label}
        source={{ kind: "local", items: rows, error }}
        columns={columns}
        rowKey={userKey}
        defaultSort={{ id: "name", desc: false }}
        bulk={[{ label: words.delete, destructive: true, run: deleteUsers }]}
      />
    </Page>
  );
}

async function deleteUsers(items: readonly User[]): Promise<boolean> {
  const text = texts.deleteManyText(items.length);
  if (!(await confirm({ title: texts.deleteTitle, text, action: words.delete }))) return false;
  const remove = (item: User): Promise<unknown> =>
    request(apiPath("users", item.name), { method: "DELETE" });
  return runOnAll(items, remove, texts.deletedMany);
}

function AddUser() {
  const add = useAction(
    (values: FormValues) =>
      request(apiPath("users", String(values.name)), { method: "PUT", body: userBody(values) }),
    { done: (values) => notifyDone(texts.added(String(values.name))), failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      variant="filled"
      fields={[{ kind: "text", name: "name", label: texts.name, required: true }, ...userFields()]}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}
