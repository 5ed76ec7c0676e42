// Messages that consumers hold, by consumer and age.

import { useMemo } from "react";
import type { RetriedMessage, RetriedMessages, UnackedMessage } from "../../api/beyond.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { count, duration } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded, NotHere } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { TextLink } from "../../table/stat-columns.tsx";
import { retried, unacked as texts } from "../../texts/messages.ts";
import { moreTimeColumn } from "../consumers/consumer-changes.tsx";
import { messageColumns } from "../messages/message-columns.tsx";
import { MessageTable } from "../messages/message-table.tsx";
import { WaitingTable } from "../messages/waiting-table.tsx";
import { type QueueRef, queueApi } from "./queue-api.ts";

const columnsOf = (queue: QueueRef): readonly Column<UnackedMessage>[] => [
  {
    id: "consumer_tag",
    header: texts.consumer,
    value: (item) => item.consumer_tag,
  },
  {
    id: "channel",
    header: texts.channel,
    value: (item) => item.channel_details?.name,
    cell: (item) =>
      item.channel_details && (
        <TextLink href={linkTo.channel(item.channel_details.name)}>
          {item.channel_details.name}
        </TextLink>
      ),
    wide: true,
  },
  {
    id: "held",
    header: texts.held,
    value: heldMs,
    cell: (item) => duration(heldMs(item)),
    width: 90,
  },
  ...(messageColumns as readonly Column<UnackedMessage>[]),
  moreTimeColumn(queue),
];

function heldMs(item: UnackedMessage): number | undefined {
  if (item.unacked_for_ms !== undefined) return item.unacked_for_ms;
  return item.delivered_at === undefined ? undefined : Date.now() - item.delivered_at;
}

export default function UnackedTab({ queue }: { queue: Queue }) {
  const columns = useMemo(
    () => columnsOf({ vhost: queue.vhost, name: queue.name }),
    [queue.vhost, queue.name],
  );
  const result = useApi<readonly UnackedMessage[]>(queueApi.path(queue, "unacked"));
  return (
    <>
      <Section id="queue.unacked" title={texts.title}>
        <p className="dimmed">{texts.intro}</p>
        <Loaded result={result} missing={<NotHere />}>
          {(items) => (
            <MessageTable
              id="queue.unacked"
              label={texts.label}
              items={items}
              columns={columns}
              vhost={queue.vhost}
              empty={<Empty title={texts.none} />}
            />
          )}
        </Loaded>
      </Section>
      <RetriedSection queue={queue} />
    </>
  );
}

const RETRIED_MAX = 500;

/** Shown where some wait. */
function RetriedSection({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const path = queueApi.path(queue, "waiting");
  const { data, error } = useApi<RetriedMessages>(path, {
    query: { count: RETRIED_MAX },
    enabled: isLeveret,
  });
  if (!isLeveret || data === undefined || data.count === 0) return null;
  const isCut = data.count > data.items.length;
  return (
    <Section id="queue.waiting" title={`${retried.title} (${count(data.count)})`}>
      <p className="dimmed">
        {retried.intro}
        {isCut && ` ${retried.shown(count(data.items.length))}`}
      </p>
      <WaitingTable
        id="queue.waiting"
        path={path}
        items={data.items}
        error={error}
        keyOf={({ position }) => String(position)}
        more={retriedColumns}
        texts={retried}
      />
    </Section>
  );
}

const retriedColumns: readonly Column<RetriedMessage>[] = [
  {
    id: "delivery_count",
    header: retried.attempts,
    value: (item) => item.delivery_count,
    wide: true,
  },
];
