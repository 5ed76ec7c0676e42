// Browsing and searching a queue without consuming, and what can be done with the messages found.

import { Button, Modal } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { BrowsedMessage } from "../../api/beyond.ts";
import { ApiError } from "../../api/client.ts";
import { writeJson } from "../../api/json.ts";
import { useAction } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { Field, FormValues } from "../../form/fields.ts";
import { useSearchText } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Failure, NotHere, Waiting } from "../../parts/page.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { Section } from "../../parts/section.tsx";
import type { BulkAction } from "../../table/table-toolbar.tsx";
import { browse as texts } from "../../texts/messages.ts";
import { words } from "../../texts/words.ts";
import { queueApi } from "../queues/queue-api.ts";
import { queueType } from "../queues/queue-columns.tsx";
import { messageApi, type Search } from "./message-api.ts";
import { messageColumns, positionColumn, stateColumn } from "./message-columns.tsx";
import { MessageTable } from "./message-table.tsx";

const columns = [positionColumn, stateColumn, ...messageColumns];

export function BrowseSection({ queue }: { queue: Queue }) {
  const [address, setAddress] = useSearchText();
  const search = searchOf(address);
  const pages = useInfiniteQuery({
    queryKey: ["api", queueApi.path(queue, "messages"), search],
    queryFn: ({ pageParam, signal }) => messageApi.browse(queue, search, pageParam, signal),
    initialPageParam: undefined as number | string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const isStream = queueType(queue) === "stream";
  const missing = pages.error instanceof ApiError && pages.error.status === 404;
  return (
    <Section
      id="queue.browse"
      title={texts.title}
      side={
        <Button size="compact-xs" variant="default" onClick={() => saveLines(queue.name, items)}>
          {texts.exportLines}
        </Button>
      }
    >
      <p className="dimmed">
        {texts.intro} {isStream && texts.streamHint}
      </p>
      <div className="rows">
        <SearchForm
          search={search}
          onSearch={async (values) => {
            setAddress(values);
            await pages.refetch();
          }}
        />
        {missing ? <NotHere /> : pages.error && <Failure error={pages.error} />}
        {pages.isPending && <Waiting />}
        {pages.isSuccess && <FoundMessages queue={queue} items={items} search={search} />}
        {pages.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            loading={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
          >
            {texts.more}
          </Button>
        )}
      </div>
    </Section>
  );
}

const SEARCH_KEYS = ["offset", "key", "header", "property", "text", "path"] as const;

/** Asked for less often: shown when wanted, so that messages are not below the fold. */
const RARE_KEYS = ["header", "property", "path", "offset"] as const;

function searchOf(address: Readonly<Record<string, string | undefined>>): Search {
  return Object.fromEntries(SEARCH_KEYS.map((key) => [key, address[key] ?? ""]));
}

function searchFields(search: Search, all: boolean): Field[] {
  const field = (name: keyof Search, label: string, placeholder?: string): Field => ({
    kind: "text",
    name,
    label,
    placeholder,
    initial: search[name],
    when: () => all || !RARE_KEYS.some((key) => key === name),
  });
  return [
    field("key", texts.key),
    field("text", texts.text),
    field("header", texts.header, texts.headerHint),
    field("property", texts.property, texts.propertyHint),
    field("path", texts.path, texts.pathHint),
    field("offset", texts.from),
  ];
}

interface SearchFormProps {
  readonly search: Search;
  readonly onSearch: (values: Record<string, string>) => Promise<void>;
}

function SearchForm({ search, onSearch }: SearchFormProps) {
  const [all, setAll] = useState(() => RARE_KEYS.some((key) => search[key] !== ""));
  return (
    <ActionForm
      key={writeJson(search)}
      fields={searchFields(search, all)}
      submitLabel={texts.search}
      onSubmit={async (values) => {
        await onSearch(values as Record<string, string>);
        return true;
      }}
      inline
      beside={
        <Button variant="subtle" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? texts.fewerFields : texts.moreFields}
        </Button>
      }
    />
  );
}

function saveLines(queue: string, items: readonly BrowsedMessage[]): void {
  const lines = items.map((item) => writeJson(item)).join("\n");
  saveFile(`${queue}.jsonl`, new Blob([lines], { type: "application/x-ndjson" }));
}

interface FoundProps {
  readonly queue: Queue;
  readonly items: readonly BrowsedMessage[];
  readonly search: Search;
}

interface Sending {
  readonly how: "move" | "copy";
  readonly items: readonly BrowsedMessage[];
}

function FoundMessages({ queue, items, search }: FoundProps) {
  const [sending, setSending] = useState<Sending | undefined>(undefined);
  const isStream = queueType(queue) === "stream";
  const ask = (how: "move" | "copy") => async (chosen: readonly BrowsedMessage[]) => {
    setSending({ how, items: chosen });
    return false;
  };
  const bulk: BulkAction<BrowsedMessage>[] = [
    { label: texts.copy, run: ask("copy") },
    ...(isStream
      ? []
      : [
          { label: texts.move, run: ask("move") },
          {
            label: texts.replay,
            run: (chosen: readonly BrowsedMessage[]) => replay(queue, chosen),
          },
        ]),
  ];
  const searched = Object.values(search).some((text) => text !== "");
  return (
    <>
      <MessageTable
        id="queue.messages"
        label={texts.label}
        items={items}
        columns={columns}
        bulk={bulk}
        vhost={queue.vhost}
        empty={<Empty title={searched ? texts.none : texts.noneEmpty} />}
      />
      {sending && (
        <SendDialog queue={queue} sending={sending} onClose={() => setSending(undefined)} />
      )}
    </>
  );
}

async function replay(queue: Queue, items: readonly BrowsedMessage[]): Promise<boolean> {
  const text = texts.replayText(items.length);
  if (!(await confirm({ title: texts.replay, text, action: texts.replay }))) return false;
  try {
    const positions = items.map((item) => item.position);
    const answer = await messageApi.replay(queue, { positions });
    notifyDone(texts.replayed(answer.moved));
    return true;
  } catch (error) {
    notifyFailed(error as Error);
    return false;
  }
}

function SendDialog({
  queue,
  sending,
  onClose,
}: {
  queue: Queue;
  sending: Sending;
  onClose: () => void;
}) {
  const { how, items } = sending;
  const send = useAction(
    async (values: FormValues) => {
      const positions = items.map((item) => item.position);
      const body = { destination: String(values.destination), positions };
      const answer = await messageApi.send(queue, how, body);
      const done = how === "move" ? texts.moved : texts.copied;
      notifyDone(done(answer.moved));
    },
    { done: onClose, failed: notifyFailed },
  );
  const title = how === "move" ? texts.moveTitle(items.length) : texts.copyTitle(items.length);
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": words.close }}
    >
      <ActionForm
        fields={[{ kind: "text", name: "destination", label: texts.destination, required: true }]}
        submitLabel={how === "move" ? texts.move : texts.copy}
        onSubmit={send.run}
      />
    </Modal>
  );
}
