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
  /** On a telephone. */
  readonly narrow: boolean;
  readonly onVisible: (visible: { first: number; last: number }) => void;
  readonly onClearFilter: () => void;
}

/** With more rows than this, rows have one height and only those in view are rendered. */
const ALL_ROWS = 60;
const ROW_PX = 34;
/** Two lines of a name. */
const NARROW_ROW_PX = 48;
/** What a column without a width of its own has at least. */
const FREE_PX = 160;
const CHECK_PX = 36;
/** Of a width, on a telephone. */
const NARROW_SHARE = 0.75;

export function TableGrid<Item extends object>(props: GridProps<Item>) {
  const { rows, table, columns, selection, narrow } = props;
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
        style={virtual && !narrow ? { minWidth: widthOf(shownColumns) } : undefined}
      >
        {virtual && (
          <ColumnWidths
            columns={shownColumns}
            selectable={selection !== undefined}
            share={narrow ? NARROW_SHARE : 1}
          />
        )}
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
  const { rows, columns, virtual, scrolled, selection, narrow } = props;
  const rowPx = narrow ? NARROW_ROW_PX : ROW_PX;
  const virtualizer = useVirtualizer({
    count: rows.shown,
    getScrollElement: () => scrolled.current,
    estimateSize: () => rowPx,
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
      <Spacer px={virtual ? first * rowPx : 0} span={span} />
      {places.map((place) => (
        <PlacedRow key={place} {...props} place={place} span={span} />
      ))}
      <Spacer px={virtual ? (rows.shown - 1 - last) * rowPx : 0} span={span} />
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

/** Narrower than this a table is scrolled sideways, so that names stay legible. */
function widthOf<Item>(columns: readonly Column<Item>[]): number {
  return columns.reduce((sum, { width }) => sum + (width ?? FREE_PX), CHECK_PX);
}

interface ColumnWidthsProps<Item> {
  readonly columns: readonly Column<Item>[];
  readonly selectable: boolean;
  readonly share: number;
}

function ColumnWidths<Item>({ columns, selectable, share }: ColumnWidthsProps<Item>) {
  return (
    <colgroup>
      {selectable && <col style={{ width: CHECK_PX * share }} />}
      {columns.map(({ id, width }) => (
        <col key={id} style={width ? { width: width * share } : undefined} />
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
