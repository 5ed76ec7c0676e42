// Federation upstreams, and adding one.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Parameter } from "../../api/types.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhostField } from "../../form/vhost-field.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, vhostColumn } from "../../table/stat-columns.tsx";
import { shovels, federation as texts } from "../../texts/plugins.ts";
import { queues } from "../../texts/queues.ts";

function valueColumn(field: string, header: string, hidden = false): Column<Parameter> {
  return {
    id: field,
    header,
    hidden,
    value: (item) => {
      const value = item.value[field];
      return value === undefined ? undefined : String(value);
    },
  };
}

const columns: readonly Column<Parameter>[] = [
  vhostColumn(),
  {
    id: "name",
    header: texts.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.upstream(item.vhost, item.name)}>{item.name}</TextLink>,
  },
  valueColumn("uri", texts.uri),
  valueColumn("prefetch-count", texts.prefetch),
  valueColumn("reconnect-delay", texts.reconnect),
  valueColumn("ack-mode", texts.ackMode),
  valueColumn("trust-user-id", texts.trust, true),
  valueColumn("exchange", texts.exchange),
  valueColumn("max-hops", texts.maxHops, true),
  valueColumn("expires", texts.expires, true),
  valueColumn("message-ttl", texts.ttl, true),
  valueColumn("queue-type", texts.queueType, true),
  valueColumn("queue", texts.queue),
  valueColumn("consumer-tag", texts.consumerTag, true),
];

const parameterKey = (item: Parameter): string => JSON.stringify([item.vhost, item.name]);

export default function UpstreamsPage() {
  const { isLeveret } = useBroker();
  const result = useApi<readonly Parameter[]>("/parameters/federation-upstream", {
    enabled: !isLeveret,
  });
  if (isLeveret) {
    return (
      <Page title={texts.upstreamsTitle}>
        <NotHere />
      </Page>
    );
  }
  return (
    <Page title={texts.upstreamsTitle} actions={<AddUpstream />}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="upstreams"
            label={texts.upstreamsTitle}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={parameterKey}
            empty={<Empty title={texts.upstreamsNone} hint={texts.upstreamsHint} />}
          />
        )}
      </Loaded>
    </Page>
  );
}

const NUMBERS = new Set([
  "prefetch-count",
  "reconnect-delay",
  "max-hops",
  "expires",
  "message-ttl",
]);

function AddUpstream() {
  const vhostField = useVhostField();
  const add = useAction(
    ({ vhost, name, ...rest }: FormValues) => {
      const given = Object.entries(rest).filter(([, item]) => item !== "" && item !== false);
      const value = Object.fromEntries(
        given.map(([key, item]) => [key, NUMBERS.has(key) ? Number(item) : item]),
      );
      const path = apiPath("parameters", "federation-upstream", String(vhost), String(name));
      return request(path, { method: "PUT", body: { value } });
    },
    { done: () => notifyDone(texts.added), failed: notifyFailed },
  );
  const { classic, quorum } = queues.types;
  const fields: Field[] = [
    vhostField,
    { kind: "text", name: "name", label: texts.name, required: true },
    { kind: "text", name: "uri", label: texts.uri, help: shovels.uriHelp, required: true },
    { kind: "number", name: "prefetch-count", label: texts.prefetch },
    { kind: "number", name: "reconnect-delay", label: texts.reconnect },
    {
      kind: "select",
      name: "ack-mode",
      label: texts.ackMode,
      options: Object.entries(shovels.ackModes).map(([value, label]) => ({ value, label })),
    },
    { kind: "switch", name: "trust-user-id", label: texts.trust },
    { kind: "text", name: "exchange", label: texts.exchange },
    { kind: "number", name: "max-hops", label: texts.maxHops },
    { kind: "number", name: "expires", label: texts.expires },
    { kind: "number", name: "message-ttl", label: texts.ttl },
    {
      kind: "select",
      name: "queue-type",
      label: texts.queueType,
      options: Object.entries({ classic, quorum }).map(([value, label]) => ({ value, label })),
    },
    { kind: "text", name: "queue", label: texts.queue },
    { kind: "text", name: "consumer-tag", label: texts.consumerTag },
  ];
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      intro={texts.upstreamsHint}
      variant="filled"
      fields={fields}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}
