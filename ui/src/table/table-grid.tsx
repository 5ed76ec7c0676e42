// The table itself: headings that sort, and rows, of which only those in view are in the page when there are many.

import type { ReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type RefObject, useEffect, useMemo, useRef } from "react";
import { Empty } from "../parts/page.tsx";
import { tables } from "../texts/words.ts";
import { type Column, type Features, renderCell } from "./columns.ts";
import type { PlacedRows } from "./data-table.tsx";
import { RowCheckbox } from "./row-checkbox.tsx";
import classes from "./table.module.css";
import { TableHead } from "./table-head.tsx";
import type { Selection } from "./use-selection.ts";

export interface GridProps<Item extends object> {
  readonly label: string;
  readonly table: ReactTable<Features, Item>;
  readonly columns: readonly Column<Item>[];
  readonly rows: PlacedRows<Item>;
  /** What is loaded, which the box in the heading selects. */
  readonly items: readonly Item[];
  readonly selection: Selection<Item> | undefined;
  readonly rowKey: (item: Item) => string;
  readonly onVisible: (visible: { first: number; last: number }) => void;
  readonly onClearFilter: () => void;
}

/** With more rows than this, rows have one height and only those in view are rendered. */
const ALL_ROWS = 60;
const ROW_PX = 34;

export function TableGrid<Item extends object>(props: GridProps<Item>) {
  const { rows, table, columns, selection } = props;
  const scrolled = useRef<HTMLElement>(null);
  const virtual = rows.shown > ALL_ROWS;
  const shownColumns = useShownColumns(table, columns);
  return (
    <section
      ref={scrolled}
      className={virtual ? classes.scroller : classes.holder}
      aria-label={tables.area(props.label)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <table
        className={classes.table}
        data-virtual={virtual || undefined}
        aria-label={props.label}
        aria-rowcount={rows.shown + 1}
        aria-busy={rows.loading}
      >
        {virtual && <ColumnWidths columns={shownColumns} selectable={selection !== undefined} />}
        <TableHead table={table} columns={columns} items={props.items} selection={selection} />
        <TableBody {...props} columns={shownColumns} virtual={virtual} scrolled={scrolled} />
      </table>
      {rows.shown === 0 && !rows.loading && <NoMatch onClear={props.onClearFilter} />}
    </section>
  );
}

function useShownColumns<Item extends object>(
  table: ReactTable<Features, Item>,
  columns: readonly Column<Item>[],
): readonly Column<Item>[] {
  const visibleIds = table
    .getVisibleLeafColumns()
    .map((column) => column.id)
    .join();
  return useMemo(() => {
    const ids = visibleIds.split(",");
    return columns.filter((column) => ids.includes(column.id));
  }, [columns, visibleIds]);
}

interface BodyProps<Item extends object> extends GridProps<Item> {
  readonly virtual: boolean;
  readonly scrolled: RefObject<HTMLElement | null>;
}

/** Scrolling renders this part only. */
function TableBody<Item extends object>(props: BodyProps<Item>) {
  const { rows, columns, virtual, scrolled, selection } = props;
  const virtualizer = useVirtualizer({
    count: rows.shown,
    getScrollElement: () => scrolled.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    enabled: virtual,
  });
  const inView = virtualizer.getVirtualItems();
  const first = virtual ? (inView[0]?.index ?? 0) : 0;
  const last = virtual ? (inView.at(-1)?.index ?? ALL_ROWS) : Math.max(0, rows.shown - 1);
  const { onVisible } = props;
  useEffect(() => onVisible({ first, last }), [first, last, onVisible]);
  const count = rows.shown === 0 ? 0 : last - first + 1;
  const places = Array.from({ length: count }, (_, index) => first + index);
  const span = columns.length + (selection ? 1 : 0);
  return (
    <tbody>
      <Spacer px={virtual ? first * ROW_PX : 0} span={span} />
      {places.map((place) => (
        <PlacedRow key={place} {...props} place={place} span={span} />
      ))}
      <Spacer px={virtual ? (rows.shown - 1 - last) * ROW_PX : 0} span={span} />
    </tbody>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  return (
    <Empty title={tables.nothingMatches}>
      <button type="button" className={classes.linkButton} onClick={onClear}>
        {tables.clearFilter}
      </button>
    </Empty>
  );
}

function Spacer({ px, span }: { px: number; span: number }) {
  if (px <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: there is nothing in it to focus
    <tr aria-hidden="true" className={classes.spacer}>
      <td colSpan={span} style={{ height: px }} />
    </tr>
  );
}

function ColumnWidths<Item>({
  columns,
  selectable,
}: {
  columns: readonly Column<Item>[];
  selectable: boolean;
}) {
  return (
    <colgroup>
      {selectable && <col style={{ width: 36 }} />}
      {columns.map((column) => (
        <col key={column.id} style={column.width ? { width: column.width } : undefined} />
      ))}
    </colgroup>
  );
}

interface PlacedRowProps<Item extends object> extends GridProps<Item> {
  readonly place: number;
  readonly span: number;
}

function PlacedRow<Item extends object>(props: PlacedRowProps<Item>) {
  const { place, rows, selection, span, rowKey } = props;
  const item = rows.at(place);
  if (item === undefined) {
    return (
      <tr aria-rowindex={place + 2} className={classes.waiting}>
        <td colSpan={span}>&nbsp;</td>
      </tr>
    );
  }
  return (
    <ItemRow
      item={item}
      place={place}
      columns={props.columns}
      name={rowKey(item)}
      selected={selection?.has(item)}
      onSelect={selection?.toggle}
    />
  );
}

interface ItemRowProps<Item> {
  readonly item: Item;
  readonly place: number;
  readonly columns: readonly Column<Item>[];
  readonly name: string;
  readonly selected: boolean | undefined;
  readonly onSelect: ((items: readonly Item[], on: boolean) => void) | undefined;
}

function ItemRowCells<Item>(props: ItemRowProps<Item>) {
  const { item, place, columns, name, selected, onSelect } = props;
  return (
    <tr aria-rowindex={place + 2} data-selected={selected || undefined}>
      {selected !== undefined && (
        <td className={classes.check}>
          <RowCheckbox
            label={tables.selectRow(name)}
            checked={selected}
            onChange={(checked) => onSelect?.([item], checked)}
          />
        </td>
      )}
      {columns.map((column) => (
        <td
          key={column.id}
          data-align={column.align}
          data-short={column.width === undefined ? undefined : true}
        >
          {renderCell(column, item)}
        </td>
      ))}
    </tr>
  );
}

/** Rendered again only when the item itself, its selection or the columns changed. */
const ItemRow = memo(ItemRowCells) as typeof ItemRowCells;
