// What can be changed of a consumer while it runs: its prefetch, and the time it has to acknowledge.

import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import type { UnackedMessage } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";
import { type Action, useAction, useBroker } from "../../api/query.ts";
import type { Consumer } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { consumerChanges as texts } from "../../texts/changes.ts";
import { words } from "../../texts/words.ts";

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
  header: "",
  sortKey: false,
  value: () => "",
  cell: (item) => <ConsumerChanges consumer={item} />,
  wide: true,
  width: 84,
};

function ConsumerChanges({ consumer }: { consumer: Consumer }) {
  const mayChange = useMayChange();
  const [opened, setOpened] = useState(false);
  const close = (): void => setOpened(false);
  const title = texts.title(consumer.consumer_tag);
  if (!mayChange) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={title}
        onClick={() => setOpened(true)}
      >
        {texts.change}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={title}
        size="lg"
        transitionProps={{ duration: 0 }}
        closeButtonProps={{ "aria-label": words.close }}
      >
        <ChangeForms consumer={consumer} onDone={close} />
      </Modal>
    </>
  );
}

function ChangeForms({ consumer, onDone }: { consumer: Consumer; onDone: () => void }) {
  const { consumer_tag: tag, queue } = consumer;
  const extend = useMoreTime(queue, tag, undefined);
  const prefetch = useAction(
    (values: FormValues) =>
      request(consumerPath(queue, tag, "prefetch"), {
        method: "PUT",
        body: { prefetch_count: Number(values.prefetch) },
      }),
    { done: () => notifyDone(texts.prefetchDone), failed: notifyFailed },
  );
  const closing = (action: Action<FormValues>) => async (values: FormValues) => {
    const worked = await action.run(values);
    if (worked) onDone();
    return worked;
  };
  const initial = String(consumer.prefetch_count ?? 0);
  return (
    <div className="rows">
      <div className="dimmed">{texts.prefetchIntro}</div>
      <ActionForm
        fields={[
          { kind: "number", name: "prefetch", label: texts.prefetchField, required: true, initial },
        ]}
        submitLabel={texts.prefetch}
        onSubmit={closing(prefetch)}
      />
      {consumer.ack_required && (
        <>
          <div className="dimmed">{texts.moreTimeIntro}</div>
          <ActionForm fields={MINUTES} submitLabel={texts.moreTime} onSubmit={closing(extend)} />
        </>
      )}
    </div>
  );
}

interface MoreTimeProps {
  readonly queue: { readonly vhost: string; readonly name: string };
  readonly tag: string;
  readonly deliveryTag: number;
}

const MINUTES: readonly Field[] = [
  { kind: "number", name: "minutes", label: texts.minutes, required: true, initial: "30" },
];

/** `deliveryTag` undefined: for all that the consumer holds. */
function useMoreTime(
  queue: MoreTimeProps["queue"],
  tag: string,
  deliveryTag: number | undefined,
): Action<FormValues> {
  return useAction(
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
}

/** Gives one delivery more time before the consumer timeout. */
export function MoreTime({ queue, tag, deliveryTag }: MoreTimeProps) {
  const mayChange = useMayChange();
  const extend = useMoreTime(queue, tag, deliveryTag);
  if (!mayChange) return null;
  return (
    <FormDialog
      label={texts.moreTime}
      title={texts.moreTimeTitle(tag)}
      intro={texts.moreTimeOne}
      size="compact-xs"
      fields={MINUTES}
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
