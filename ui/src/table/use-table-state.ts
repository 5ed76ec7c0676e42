// What a person set on a table; order, columns and page size are remembered, the filter is not.

import { useMediaQuery } from "@mantine/hooks";
import type { ColumnVisibilityState, SortingState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useVhosts } from "../form/vhost-field.ts";
import { useSetting } from "../settings/settings.ts";
import type { Column } from "./columns.ts";
import type { RowView } from "./rows.ts";

export interface TableState {
  /** On a telephone. */
  readonly narrow: boolean;
  readonly view: RowView;
  readonly sorting: SortingState;
  readonly visibility: ColumnVisibilityState;
  readonly setSorting: (update: SortingState | ((last: SortingState) => SortingState)) => void;
  readonly setFilter: (filter: string) => void;
  readonly setRegex: (regex: boolean) => void;
  readonly setPage: (page: number) => void;
  readonly setPageSize: (size: number) => void;
  readonly setVisible: (columnId: string, visible: boolean) => void;
  readonly resetColumns: () => void;
}

/** The state of the table called `id`. */
export function useTableState<Item>(
  id: string,
  columns: readonly Column<Item>[],
  defaultSort: { readonly id: string; readonly desc: boolean } | undefined,
  server: boolean,
): TableState {
  const [sort, setSort] = useSetting(`table.${id}.sort`, defaultSort ?? null);
  const [chosen, setChosen] = useSetting<Record<string, boolean>>(
    `table.${id}.columns`,
    NONE_CHOSEN,
  );
  const [pageSize, setPageSize] = useSetting(`table.${id}.page-size`, server ? 100 : 0);
  const [filter, setFilter] = useState("");
  const [regex, setRegex] = useState(false);
  const [page, setPage] = useState(0);
  const severalVhosts = useVhosts().length > 1;
  const narrow = useMediaQuery(TELEPHONE, undefined, { getInitialValueInEffect: false }) === true;
  return useMemo(() => {
    const known = columns.some((column) => column.id === sort?.id) ? sort : null;
    const sorting: SortingState = known ? [known] : [];
    return {
      view: { filter, regex, sort: known ?? undefined, pageSize, page },
      sorting,
      narrow,
      visibility: visibilityOf(columns, chosen, { severalVhosts, narrow }),
      setSorting: (update) => {
        const next = typeof update === "function" ? update(sorting) : update;
        setSort(next[0]);
        setPage(0);
      },
      setFilter: (text) => {
        setFilter(text);
        setPage(0);
      },
      setRegex,
      setPage,
      setPageSize: (size) => {
        setPageSize(size);
        setPage(0);
      },
      setVisible: (columnId, visible) => setChosen({ ...chosen, [columnId]: visible }),
      resetColumns: () => setChosen(undefined),
    };
  }, [
    columns,
    sort,
    chosen,
    pageSize,
    filter,
    regex,
    page,
    severalVhosts,
    narrow,
    setSort,
    setChosen,
    setPageSize,
  ]);
}

const TELEPHONE = "(max-width: 600px)";
const NONE_CHOSEN: Record<string, boolean> = {};

function visibilityOf<Item>(
  columns: readonly Column<Item>[],
  chosen: Record<string, boolean>,
  { severalVhosts, narrow }: { severalVhosts: boolean; narrow: boolean },
): ColumnVisibilityState {
  const isShown = (column: Column<Item>): boolean =>
    !column.hidden && (severalVhosts || !column.forSeveralVhosts) && !(narrow && column.wide);
  return Object.fromEntries(
    columns.map((column) => [column.id, chosen[column.id] ?? isShown(column)]),
  );
}
