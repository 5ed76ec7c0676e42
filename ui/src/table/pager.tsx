// Steps through the pages of a table.

import { ActionIcon, NativeSelect } from "@mantine/core";
import { icons } from "../parts/icons.tsx";
import { tables } from "../texts/words.ts";
import classes from "./table.module.css";

export function Pager({
  page,
  pageCount,
  onPage,
}: {
  page: number;
  pageCount: number;
  onPage: (page: number) => void;
}) {
  return (
    <div className={classes.pager}>
      <ActionIcon
        variant="default"
        aria-label={tables.previous}
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
      >
        {icons.previous}
      </ActionIcon>
      <NativeSelect
        size="xs"
        aria-label={tables.page}
        value={String(page)}
        onChange={(event) => onPage(Number(event.currentTarget.value))}
        data={Array.from({ length: pageCount }, (_, index) => ({
          value: String(index),
          label: String(index + 1),
        }))}
      />
      <span className="dimmed">{tables.ofPages(pageCount)}</span>
      <ActionIcon
        variant="default"
        aria-label={tables.next}
        disabled={page >= pageCount - 1}
        onClick={() => onPage(page + 1)}
      >
        {icons.next}
      </ActionIcon>
    </div>
  );
}
