// Super streams: exchanges that split messages over streams, and adding one.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Exchange } from "../../api/types.ts";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { queueArgumentShortcuts } from "../../form/known-settings.ts";
import { useVhostField } from "../../form/vhost-field.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { streams as texts } from "../../texts/plugins.ts";
import { words } from "../../texts/words.ts";

const columns: readonly Column<Exchange>[] = [
  vhostColumn(),
  {
    id: "name",
    header: words.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={linkTo.exchange(item.vhost, item.name)}>{item.name}</TextLink>,
  },
  textColumn("type", words.type),
];

const exchangeKey = (item: Exchange): string => JSON.stringify([item.vhost, item.name]);

export default function SuperStreamsPage() {
  const result = useApi<readonly Exchange[]>("/exchanges");
  return (
    <Page title={texts.superTitle} actions={<AddSuperStream />}>
      <Loaded result={result}>
        {(exchanges) => (
          <DataTable
            id="super-streams"
            label={texts.superTitle}
            source={{
              kind: "local",
              items: exchanges.filter((exchange) => exchange.arguments["x-super-stream"] === true),
            }}
            columns={columns}
            rowKey={exchangeKey}
            empty={<Empty title={texts.superNone} hint={texts.superHint} />}
          />
        )}
      </Loaded>
    </Page>
  );
}

function AddSuperStream() {
  const vhostField = useVhostField();
  const add = useAction(
    (values: FormValues) => {
      const keys = String(values.keys);
      const body = {
        ...(keys === "" ? { partitions: Number(values.partitions) } : { "binding-keys": keys }),
        arguments: toArguments(values.arguments as readonly ArgumentRow[]),
      };
      const path = apiPath("stream", "super-streams", String(values.vhost), String(values.name));
      return request(path, { method: "PUT", body });
    },
    { done: () => notifyDone(texts.added), failed: notifyFailed },
  );
  const fields: Field[] = [
    vhostField,
    { kind: "text", name: "name", label: words.name, required: true },
    { kind: "number", name: "partitions", label: texts.partitions, initial: "3" },
    { kind: "text", name: "keys", label: texts.bindingKeys, help: texts.keysHelp },
    {
      kind: "arguments",
      name: "arguments",
      label: words.arguments,
      shortcuts: () => queueArgumentShortcuts("stream"),
    },
  ];
  return (
    <FormDialog
      label={texts.add}
      title={texts.add}
      intro={texts.superHint}
      variant="filled"
      fields={fields}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}
