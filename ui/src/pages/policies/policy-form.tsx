// Adding or changing a policy.

import { apiPath, request } from "../../api/client.ts";
import { useAction } from "../../api/query.ts";
import type { Policy } from "../../api/types.ts";
import { type ArgumentRow, fromArguments, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues, SelectField } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { policyShortcuts } from "../../form/known-settings.ts";
import { useVhostField } from "../../form/vhost-field.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { expressionOf } from "../../table/rows.ts";
import { policies as texts } from "../../texts/policies.ts";
import { words } from "../../texts/words.ts";
import type { PolicyKind } from "./policy-kind.ts";

export function PolicyForm({ kind, existing }: { kind: PolicyKind; existing?: Policy }) {
  const vhostField = useVhostField();
  const save = useAction(
    (values: FormValues) => {
      const vhost = existing?.vhost ?? String(values.vhost);
      const name = existing?.name ?? String(values.name);
      return request(apiPath(kind.path, vhost, name), { method: "PUT", body: bodyOf(values) });
    },
    {
      done: (values) => notifyDone(texts.saved(existing?.name ?? String(values.name))),
      failed: notifyFailed,
    },
  );
  return (
    <FormDialog
      label={existing ? texts.edit : kind.add}
      title={existing?.name ?? kind.add}
      intro={kind.hint}
      fields={fieldsFor(kind, vhostField, existing)}
      submitLabel={existing ? words.save : kind.add}
      onSubmit={save.run}
    />
  );
}

function bodyOf(values: FormValues): unknown {
  return {
    pattern: values.pattern,
    "apply-to": values.applyTo,
    priority: Number(values.priority),
    definition: toArguments(values.definition as readonly ArgumentRow[]),
  };
}

function fieldsFor(kind: PolicyKind, vhostField: SelectField, existing?: Policy): Field[] {
  const identity: Field[] = existing
    ? []
    : [vhostField, { kind: "text", name: "name", label: words.name, required: true }];
  const { all: _all, exchanges: _exchanges, ...queuesOnly } = texts.applyToOptions;
  const targets = kind.isOperator ? queuesOnly : texts.applyToOptions;
  return [
    ...identity,
    {
      kind: "text",
      name: "pattern",
      label: texts.pattern,
      required: true,
      initial: existing?.pattern ?? "",
      placeholder: "^orders\\.",
      check: (text) => (expressionOf(text) === undefined ? texts.badPattern : undefined),
    },
    {
      kind: "select",
      name: "applyTo",
      label: texts.applyTo,
      initial: existing?.["apply-to"],
      options: Object.entries(targets).map(([value, label]) => ({ value, label })),
    },
    {
      kind: "number",
      name: "priority",
      label: texts.priority,
      initial: String(existing?.priority ?? 0),
    },
    {
      kind: "arguments",
      name: "definition",
      label: texts.definition,
      initial: fromArguments(existing?.definition),
      shortcuts: (values) => policyShortcuts(String(values.applyTo), kind.isOperator),
    },
  ];
}
