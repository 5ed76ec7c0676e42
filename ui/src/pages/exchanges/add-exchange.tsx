// The form that declares an exchange.

import { apiPath, request } from "../../api/client.ts";
import { useAction, useBroker } from "../../api/query.ts";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhostField } from "../../form/vhost-field.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { exchanges as texts } from "../../texts/exchanges.ts";
import { exchangeSettings } from "../../texts/settings.ts";
import { words } from "../../texts/words.ts";

const STANDARD_TYPES = ["direct", "fanout", "topic", "headers"];

export function AddExchange() {
  const vhostField = useVhostField();
  const { overview } = useBroker();
  const types = overview?.exchange_types.map((type) => type.name) ?? STANDARD_TYPES;
  const add = useAction(
    (values: FormValues) =>
      request(apiPath("exchanges", String(values.vhost), String(values.name)), {
        method: "PUT",
        body: {
          type: values.type,
          durable: values.durable === "true",
          auto_delete: values.auto_delete,
          internal: values.internal,
          arguments: toArguments(values.arguments as readonly ArgumentRow[]),
        },
      }),
    { done: (values) => notifyDone(texts.added(String(values.name))), failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      variant="filled"
      fields={fieldsFor(vhostField, types)}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}

function fieldsFor(vhostField: Field, types: readonly string[]): Field[] {
  return [
    vhostField,
    { kind: "text", name: "name", label: words.name, required: true },
    {
      kind: "select",
      name: "type",
      label: words.type,
      options: types.map((type) => ({ value: type, label: type })),
    },
    {
      kind: "select",
      name: "durable",
      label: texts.durability,
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
    },
    { kind: "switch", name: "internal", label: texts.internal, help: texts.internalHelp },
    {
      kind: "arguments",
      name: "arguments",
      label: words.arguments,
      shortcuts: () => [exchangeSettings.alternateExchange],
    },
  ];
}
