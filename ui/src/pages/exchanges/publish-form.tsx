// Publishing one message, through an exchange or straight into a queue.

import { apiPath, request } from "../../api/client.ts";
import { useAction } from "../../api/query.ts";
import { type ArgumentRow, type ArgumentShortcut, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { exchangeSegment } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { publishing as texts } from "../../texts/exchanges.ts";

export interface PublishProps {
  readonly vhost: string;
  readonly exchange: string;
  /** Set: the routing key is this queue's name and is not asked for. */
  readonly queue?: string;
}

const PROPERTIES = [
  "content_type",
  "content_encoding",
  "priority",
  "correlation_id",
  "reply_to",
  "expiration",
  "message_id",
  "timestamp",
  "type",
  "user_id",
  "app_id",
];

const NUMBERS = new Set(["priority", "timestamp", "delivery_mode"]);

const shortcuts: readonly ArgumentShortcut[] = PROPERTIES.map((key) => ({
  key,
  label: key,
  type: "string",
}));

export function PublishButton(props: PublishProps) {
  const { vhost, exchange, queue } = props;
  const publish = useAction(
    async (values: FormValues) => {
      const path = apiPath("exchanges", vhost, exchangeSegment(exchange), "publish");
      const body = messageOf(values, queue);
      const answer = await request<{ routed: boolean }>(path, { method: "POST", body });
      if (answer.routed) notifyDone(texts.routed);
      else notifyFailed(new Error(texts.notRouted));
    },
    { done: () => {}, failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.title}
      title={texts.title}
      intro={queue === undefined ? undefined : texts.toQueueHint(queue)}
      fields={fieldsFor(queue)}
      submitLabel={texts.action}
      onSubmit={publish.run}
    />
  );
}

function messageOf(values: FormValues, queue: string | undefined): unknown {
  const headers = toArguments(values.headers as readonly ArgumentRow[]);
  const properties: Record<string, unknown> = { delivery_mode: Number(values.delivery_mode) };
  for (const row of values.properties as readonly ArgumentRow[]) {
    if (row.key !== "") properties[row.key] = NUMBERS.has(row.key) ? Number(row.value) : row.value;
  }
  if (Object.keys(headers).length > 0) properties.headers = headers;
  return {
    properties,
    routing_key: queue ?? values.routing_key,
    payload: values.payload,
    payload_encoding: values.encoding,
  };
}

function fieldsFor(queue: string | undefined): Field[] {
  const key: Field[] =
    queue === undefined ? [{ kind: "text", name: "routing_key", label: texts.routingKey }] : [];
  return [
    ...key,
    { kind: "textarea", name: "payload", label: texts.payload },
    {
      kind: "select",
      name: "encoding",
      label: texts.encoding,
      options: [
        { value: "string", label: texts.text },
        { value: "base64", label: texts.base64 },
      ],
    },
    {
      kind: "select",
      name: "delivery_mode",
      label: texts.deliveryMode,
      initial: "2",
      options: [
        { value: "1", label: texts.transient },
        { value: "2", label: texts.persistent },
      ],
    },
    { kind: "arguments", name: "headers", label: texts.headers, help: texts.headersHelp },
    {
      kind: "arguments",
      name: "properties",
      label: texts.properties,
      help: texts.propertiesHelp,
      typed: false,
      shortcuts: () => shortcuts,
    },
  ];
}
