// The queues that dead letters arrive in, wherever they come from.

import { apiPath } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Binding, Queue } from "../../api/types.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { countColumn, TextLink, vhostColumn } from "../../table/stat-columns.tsx";
import { deadLetters as texts } from "../../texts/messages.ts";
import { queues as queueTexts } from "../../texts/queues.ts";
import { type DeadLetterQueue, deadLetterQueues } from "./dead-letter-queues.ts";

const columns: readonly Column<DeadLetterQueue>[] = [
  vhostColumn(),
  {
    id: "name",
    header: queueTexts.one,
    value: (item) => item.name,
    cell: (item) => (
      <TextLink href={linkTo.queue(item.vhost, item.name, "deadLetters")}>{item.name}</TextLink>
    ),
  },
  { id: "via", header: texts.via, value: (item) => item.exchanges.join(", ") },
  {
    id: "sources",
    header: texts.from,
    value: (item) => item.sources.join(", "),
    cell: (item) =>
      item.sources.map((source, index) => (
        <span key={source}>
          {index > 0 && ", "}
          <TextLink href={linkTo.queue(item.vhost, source)}>{source}</TextLink>
        </span>
      )),
  },
  countColumn("messages", texts.waiting),
];

const rowKey = (item: DeadLetterQueue): string => JSON.stringify([item.vhost, item.name]);

export default function DeadLettersPage() {
  const [vhost] = useVhostFilter();
  const { isLeveret } = useBroker();
  const path = (kind: string): string => (vhost === "" ? apiPath(kind) : apiPath(kind, vhost));
  const queues = useApi<readonly Queue[]>(path("queues"));
  const bindings = useApi<readonly Binding[]>(path("bindings"));
  const items =
    queues.data && bindings.data ? deadLetterQueues(queues.data, bindings.data) : undefined;
  return (
    <Page title={texts.title} crumb={texts.intro}>
      <DataTable
        id="dead-letter-queues"
        label={texts.queuesTitle}
        source={{ kind: "local", items, error: queues.error ?? bindings.error }}
        columns={columns}
        rowKey={rowKey}
        defaultSort={{ id: "messages", desc: true }}
        empty={<Empty title={texts.queuesNone} hint={texts.queuesNoneHint} />}
      />
      <p className="dimmed">{isLeveret ? texts.queuesIntro : texts.notHere}</p>
    </Page>
  );
}
