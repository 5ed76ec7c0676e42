// The headings of a table; each that can be sorted by is a button.

import type { ReactTable } from "@tanstack/react-table";
import { tables } from "../texts/words.ts";
import type { Column, Features } from "./columns.ts";
import { RowCheckbox } from "./row-checkbox.tsx";
import classes from "./table.module.css";
import type { Selection } from "./use-selection.ts";

interface HeadProps<Item extends object> {
  readonly table: ReactTable<Features, Item>;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly selection: Selection<Item> | undefined;
}

export function TableHead<Item extends object>(props: HeadProps<Item>) {
  const groups = props.table.getHeaderGroups();
  return (
    <thead>
      {groups.map((group, level) => (
        <tr key={group.id} aria-rowindex={level === groups.length - 1 ? 1 : undefined}>
          {props.selection && (
            <td className={classes.check}>
              {level === groups.length - 1 && (
                <SelectShown {...props} selection={props.selection} />
              )}
            </td>
          )}
          {group.headers.map((header) => {
            const column = props.columns.find((candidate) => candidate.id === header.column.id);
            return column === undefined ? (
              <GroupHead
                key={header.id}
                span={header.colSpan}
                text={String(header.column.columnDef.header)}
              />
            ) : (
              <ColumnHead
                key={header.id}
                column={column}
                sorted={header.column.getCanSort() ? header.column.getIsSorted() : undefined}
                onSort={() => header.column.toggleSorting()}
              />
            );
          })}
        </tr>
      ))}
    </thead>
  );
}

function GroupHead({ span, text }: { span: number; text: string }) {
  if (text === "") return <td colSpan={span} className={classes.group} />;
  return (
    <th colSpan={span} className={classes.group} scope="colgroup">
      {text}
    </th>
  );
}

function ColumnHead<Item>({
  column,
  sorted,
  onSort,
}: {
  column: Column<Item>;
  sorted: false | "asc" | "desc" | undefined;
  onSort: () => void;
}) {
  if (column.header === "") return <td />;
  const direction = sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined;
  return (
    <th scope="col" aria-sort={direction} data-align={column.align}>
      {sorted === undefined ? (
        column.header
      ) : (
        <button
          type="button"
          className={classes.sort}
          title={tables.sortBy(column.header)}
          onClick={onSort}
        >
          {column.header}
        </button>
      )}
    </th>
  );
}

function SelectShown<Item extends object>({
  items,
  selection,
}: HeadProps<Item> & { selection: Selection<Item> }) {
  const selected =
    selection.items.size === 0 ? 0 : items.filter((item) => selection.has(item)).length;
  return (
    <RowCheckbox
      label={tables.selectAll}
      checked={items.length > 0 && selected === items.length}
      mixed={selected > 0 && selected < items.length}
      onChange={(checked) => selection.toggle(items, checked)}
    />
  );
}
