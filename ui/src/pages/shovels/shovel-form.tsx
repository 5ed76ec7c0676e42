// Adding a shovel.

import { apiPath, request } from "../../api/client.ts";
import { useAction } from "../../api/query.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhostField } from "../../form/vhost-field.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { shovels as texts } from "../../texts/plugins.ts";

export function AddShovel() {
  const vhostField = useVhostField();
  const add = useAction(
    (values: FormValues) => {
      const vhost = String(values.vhost);
      const name = String(values.name);
      const body = { component: "shovel", vhost, name, value: shovelValue(values) };
      return request(apiPath("parameters", "shovel", vhost, name), { method: "PUT", body });
    },
    { done: () => notifyDone(texts.added), failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      intro={texts.noneHint}
      variant="filled"
      fields={fieldsFor(vhostField)}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}

/** The parameter's value; what was left empty is left out. */
export function shovelValue(values: FormValues): Record<string, unknown> {
  const value: Record<string, unknown> = {
    ...sourceValue(values),
    ...destinationValue(values),
    "ack-mode": values.ackMode,
    "reconnect-delay": numberOf(values.reconnect),
  };
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

function sourceValue(values: FormValues): Record<string, unknown> {
  const shared = {
    "src-protocol": values.srcProtocol,
    "src-uri": values.srcUri,
    "src-prefetch-count": numberOf(values.prefetch),
    "src-delete-after": endOf(values),
  };
  if (values.srcProtocol === "amqp10") return { ...shared, "src-address": values.srcAddress };
  if (values.srcKind === "queue") return { ...shared, "src-queue": values.srcName };
  return { ...shared, "src-exchange": values.srcName, "src-exchange-key": textOf(values.srcKey) };
}

function destinationValue(values: FormValues): Record<string, unknown> {
  const shared = { "dest-protocol": values.destProtocol, "dest-uri": values.destUri };
  const headers = values.headers === true ? true : undefined;
  if (values.destProtocol === "amqp10") {
    const address = values.destAddress;
    return { ...shared, "dest-address": address, "dest-add-timestamp-header": headers };
  }
  const forward = { "dest-add-forward-headers": headers };
  if (values.destKind === "queue") return { ...shared, ...forward, "dest-queue": values.destName };
  const key = textOf(values.destKey);
  return { ...shared, ...forward, "dest-exchange": values.destName, "dest-exchange-key": key };
}

function endOf(values: FormValues): unknown {
  return values.end === "number" ? numberOf(values.endAfter) : values.end;
}

function numberOf(value: unknown): number | undefined {
  return value === "" || value === undefined ? undefined : Number(value);
}

function textOf(value: unknown): unknown {
  return value === "" ? undefined : value;
}

function options(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}

const KINDS = { queue: texts.queue, exchange: texts.exchange };

function fieldsFor(vhostField: Field): Field[] {
  return [
    vhostField,
    { kind: "text", name: "name", label: texts.name, required: true },
    ...endFields("src", texts.sourceProtocol, texts.sourceUri, texts.sourceFrom, {
      name: texts.sourceName,
      key: texts.sourceKey,
      address: texts.sourceAddress,
    }),
    { kind: "number", name: "prefetch", label: texts.prefetch, initial: "1000" },
    { kind: "select", name: "end", label: texts.autoDelete, options: options(texts.ends) },
    {
      kind: "number",
      name: "endAfter",
      label: texts.endsAfter,
      required: true,
      when: (values) => values.end === "number",
    },
    ...endFields("dest", texts.destProtocol, texts.destUri, texts.destTo, {
      name: texts.destName,
      key: texts.destKey,
      address: texts.destAddress,
    }),
    { kind: "switch", name: "headers", label: texts.headers },
    { kind: "number", name: "reconnect", label: texts.reconnect, initial: "5" },
    { kind: "select", name: "ackMode", label: texts.ackMode, options: options(texts.ackModes) },
  ];
}

function endFields(
  side: "src" | "dest",
  protocol: string,
  uri: string,
  kind: string,
  labels: { name: string; key: string; address: string },
): Field[] {
  const isAmqp10 = (values: FormValues): boolean => values[`${side}Protocol`] === "amqp10";
  const isAmqp091 = (values: FormValues): boolean => !isAmqp10(values);
  return [
    { kind: "select", name: `${side}Protocol`, label: protocol, options: options(texts.protocols) },
    {
      kind: "text",
      name: `${side}Uri`,
      label: uri,
      help: texts.uriHelp,
      required: true,
      initial: "amqp://",
    },
    {
      kind: "select",
      name: `${side}Kind`,
      label: kind,
      options: options(KINDS),
      when: isAmqp091,
    },
    {
      kind: "text",
      name: `${side}Name`,
      label: labels.name,
      required: true,
      when: isAmqp091,
    },
    {
      kind: "text",
      name: `${side}Key`,
      label: labels.key,
      when: (values) => isAmqp091(values) && values[`${side}Kind`] === "exchange",
    },
    {
      kind: "text",
      name: `${side}Address`,
      label: labels.address,
      required: true,
      when: isAmqp10,
    },
  ];
}
