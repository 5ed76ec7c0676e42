// The one table: sorted, filtered, paged or scrolled through, with columns to choose and rows to select.

import { useTable } from "@tanstack/react-table";
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { Empty, Failure } from "../parts/page.tsx";
import { tables } from "../texts/words.ts";
import { type Column, features, toColumnDefs } from "./columns.ts";
import { Pager } from "./pager.tsx";
import {
  CHUNK_ROWS,
  type RowSource,
  type RowView,
  type RowWindow,
  useLocalRows,
  useServerRows,
} from "./rows.ts";
import classes from "./table.module.css";
import { TableGrid } from "./table-grid.tsx";
import { type BulkAction, TableToolbar } from "./table-toolbar.tsx";
import { useSelection } from "./use-selection.ts";
import { type TableState, useTableState } from "./use-table-state.ts";

export interface DataTableProps<Item extends object> {
  /** Columns, order and page size are remembered under this name. */
  readonly id: string;
  /** What the rows are, for screen readers. */
  readonly label: string;
  readonly source: RowSource<Item>;
  readonly columns: readonly Column<Item>[];
  readonly rowKey: (item: Item) => string;
  readonly defaultSort?: { readonly id: string; readonly desc: boolean };
  /** Shown instead of the table while there is nothing at all. */
  readonly empty?: ReactNode;
  /** Things to do with selected rows; none: rows cannot be selected. */
  readonly bulk?: readonly BulkAction<Item>[];
  /** What typing into the filter looks for, where that is not names. */
  readonly filterHint?: string;
  /** Small tables inside a page: no toolbar until there are many rows. */
  readonly plain?: boolean;
}

export function DataTable<Item extends object>(props: DataTableProps<Item>) {
  const { id, columns, source, rowKey } = props;
  const state = useTableState(id, columns, props.defaultSort, source.kind === "server");
  const [visible, setVisible] = useVisibleChunks();
  const window = useRows(source, state.view, columns, visible);
  const selection = useSelection<Item>(rowKey);
  const defs = useMemo(() => toColumnDefs(columns), [columns]);
  const table = useTable<typeof features, Item>({
    features,
    columns: defs,
    data: window.items as Item[],
    getRowId: rowKey,
    manualSorting: !window.sortHere,
    enableSortingRemoval: false,
    state: { sorting: state.sorting, columnVisibility: state.visibility },
    onSortingChange: state.setSorting,
  });
  const items = table.getRowModel().rows.map((row) => row.original);
  const rows = placeRows(items, window, state.view);
  const pageCount = usePageCount(state, window);
  if (window.error && window.total === 0) return <Failure error={window.error} />;
  const nothing = !window.loading && window.total === 0 && state.view.filter === "";
  if (nothing) return props.empty ?? <Empty title={tables.nothing} />;
  return (
    <div className={classes.root}>
      {(!props.plain || window.total > PLAIN_ROWS) && (
        <TableToolbar
          id={id}
          source={source}
          columns={columns}
          state={state}
          matching={window.matching}
          total={window.total}
          localItems={window.sortHere ? window.items : undefined}
          selection={selection}
          bulk={props.bulk ?? NO_BULK}
          filterHint={props.filterHint}
        />
      )}
      <TableGrid
        label={props.label}
        table={table}
        columns={columns}
        rows={rows}
        items={window.items}
        selection={props.bulk ? selection : undefined}
        rowKey={rowKey}
        narrow={state.narrow}
        onVisible={setVisible}
        onClearFilter={() => state.setFilter("")}
      />
      {pageCount > 1 && (
        <Pager page={state.view.page} pageCount={pageCount} onPage={state.setPage} />
      )}
    </div>
  );
}

const PLAIN_ROWS = 20;

/** Leaves a page that is not there any more. */
function usePageCount(state: TableState, window: { matching: number; loading: boolean }): number {
  const { page, pageSize } = state.view;
  const count = pageSize > 0 ? Math.ceil(window.matching / pageSize) : 1;
  useEffect(() => {
    if (!window.loading && page > 0 && page >= count) state.setPage(Math.max(0, count - 1));
  }, [count, page, state, window.loading]);
  return count;
}

const NO_BULK: readonly never[] = [];

interface Visible {
  readonly first: number;
  readonly last: number;
}

/** The rows in view; changes only when other chunks of rows come into view. */
function useVisibleChunks(): [Visible, (visible: Visible) => void] {
  const [visible, setVisible] = useState<Visible>({ first: 0, last: 0 });
  const change = useCallback((next: Visible) => {
    const chunkOf = (place: number): number => Math.floor(place / CHUNK_ROWS);
    setVisible((last) => {
      const isSame =
        chunkOf(last.first) === chunkOf(next.first) && chunkOf(last.last) === chunkOf(next.last);
      return isSame ? last : next;
    });
  }, []);
  return [visible, change];
}

function useRows<Item>(
  source: RowSource<Item>,
  view: RowView,
  columns: readonly Column<Item>[],
  visible: { first: number; last: number },
): RowWindow<Item> {
  const server = useServerRows<Item>(
    source.kind === "server" ? source : undefined,
    view,
    columns,
    visible,
  );
  const local = useLocalRows<Item>(source.kind === "local" ? source : undefined, view, columns);
  return source.kind === "server" ? server : local;
}

/** Rows by their place in the table as shown. */
export interface PlacedRows<Item> {
  readonly shown: number;
  readonly at: (place: number) => Item | undefined;
  readonly loading: boolean;
}

function placeRows<Item>(
  items: readonly Item[],
  window: RowWindow<Item>,
  view: RowView,
): PlacedRows<Item> {
  if (window.sortHere) {
    const start = view.pageSize * view.page;
    const shown = view.pageSize > 0 ? Math.min(view.pageSize, items.length - start) : items.length;
    return {
      shown: Math.max(0, shown),
      at: (place) => items[start + place],
      loading: window.loading,
    };
  }
  const byPlace = new Map<number, Item>();
  items.forEach((item, index) => {
    byPlace.set(window.places[index] ?? index, item);
  });
  return { shown: window.shown, at: (place) => byPlace.get(place), loading: window.loading };
}
