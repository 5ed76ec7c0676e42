// All virtual hosts, and adding one.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Permission, Vhost } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Page } from "../../parts/page.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import {
  byteRateColumn,
  countColumn,
  rateColumn,
  TextLink,
  textColumn,
} from "../../table/stat-columns.tsx";
import { vhosts as texts } from "../../texts/admin.ts";
import { queues } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { typeText, vhostBody, vhostFields, vhostState, vhostTags } from "./vhost-fields.ts";

interface VhostRow extends Vhost {
  readonly users: readonly string[];
}

const { overview, messages, network, rates } = texts.groups;

const columns: readonly Column<VhostRow>[] = [
  {
    id: "name",
    header: words.name,
    group: overview,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.vhost(item.name)}>{item.name}</TextLink>,
  },
  {
    id: "users",
    header: texts.users,
    group: overview,
    wide: true,
    value: (item) => item.users.join(", "),
  },
  {
    id: "state",
    header: texts.state,
    group: overview,
    value: vhostState,
    cell: (item) => <State text={vhostState(item)} />,
    wide: true,
  },
  {
    id: "default_queue_type",
    header: texts.defaultType,
    group: overview,
    hidden: true,
    value: (item) => typeText(item.default_queue_type),
  },
  {
    id: "cluster_state",
    header: texts.clusterState,
    group: overview,
    hidden: true,
    value: (item) =>
      Object.entries(item.cluster_state ?? {})
        .map(([node, state]) => `${node}: ${state}`)
        .join(", "),
  },
  textColumn("description", texts.description, { group: overview, hidden: true }),
  {
    id: "tags",
    header: texts.tags,
    group: overview,
    hidden: true,
    value: (item) => vhostTags(item).join(", "),
  },
  countColumn("messages_ready", queues.ready, { group: messages }),
  countColumn("messages_unacknowledged", queues.unacked, { group: messages }),
  countColumn("messages", queues.total, { group: messages }),
  byteRateColumn("recv_oct", texts.fromClient, { group: network, wide: true }),
  byteRateColumn("send_oct", texts.toClient, { group: network, wide: true }),
  rateColumn("publish", queues.rate.publish, { group: rates, wide: true }),
  rateColumn("deliver_get", queues.rate.deliver_get, { group: rates, wide: true }),
];

const vhostKey = (item: Vhost): string => item.name;

export default function VhostsPage() {
  const mayEdit = useTag("administrator");
  const { data, error } = useApi<readonly Vhost[]>("/vhosts");
  const { data: permissions } = useApi<readonly Permission[]>("/permissions", { enabled: mayEdit });
  const rows = data?.map((vhost) => ({
    ...vhost,
    users: (permissions ?? [])
      .filter((permission) => permission.vhost === vhost.name)
      .map((permission) => permission.user),
  }));
  return (
    <Page title={texts.title} actions={mayEdit && <AddVhost />}>
      <DataTable
        id="vhosts"
        label={texts.label}
        source={{ kind: "local", items: rows, error }}
        columns={columns}
        rowKey={vhostKey}
        defaultSort={{ id: "name", desc: false }}
      />
    </Page>
  );
}

function AddVhost() {
  const add = useAction(
    (values: FormValues) =>
      request(apiPath("vhosts", String(values.name)), { method: "PUT", body: vhostBody(values) }),
    { done: (values) => notifyDone(texts.added(String(values.name))), failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      variant="filled"
      fields={[{ kind: "text", name: "name", label: words.name, required: true }, ...vhostFields()]}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}
