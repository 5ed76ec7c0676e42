// Bindings of an exchange or a queue: lists, adding, removing.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Binding } from "../../api/types.ts";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { confirm } from "../../parts/confirm.tsx";
import { value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink, textColumn } from "../../table/stat-columns.tsx";
import { bindings as texts } from "../../texts/exchanges.ts";
import { words } from "../../texts/words.ts";

/** Where bindings are looked at from. */
export interface BindingsOf {
  readonly vhost: string;
  readonly kind: "queue" | "exchange";
  readonly name: string;
  /** "from": this exchange is the source; "to": this queue or exchange is the destination. */
  readonly side: "from" | "to";
}

function bindingsPath({ vhost, kind, name, side }: BindingsOf): string {
  if (kind === "queue") return apiPath("queues", vhost, name, "bindings");
  return apiPath("exchanges", vhost, name, "bindings", side === "from" ? "source" : "destination");
}

function bindingPath(vhost: string, source: string, kind: string, destination: string): string {
  return apiPath("bindings", vhost, "e", source, kind === "queue" ? "q" : "e", destination);
}

const bindingKey = (item: Binding): string =>
  JSON.stringify([item.source, item.destination_type, item.destination, item.properties_key]);

export function BindingsSection(props: BindingsOf & { title: string }) {
  const { data, error } = useApi<readonly Binding[]>(bindingsPath(props), { keepPrevious: false });
  const columns = props.side === "from" ? fromColumns : toColumns;
  return (
    <Section
      id={`bindings.${props.kind}.${props.side}`}
      title={`${props.title} (${data?.length ?? 0})`}
      side={<AddBinding {...props} />}
    >
      <DataTable
        id={`bindings.${props.side}`}
        label={props.title}
        source={{ kind: "local", items: data, error }}
        columns={columns}
        rowKey={bindingKey}
        empty={
          <Empty
            title={texts.none}
            hint={props.side === "from" ? texts.noneFromHint : texts.noneToHint}
          />
        }
        plain
      />
    </Section>
  );
}

const sourceColumn: Column<Binding> = {
  id: "source",
  header: texts.from,
  value: (item) => item.source,
  cell: (item) =>
    item.source === "" ? (
      <span className="dimmed">{texts.defaultBinding}</span>
    ) : (
      <TextLink href={linkTo.exchange(item.vhost, item.source)}>{item.source}</TextLink>
    ),
};

const destinationColumn: Column<Binding> = {
  id: "destination",
  header: texts.to,
  value: (item) => item.destination,
  cell: (item) =>
    item.destination_type === "queue" ? (
      <TextLink href={linkTo.queue(item.vhost, item.destination)}>{item.destination}</TextLink>
    ) : (
      <TextLink href={linkTo.exchange(item.vhost, item.destination)}>{item.destination}</TextLink>
    ),
};

const restColumns: readonly Column<Binding>[] = [
  textColumn("routing_key", texts.key),
  {
    id: "arguments",
    header: texts.arguments,
    value: (item) => argumentText(item),
  },
  {
    id: "unbind",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) => (item.source === "" ? null : <UnbindButton item={item} />),
    width: 90,
    align: "right",
  },
];

const fromColumns: readonly Column<Binding>[] = [
  destinationColumn,
  textColumn("destination_type", texts.columnType, { width: 90 }),
  ...restColumns,
];
const toColumns: readonly Column<Binding>[] = [sourceColumn, ...restColumns];

function argumentText(item: Binding): string {
  return Object.entries(item.arguments)
    .map(([key, value]) => `${key}: ${valueText(value)}`)
    .join(", ");
}

function UnbindButton({ item }: { item: Binding }) {
  const unbind = useAction(
    () => {
      const path = bindingPath(item.vhost, item.source, item.destination_type, item.destination);
      return request(`${path}${apiPath(item.properties_key)}`, { method: "DELETE" });
    },
    { done: () => notifyDone(texts.unbound), failed: notifyFailed },
  );
  const ask = async (): Promise<void> => {
    const text = texts.unbindText(item.source, item.destination, item.routing_key);
    const sure = await confirm({ title: texts.unbindTitle, text, action: texts.unbind });
    if (sure) await unbind.run(undefined);
  };
  return (
    <Button size="compact-xs" variant="default" loading={unbind.busy} onClick={() => void ask()}>
      {texts.unbind}
    </Button>
  );
}

function AddBinding(props: BindingsOf) {
  const { vhost, kind, name, side } = props;
  const add = useAction(
    (values: FormValues) => {
      const path =
        side === "from"
          ? bindingPath(vhost, name, String(values.destination_type), String(values.destination))
          : bindingPath(vhost, String(values.source), kind, name);
      const args = toArguments(values.arguments as readonly ArgumentRow[]);
      const body = { routing_key: values.routing_key, arguments: args };
      return request(path, { method: "POST", body });
    },
    { done: () => notifyDone(texts.bound), failed: notifyFailed },
  );
  const title =
    side === "from" ? texts.addFrom : kind === "queue" ? texts.addTo : texts.addToExchange;
  return (
    <FormDialog
      label={texts.add}
      title={title}
      fields={useBindingFields(props)}
      submitLabel={texts.bind}
      onSubmit={add.run}
    />
  );
}

interface NamedObject {
  readonly name: string;
}

function useBindingFields({ vhost, side }: BindingsOf): Field[] {
  const query = { columns: "name" };
  const once = { query, polled: false };
  const queues = useApi<readonly NamedObject[]>(apiPath("queues", vhost), {
    ...once,
    enabled: side === "from",
  });
  const exchanges = useApi<readonly NamedObject[]>(apiPath("exchanges", vhost), once);
  const names = (list: readonly NamedObject[] | undefined): string[] =>
    (list ?? []).map((item) => item.name).filter((name) => name !== "");
  const ends: Field[] =
    side === "to"
      ? [
          {
            kind: "text",
            name: "source",
            label: texts.source,
            required: true,
            suggestions: names(exchanges.data),
          },
        ]
      : [
          {
            kind: "select",
            name: "destination_type",
            label: texts.destinationType,
            options: [
              { value: "queue", label: texts.toAQueue },
              { value: "exchange", label: texts.toAnExchange },
            ],
          },
          {
            kind: "text",
            name: "destination",
            label: texts.destination,
            required: true,
            suggestions: [...names(queues.data), ...names(exchanges.data)],
          },
        ];
  return [
    ...ends,
    { kind: "text", name: "routing_key", label: texts.key },
    {
      kind: "arguments",
      name: "arguments",
      label: words.arguments,
      shortcuts: () => [{ key: "x-match", label: "x-match", type: "string", value: "all" }],
    },
  ];
}
