// Getting messages from a queue, which consumes them.

import { useState } from "react";
import { apiPath, request } from "../../api/client.ts";
import { useAction } from "../../api/query.ts";
import type { GotMessage } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { Field, FormValues } from "../../form/fields.ts";
import { count } from "../../parts/format.ts";
import { notifyFailed } from "../../parts/notify.ts";
import { Section } from "../../parts/section.tsx";
import { gets as texts } from "../../texts/queues.ts";
import { MessageView } from "./message-view.tsx";

const fields: readonly Field[] = [
  {
    kind: "select",
    name: "ackmode",
    label: texts.mode,
    options: Object.entries(texts.modes).map(([value, label]) => ({ value, label })),
  },
  {
    kind: "select",
    name: "encoding",
    label: texts.encoding,
    options: [
      { value: "auto", label: texts.auto },
      { value: "base64", label: texts.base64 },
    ],
  },
  { kind: "number", name: "count", label: texts.count, initial: "1", required: true },
];

export interface GetMessagesProps {
  readonly vhost: string;
  readonly queue: string;
  /** True where messages can also be looked at without consuming them. */
  readonly canBrowse: boolean;
}

export function GetMessages({ vhost, queue, canBrowse }: GetMessagesProps) {
  const [messages, setMessages] = useState<readonly GotMessage[] | undefined>(undefined);
  const get = useAction(
    async (values: FormValues) => {
      const path = apiPath("queues", vhost, queue, "get");
      const body = { ...values, count: Number(values.count) };
      setMessages(await request<readonly GotMessage[]>(path, { method: "POST", body }));
    },
    { done: () => {}, failed: notifyFailed },
  );
  return (
    <Section id="queue.get" title={texts.title} folded={canBrowse}>
      <div className="rows">
        <p className="dimmed">
          {texts.warning} {canBrowse && texts.browseInstead}
        </p>
        <ActionForm fields={fields} submitLabel={texts.action} onSubmit={get.run} />
        {messages?.length === 0 && <p role="status">{texts.empty}</p>}
        {messages?.map((message, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: got messages have no identity but their order
          <article key={index}>
            <h3>{texts.message(index + 1)}</h3>
            {message.message_count !== undefined && (
              <p className="dimmed">{texts.remaining(count(message.message_count))}</p>
            )}
            <MessageView message={message} />
          </article>
        ))}
      </div>
    </Section>
  );
}
