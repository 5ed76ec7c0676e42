// Above a table: filter, counts, columns, page size, saving, and what can be done with the selected rows.

import { ActionIcon, Button, Checkbox, NativeSelect, Popover, TextInput } from "@mantine/core";
import { memo, useEffect, useState } from "react";
import { count } from "../parts/format.ts";
import { icons } from "../parts/icons.tsx";
import { tables } from "../texts/words.ts";
import type { Column } from "./columns.ts";
import { saveCsv } from "./csv.ts";
import { expressionOf, fetchAllRows, type RowSource } from "./rows.ts";
import classes from "./table.module.css";
import type { Selection } from "./use-selection.ts";
import type { TableState } from "./use-table-state.ts";

export interface BulkAction<Item> {
  readonly label: string;
  readonly destructive?: boolean;
  /** Does it; true clears the selection. */
  readonly run: (items: readonly Item[]) => Promise<boolean>;
}

interface ToolbarProps<Item extends object> {
  readonly id: string;
  readonly source: RowSource<Item>;
  readonly columns: readonly Column<Item>[];
  readonly state: TableState;
  readonly matching: number;
  readonly total: number;
  /** The rows that match, where all of them are here. */
  readonly localItems: readonly Item[] | undefined;
  readonly selection: Selection<Item>;
  readonly bulk: readonly BulkAction<Item>[];
  readonly filterHint: string | undefined;
}

function Toolbar<Item extends object>(props: ToolbarProps<Item>) {
  const { id, state, matching, total, columns } = props;
  const save = async (): Promise<void> => saveCsv(id, columns, await allRows(props));
  return (
    <div className={classes.toolbar}>
      <FilterInput state={state} hint={props.filterHint ?? tables.filterHint} />
      <span className="dimmed" role="status">
        {tables.rows(count(matching), count(total))}
      </span>
      <span className="shell-spring" />
      <PageSize state={state} total={matching} />
      <ActionIcon
        variant="default"
        size={30}
        aria-label={tables.exportCsv}
        onClick={() => void save()}
      >
        {icons.download}
      </ActionIcon>
      <ColumnChooser columns={columns} state={state} />
      {props.bulk.length > 0 && props.selection.items.size > 0 && <BulkBar {...props} />}
    </div>
  );
}

/** Not rendered again for every refresh and every step of scrolling. */
export const TableToolbar = memo(Toolbar) as typeof Toolbar;

async function allRows<Item extends object>(props: ToolbarProps<Item>): Promise<readonly Item[]> {
  const { source, state, columns, localItems } = props;
  if (source.kind === "local") return localItems ?? [];
  return fetchAllRows<Item>(source, state.view, columns);
}

const TYPING_MS = 250;

function FilterInput({ state, hint }: { state: TableState; hint: string }) {
  const { filter, regex } = state.view;
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (text === filter) return;
    const timer = setTimeout(() => state.setFilter(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const broken = regex && expressionOf(text) === undefined;
  return (
    <>
      <TextInput
        size="xs"
        type="search"
        aria-label={tables.filter}
        placeholder={hint}
        value={text}
        error={broken && tables.badRegex}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Checkbox
        size="xs"
        label={tables.regex}
        checked={regex}
        onChange={(event) => state.setRegex(event.currentTarget.checked)}
      />
    </>
  );
}

const PAGE_SIZES = [20, 50, 100, 500];

function PageSize({ state, total }: { state: TableState; total: number }) {
  if (total <= (PAGE_SIZES[0] ?? 0)) return null;
  return (
    <NativeSelect
      size="xs"
      aria-label={tables.pageSize}
      value={String(state.view.pageSize)}
      onChange={(event) => state.setPageSize(Number(event.currentTarget.value))}
      data={[
        { value: "0", label: tables.scroll },
        ...PAGE_SIZES.map((size) => ({ value: String(size), label: tables.perPage(size) })),
      ]}
    />
  );
}

function ColumnChooser<Item>({
  columns,
  state,
}: {
  columns: readonly Column<Item>[];
  state: TableState;
}) {
  return (
    <Popover position="bottom-end" shadow="md" width={260}>
      <Popover.Target>
        <ActionIcon variant="default" size={30} aria-label={tables.columnsTitle}>
          {icons.columns}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <fieldset className={classes.chooser}>
          <legend>{tables.columnsTitle}</legend>
          {columns.map((column) => (
            <Checkbox
              key={column.id}
              size="xs"
              label={column.group ? `${column.group}: ${column.header}` : column.header}
              checked={state.visibility[column.id] ?? true}
              onChange={(event) => state.setVisible(column.id, event.currentTarget.checked)}
            />
          ))}
        </fieldset>
        <Button size="compact-xs" variant="default" onClick={state.resetColumns}>
          {tables.resetColumns}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}

function BulkBar<Item extends object>(props: ToolbarProps<Item>) {
  const { selection, matching, bulk } = props;
  const run = async (action: BulkAction<Item>): Promise<void> => {
    if (await action.run([...selection.items.values()])) selection.clear();
  };
  const selectAll = async (): Promise<void> => selection.toggle(await allRows(props), true);
  return (
    <div className={classes.bulk}>
      <strong>{tables.selected(count(selection.items.size))}</strong>
      {selection.items.size < matching && (
        <Button size="compact-xs" variant="subtle" onClick={() => void selectAll()}>
          {tables.selectMatching(count(matching))}
        </Button>
      )}
      {bulk.map((action) => (
        <Button
          key={action.label}
          size="compact-sm"
          variant={action.destructive ? "filled" : "default"}
          color={action.destructive ? "red" : undefined}
          onClick={() => void run(action)}
        >
          {action.label}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" onClick={selection.clear}>
        {tables.clearSelection}
      </Button>
    </div>
  );
}
