// The form that declares a queue or a stream.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Node } from "../../api/types.ts";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { queueArgumentShortcuts } from "../../form/known-settings.ts";
import { useVhostField, useVhosts } from "../../form/vhost-field.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { queues as texts } from "../../texts/queues.ts";
import type { QueueType } from "../../texts/settings.ts";
import { words } from "../../texts/words.ts";

export function AddQueue() {
  const vhostField = useVhostField();
  const vhosts = useVhosts();
  const seesNodes = useTag("monitoring");
  const nodes = useApi<readonly Node[]>("/nodes", {
    query: { columns: "name" },
    enabled: seesNodes,
  });
  const defaults = new Map(vhosts.map((vhost) => [vhost.name, vhost.default_queue_type]));
  const add = useAction(declare, {
    done: (values) => notifyDone(texts.added(String(values.name))),
    failed: notifyFailed,
  });
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      variant="filled"
      fields={fieldsFor(vhostField, nodes.data ?? [], defaults)}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}

function declare(values: FormValues): Promise<unknown> {
  const type = String(values.type);
  const rows = toArguments(values.arguments as readonly ArgumentRow[]);
  return request(apiPath("queues", String(values.vhost), String(values.name)), {
    method: "PUT",
    body: {
      durable: type === "quorum" || type === "stream" || values.durable === "true",
      auto_delete: (type === "classic" || type === "default") && values.auto_delete,
      arguments: type === "default" ? rows : { "x-queue-type": type, ...rows },
      ...(values.node ? { node: values.node } : {}),
    },
  });
}

const isClassic = (values: FormValues): boolean =>
  values.type === "classic" || values.type === "default";

function fieldsFor(
  vhostField: Field,
  nodes: readonly Node[],
  defaults: ReadonlyMap<string, string | undefined>,
): Field[] {
  const typeOf = (values: FormValues): QueueType => {
    const type = values.type === "default" ? defaults.get(String(values.vhost)) : values.type;
    return type === "quorum" || type === "stream" ? type : "classic";
  };
  return [
    vhostField,
    {
      kind: "select",
      name: "type",
      label: texts.type,
      options: Object.entries(texts.types).map(([value, label]) => ({ value, label })),
    },
    { kind: "text", name: "name", label: words.name, required: true },
    {
      kind: "select",
      name: "durable",
      label: texts.durability,
      when: isClassic,
      options: [
        { value: "true", label: texts.durable },
        { value: "false", label: texts.transient },
      ],
    },
    {
      kind: "switch",
      name: "auto_delete",
      label: texts.autoDelete,
      help: texts.autoDeleteHelp,
      when: isClassic,
    },
    {
      kind: "select",
      name: "node",
      label: words.node,
      when: () => nodes.length > 1,
      options: [
        { value: "", label: texts.anyNode },
        ...nodes.map(({ name }) => ({ value: name, label: name })),
      ],
    },
    {
      kind: "arguments",
      name: "arguments",
      label: words.arguments,
      shortcuts: (values) => queueArgumentShortcuts(typeOf(values)),
    },
  ];
}
