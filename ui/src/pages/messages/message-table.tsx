// A list of messages, each of which opens in a dialog.

import { Button, Modal } from "@mantine/core";
import { type ReactNode, useMemo, useState } from "react";
import type { BrowsedMessage } from "../../api/beyond.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import type { BulkAction } from "../../table/table-toolbar.tsx";
import { browse as texts } from "../../texts/messages.ts";
import { MessageView } from "./message-view.tsx";

export interface MessageTableProps<Message extends BrowsedMessage> {
  readonly id: string;
  readonly label: string;
  readonly items: readonly Message[];
  readonly columns: readonly Column<Message>[];
  readonly empty: ReactNode;
  readonly bulk?: readonly BulkAction<Message>[];
  /** Given: an opened message leads to its timeline. */
  readonly vhost?: string;
  /** Of the dialog; its position unless given. */
  readonly titleOf?: (message: Message) => string;
}

const positionKey = (item: BrowsedMessage): string => String(item.position);

export function MessageTable<Message extends BrowsedMessage>(props: MessageTableProps<Message>) {
  const [opened, setOpened] = useState<Message | undefined>(undefined);
  const columns = useMemo(
    () => [...props.columns, openColumn<Message>(setOpened)],
    [props.columns],
  );
  return (
    <>
      <DataTable
        id={props.id}
        label={props.label}
        source={{ kind: "local", items: props.items }}
        columns={columns}
        rowKey={positionKey}
        bulk={props.bulk}
        empty={props.empty}
        filterHint={texts.filterHint}
      />
      <Modal
        opened={opened !== undefined}
        onClose={() => setOpened(undefined)}
        title={opened && (props.titleOf?.(opened) ?? texts.messageAt(String(opened.position)))}
        size="xl"
        transitionProps={{ duration: 0 }}
        closeButtonProps={{ "aria-label": texts.close }}
      >
        {opened && <MessageView message={opened} vhost={props.vhost} />}
      </Modal>
    </>
  );
}

function openColumn<Message extends BrowsedMessage>(
  open: (message: Message) => void,
): Column<Message> {
  return {
    id: "open",
    header: "",
    sortKey: false,
    value: () => "",
    cell: (item) => (
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${texts.open} ${item.position}`}
        onClick={() => open(item)}
      >
        {texts.open}
      </Button>
    ),
    align: "right",
    width: 80,
  };
}
