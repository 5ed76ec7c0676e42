// Dead letters in one queue: grouped by reason and origin, and sent back.

import { Button } from "@mantine/core";
import type { DeadLetterGroup } from "../../api/beyond.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { confirm } from "../../parts/confirm.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, NotHere } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { countColumn, TextLink } from "../../table/stat-columns.tsx";
import { browse, deadLetters as texts } from "../../texts/messages.ts";
import { messageApi } from "../messages/message-api.ts";
import { queueApi } from "../queues/queue-api.ts";

export default function DeadLettersTab({ queue }: { queue: Queue }) {
  const result = useApi<readonly DeadLetterGroup[]>(queueApi.path(queue, "dead-letters"));
  return (
    <Loaded result={result} missing={<NotHere />}>
      {(groups) => <GroupsSection queue={queue} groups={groups} />}
    </Loaded>
  );
}

function GroupsSection({ queue, groups }: { queue: Queue; groups: readonly DeadLetterGroup[] }) {
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  return (
    <Section
      id="queue.dead-letters"
      title={texts.title}
      side={
        total > 0 && <ReplayButton queue={queue} count={total} which={{}} label={texts.replayAll} />
      }
    >
      <p className="dimmed">{texts.intro}</p>
      <DataTable
        id="queue.dead-letters"
        label={texts.label}
        source={{ kind: "local", items: groups }}
        columns={columnsFor(queue)}
        rowKey={groupKey}
        empty={<Empty title={texts.none} hint={texts.noneHint} />}
        plain
      />
    </Section>
  );
}

const groupKey = (group: DeadLetterGroup): string =>
  JSON.stringify([group.reason, group.queue, group.exchange]);

function columnsFor(queue: Queue): Column<DeadLetterGroup>[] {
  return [
    { id: "reason", header: texts.reason, value: reasonText },
    {
      id: "queue",
      header: texts.origin,
      value: (group) => group.queue,
      cell: (group) => (
        <TextLink href={linkTo.queue(queue.vhost, group.queue)}>{group.queue}</TextLink>
      ),
    },
    { id: "exchange", header: texts.exchange, value: (group) => group.exchange },
    countColumn("count", texts.count),
    {
      id: "replay",
      header: "",
      sortKey: false,
      value: () => "",
      cell: (group) => (
        <ReplayButton
          queue={queue}
          count={group.count}
          which={{ reason: group.reason, origin: group.queue }}
          label={texts.replayGroup}
        />
      ),
      align: "right",
    },
  ];
}

function reasonText(group: DeadLetterGroup): string {
  const known: Readonly<Record<string, string>> = texts.reasons;
  return Object.hasOwn(known, group.reason) ? (known[group.reason] ?? "") : group.reason;
}

function ReplayButton({
  queue,
  count,
  which,
  label,
}: {
  queue: Queue;
  count: number;
  which: { reason?: string; origin?: string };
  label: string;
}) {
  const replay = useAction(
    async () => {
      const answer = await messageApi.replay(queue, which);
      notifyDone(browse.replayed(answer.moved));
    },
    { done: () => {}, failed: notifyFailed },
  );
  const ask = async (): Promise<void> => {
    const text = browse.replayText(count);
    if (await confirm({ title: texts.replayTitle, text, action: browse.replay })) {
      await replay.run(undefined);
    }
  };
  return (
    <Button size="compact-xs" variant="default" loading={replay.busy} onClick={() => void ask()}>
      {label}
    </Button>
  );
}
