// What can be done to one queue, at the head of its page.

import { Button } from "@mantine/core";
import { apiPath } from "../../api/client.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { goTo } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { count } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { queues, queueActions as texts } from "../../texts/queues.ts";
import { PublishButton } from "../exchanges/publish-form.tsx";
import { WatchButton } from "../watch/watch-button.tsx";
import { ConvertButton } from "./convert-queue.tsx";
import { queueApi } from "./queue-api.ts";
import { queueType } from "./queue-columns.tsx";

export function QueueActions({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const type = queueType(queue);
  return (
    <>
      <Button
        component="a"
        size="xs"
        variant="default"
        href={linkTo.topology(queue.vhost, { kind: "queue", name: queue.name })}
      >
        {queues.showMap}
      </Button>
      {isLeveret && <WatchButton vhost={queue.vhost} kind="queue" name={queue.name} />}
      <PublishButton vhost={queue.vhost} exchange="" queue={queue.name} />
      {isLeveret && type !== "stream" && <PauseButton queue={queue} />}
      {type !== "stream" && <MoveButton queue={queue} />}
      <ConvertButton queue={queue} />
      {type === "quorum" && <MemberButtons queue={queue} />}
      {type !== "stream" && <PurgeButton queue={queue} />}
      <DeleteButton queue={queue} />
    </>
  );
}

function PauseButton({ queue }: { queue: Queue }) {
  const paused = queue.state === "paused";
  const change = useAction(() => (paused ? queueApi.resume(queue) : queueApi.pause(queue)), {
    done: () => notifyDone(paused ? texts.resumed : texts.paused),
    failed: notifyFailed,
  });
  return (
    <Button
      size="xs"
      variant="default"
      loading={change.busy}
      onClick={() => void change.run(undefined)}
    >
      {paused ? texts.resume : texts.pause}
    </Button>
  );
}

function MoveButton({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const others = useApi<readonly Queue[]>(apiPath("queues", queue.vhost), {
    query: { columns: "name" },
    polled: false,
  });
  const move = useAction(
    async (values: FormValues) => {
      const destination = String(values.destination);
      if (isLeveret) {
        const { moved } = await queueApi.move(queue, destination);
        notifyDone(texts.moved(count(moved)));
      } else {
        await queueApi.moveByShovel(queue, destination);
        notifyDone(texts.moveStarted);
      }
    },
    { done: () => {}, failed: notifyFailed },
  );
  return (
    <FormDialog
      label={texts.move}
      title={texts.moveTitle}
      intro={isLeveret ? texts.moveHint : texts.moveShovelHint}
      fields={[
        {
          kind: "text",
          name: "destination",
          label: texts.destination,
          required: true,
          suggestions: (others.data ?? [])
            .map((other) => other.name)
            .filter((name) => name !== queue.name),
        },
      ]}
      submitLabel={texts.move}
      onSubmit={move.run}
    />
  );
}

function MemberButtons({ queue }: { queue: Queue }) {
  const nodes = useApi<readonly { name: string }[]>("/nodes", { query: { columns: "name" } });
  const names = (nodes.data ?? []).map((node) => node.name);
  const members = queue.members ?? [];
  const others = names.filter((name) => !members.includes(name));
  const add = useAction((values: FormValues) => queueApi.addMember(queue, String(values.node)), {
    done: () => notifyDone(texts.memberAdded),
    failed: notifyFailed,
  });
  const remove = useAction(
    (values: FormValues) => queueApi.deleteMember(queue, String(values.node)),
    { done: () => notifyDone(texts.memberDeleted), failed: notifyFailed },
  );
  if (names.length < 2) return null;
  return (
    <>
      {others.length > 0 && (
        <FormDialog
          label={texts.addMember}
          title={texts.addMember}
          fields={[nodeField(others)]}
          submitLabel={texts.addMember}
          onSubmit={add.run}
        />
      )}
      {members.length > 1 && (
        <FormDialog
          label={texts.deleteMember}
          title={texts.deleteMember}
          fields={[nodeField(members)]}
          submitLabel={texts.deleteMember}
          destructive
          onSubmit={remove.run}
        />
      )}
    </>
  );
}

function nodeField(names: readonly string[]) {
  return {
    kind: "select" as const,
    name: "node",
    label: texts.memberNode,
    options: names.map((name) => ({ value: name, label: name })),
  };
}

function PurgeButton({ queue }: { queue: Queue }) {
  const purge = useAction(() => queueApi.purge(queue), {
    done: () => notifyDone(texts.purged),
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const text = texts.purgeText(queue.name);
    if (await confirm({ title: texts.purgeTitle, text, action: texts.purge })) {
      await purge.run(undefined);
    }
  };
  return (
    <Button size="xs" variant="default" loading={purge.busy} onClick={() => void ask()}>
      {texts.purge}
    </Button>
  );
}

function DeleteButton({ queue }: { queue: Queue }) {
  const remove = useAction(
    (values: FormValues) =>
      queueApi.delete(queue, {
        ifEmpty: values.ifEmpty === true,
        ifUnused: values.ifUnused === true,
      }),
    {
      done: () => {
        notifyDone(texts.deleted(queue.name));
        goTo(linkTo.page("/queues"));
      },
      failed: notifyFailed,
    },
  );
  return (
    <FormDialog
      label={texts.delete}
      title={texts.deleteTitle}
      intro={texts.deleteIntro(queue.name)}
      fields={[
        { kind: "switch", name: "ifEmpty", label: texts.ifEmpty },
        { kind: "switch", name: "ifUnused", label: texts.ifUnused },
      ]}
      submitLabel={texts.delete}
      variant="filled"
      destructive
      onSubmit={remove.run}
    />
  );
}
