// What a column of a table is, and how our columns become TanStack's.

import {
  type ColumnDef,
  columnVisibilityFeature,
  createSortedRowModel,
  type Row,
  rowSortingFeature,
  tableFeatures,
} from "@tanstack/react-table";
import type { ReactNode } from "react";
import { count, value as valueText } from "../parts/format.ts";

export type CellValue = string | number | boolean | undefined | null;

export interface Column<Item> {
  readonly id: string;
  readonly header: string;
  /** Neighbouring columns of one group share a heading. */
  readonly group?: string;
  /** What is sorted, filtered and saved as CSV. */
  readonly value: (item: Item) => CellValue;
  /** What is shown; the value as text unless given. */
  readonly cell?: (item: Item) => ReactNode;
  /** The API's field to sort by; the id unless given. False: cannot be sorted. */
  readonly sortKey?: string | false;
  /** Not shown until chosen. */
  readonly hidden?: boolean;
  /** Not shown, until chosen, while there is one virtual host only. */
  readonly forSeveralVhosts?: boolean;
  /** Not shown on a telephone, until chosen: what a row is known by and its counts have the room there. */
  readonly wide?: boolean;
  readonly align?: "right";
  /** Pixels; columns without one share what is left. */
  readonly width?: number;
}

/** The TanStack features all our tables use. */
export const features = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
});

export type Features = typeof features;
export type TableRow<Item extends object> = Row<Features, Item>;

/** TanStack's definitions of our columns, grouped under their headings when any has one. */
export function toColumnDefs<Item extends object>(
  columns: readonly Column<Item>[],
): ColumnDef<Features, Item>[] {
  if (!columns.some((column) => column.group)) return columns.map(toColumnDef);
  const groups: { id: string; header: string; columns: ColumnDef<Features, Item>[] }[] = [];
  for (const column of columns) {
    const header = column.group ?? "";
    let group = groups.at(-1);
    if (group === undefined || group.header !== header) {
      group = { id: `group-${groups.length}`, header, columns: [] };
      groups.push(group);
    }
    group.columns.push(toColumnDef(column));
  }
  return groups;
}

function toColumnDef<Item extends object>(column: Column<Item>): ColumnDef<Features, Item> {
  return {
    id: column.id,
    header: column.header,
    accessorFn: (item: Item) => column.value(item),
    enableSorting: column.sortKey !== false,
    // Of numbers the largest are looked for.
    sortDescFirst: column.align === "right",
    sortFn: (left: TableRow<Item>, right: TableRow<Item>) =>
      compareValues(column.value(left.original), column.value(right.original)),
  } as ColumnDef<Features, Item>;
}

/** What a cell shows. */
export function renderCell<Item>(column: Column<Item>, item: Item): ReactNode {
  if (column.cell) return column.cell(item);
  const value = column.value(item);
  return typeof value === "number" ? count(value) : valueText(value);
}

const names = new Intl.Collator("en", { numeric: true });

/** Numbers by size, everything else as text with its numbers counted; unknown values last. */
export function compareValues(left: CellValue, right: CellValue): number {
  const leftMissing = left === undefined || left === null;
  const rightMissing = right === undefined || right === null;
  if (leftMissing || rightMissing) return Number(leftMissing) - Number(rightMissing);
  if (typeof left === "number" && typeof right === "number") return left - right;
  return names.compare(String(left), String(right));
}
