// What can be changed of a consumer while it runs: its prefetch, and the time it has to acknowledge.

import type { UnackedMessage } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useBroker } from "../../api/query.ts";
import type { Consumer } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { consumerChanges as texts } from "../../texts/changes.ts";

const MS_PER_MINUTE = 60_000;

function useMayChange(): boolean {
  const { isLeveret } = useBroker();
  return useTag("policymaker") && isLeveret;
}

function consumerPath(queue: { vhost: string; name: string }, tag: string, what: string): string {
  return apiPath("consumers", queue.vhost, queue.name, tag, what);
}

export const changeColumn: Column<Consumer> = {
  id: "change",
  header: texts.column,
  sortKey: false,
  value: () => "",
  cell: (item) => <ConsumerChanges consumer={item} />,
  wide: true,
  width: 180,
};

function ConsumerChanges({ consumer }: { consumer: Consumer }) {
  const mayChange = useMayChange();
  const { consumer_tag: tag, queue } = consumer;
  const prefetch = useAction(
    (values: FormValues) =>
      request(consumerPath(queue, tag, "prefetch"), {
        method: "PUT",
        body: { prefetch_count: Number(values.prefetch) },
      }),
    { done: () => notifyDone(texts.prefetchDone), failed: notifyFailed },
  );
  if (!mayChange) return null;
  return (
    <div className="row-tight">
      <FormDialog
        label={texts.prefetch}
        title={texts.prefetchTitle(tag)}
        intro={texts.prefetchIntro}
        size="compact-xs"
        fields={[
          {
            kind: "number",
            name: "prefetch",
            label: texts.prefetchField,
            required: true,
            initial: String(consumer.prefetch_count ?? 0),
          },
        ]}
        submitLabel={texts.prefetch}
        onSubmit={prefetch.run}
      />
      {consumer.ack_required && <MoreTime queue={queue} tag={tag} />}
    </div>
  );
}

interface MoreTimeProps {
  readonly queue: { readonly vhost: string; readonly name: string };
  readonly tag: string;
  /** Of one delivery; without it, of all the consumer holds. */
  readonly deliveryTag?: number;
}

/** Gives a consumer, or one delivery it holds, more time before the consumer timeout. */
export function MoreTime({ queue, tag, deliveryTag }: MoreTimeProps) {
  const mayChange = useMayChange();
  const extend = useAction(
    (values: FormValues) =>
      request(consumerPath(queue, tag, "deadline"), {
        method: "PUT",
        body: {
          extend_ms: Number(values.minutes) * MS_PER_MINUTE,
          ...(deliveryTag === undefined ? {} : { delivery_tag: deliveryTag }),
        },
      }),
    {
      done: (values) => notifyDone(texts.moreTimeDone(String(values.minutes))),
      failed: notifyFailed,
    },
  );
  if (!mayChange) return null;
  return (
    <FormDialog
      label={texts.moreTime}
      title={texts.moreTimeTitle(tag)}
      intro={deliveryTag === undefined ? texts.moreTimeIntro : texts.moreTimeOne}
      size="compact-xs"
      fields={[
        { kind: "number", name: "minutes", label: texts.minutes, required: true, initial: "30" },
      ]}
      submitLabel={texts.moreTime}
      onSubmit={extend.run}
    />
  );
}

/** The same for a delivery in a list of what is out. */
export function moreTimeColumn(queue: MoreTimeProps["queue"]): Column<UnackedMessage> {
  return {
    id: "more_time",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) =>
      item.consumer_tag !== undefined &&
      item.delivery_tag !== undefined && (
        <MoreTime queue={queue} tag={item.consumer_tag} deliveryTag={item.delivery_tag} />
      ),
    width: 100,
  };
}
