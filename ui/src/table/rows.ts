// Where a table's rows come from: a list that is already here, or the API, page by page as they come into view.

import { useQueries } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { ApiError, request } from "../api/client.ts";
import { withQuery } from "../api/query.ts";
import type { Page } from "../api/types.ts";
import { useRefreshInterval } from "../settings/settings.ts";
import type { Column } from "./columns.ts";

/** Rows of a list that is here. Undefined while it loads. */
export interface LocalRows<Item> {
  readonly kind: "local";
  readonly items: readonly Item[] | undefined;
  readonly error?: Error | null;
}

/** Rows the API pages, sorts and filters. */
export interface ServerRows {
  readonly kind: "server";
  readonly path: string;
}

export type RowSource<Item> = LocalRows<Item> | ServerRows;

/** What of the rows is looked at. */
export interface RowView {
  readonly filter: string;
  readonly regex: boolean;
  readonly sort: { readonly id: string; readonly desc: boolean } | undefined;
  /** 0 = all rows, by scrolling. */
  readonly pageSize: number;
  /** From 0. */
  readonly page: number;
}

/** The rows at hand, with their places among all that match. */
export interface RowWindow<Item> {
  readonly items: readonly Item[];
  /** Place of items[i] in the table as shown (without earlier pages). */
  readonly places: readonly number[];
  /** Rows in the table as shown: those of the page, or all that match. */
  readonly shown: number;
  readonly matching: number;
  readonly total: number;
  readonly loading: boolean;
  readonly error: Error | null;
  /** True when the rows still have to be sorted here. */
  readonly sortHere: boolean;
}

/** Rows asked for at once while scrolling. */
export const CHUNK_ROWS = 100;

/** The API's parameters for rows `page` (from 0) of `pageSize`. */
export function pageUrl<Item>(
  source: ServerRows,
  view: RowView,
  columns: readonly Column<Item>[],
  page: number,
  pageSize: number,
): string {
  const column = columns.find((candidate) => candidate.id === view.sort?.id);
  const sortKey = column === undefined ? undefined : column.sortKey || column.id;
  return withQuery(source.path, {
    page: page + 1,
    page_size: pageSize,
    name: view.filter,
    use_regex: view.regex,
    pagination: true,
    sort: sortKey,
    sort_reverse: sortKey === undefined ? undefined : view.sort?.desc,
  });
}

/** Follows a server source: the chunks that hold rows `first`..`last` of the table, or the one page. */
export function useServerRows<Item>(
  source: ServerRows | undefined,
  view: RowView,
  columns: readonly Column<Item>[],
  visible: { readonly first: number; readonly last: number },
): RowWindow<Item> {
  const [refreshMs] = useRefreshInterval();
  const paged = view.pageSize > 0;
  const size = paged ? view.pageSize : CHUNK_ROWS;
  const chunks = paged ? [view.page] : chunksBetween(visible.first, visible.last);
  const results = useQueries({
    queries: (source === undefined ? [] : chunks).map((chunk) => {
      const url = pageUrl(source as ServerRows, view, columns, chunk, size);
      return {
        queryKey: ["api", source?.path, "rows", chunk, url],
        queryFn: ({ signal }: { signal: AbortSignal }) => fetchChunk<Item>(url, signal),
        refetchInterval: refreshMs === 0 ? (false as const) : refreshMs,
      };
    }),
  });
  const answers = results.map((result) => result.data);
  const error = results.find((result) => result.error)?.error ?? null;
  const loading = results.some((result) => result.isPending);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers are compared one by one
  const joined = useMemo(
    () => joinChunks(answers, chunks, size, paged, loading, error),
    [...padded(answers), ...padded(chunks), size, paged, loading, error],
  );
  return useLastKnown(
    joined,
    answers.length > 0 && answers.every((answer) => answer === undefined),
  );
}

/** While nothing of the new rows is here (another page, filter or order), the old ones stay. */
function useLastKnown<Item>(joined: RowWindow<Item>, nothingYet: boolean): RowWindow<Item> {
  const last = useRef(joined);
  if (!nothingYet) last.current = joined;
  const { loading, error } = joined;
  const { current } = last;
  return useMemo(
    () => (nothingYet ? { ...current, loading, error } : joined),
    [nothingYet, current, loading, error, joined],
  );
}

// A memo's dependencies keep their number: at most this many chunks are on screen.
const CHUNKS_AT_ONCE = 4;

function padded<T>(items: readonly T[]): (T | undefined)[] {
  return Array.from({ length: CHUNKS_AT_ONCE }, (_, index) => items[index]);
}

function chunksBetween(first: number, last: number): number[] {
  const from = Math.floor(first / CHUNK_ROWS);
  const to = Math.min(Math.floor(last / CHUNK_ROWS), from + CHUNKS_AT_ONCE - 1);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function fetchChunk<Item>(url: string, signal: AbortSignal): Promise<Page<Item>> {
  try {
    return await request<Page<Item>>(url, { signal });
  } catch (error) {
    // The list became shorter than the page: no rows, and the next answer tells how many there are.
    if (error instanceof ApiError && /page_out_of_range/.test(error.reason)) return NO_PAGE;
    throw error;
  }
}

const NO_PAGE: Page<never> = {
  filtered_count: 0,
  item_count: 0,
  items: [],
  page: 0,
  page_count: 0,
  page_size: 0,
  total_count: 0,
};

function joinChunks<Item>(
  answers: readonly (Page<Item> | undefined)[],
  chunks: readonly number[],
  size: number,
  paged: boolean,
  loading: boolean,
  error: Error | null,
): RowWindow<Item> {
  const items: Item[] = [];
  const places: number[] = [];
  let matching = 0;
  let total = 0;
  answers.forEach((answer, index) => {
    if (answer === undefined) return;
    matching = Math.max(matching, answer.filtered_count);
    total = Math.max(total, answer.total_count);
    const start = paged ? 0 : (chunks[index] ?? 0) * size;
    answer.items.forEach((item, offset) => {
      items.push(item);
      places.push(start + offset);
    });
  });
  const shown = paged ? items.length : matching;
  return { items, places, shown, matching, total, loading, error, sortHere: false };
}

/** Filters and pages a list that is here. Sorting is left to the table. */
export function useLocalRows<Item>(
  source: LocalRows<Item> | undefined,
  view: RowView,
  columns: readonly Column<Item>[],
): RowWindow<Item> {
  const { filter, regex } = view;
  const all = source?.items;
  const matching = useMemo(
    () => (all ?? []).filter(matcher(filter, regex, columns)),
    [all, filter, regex, columns],
  );
  return useMemo(
    () => ({
      items: matching,
      places: matching.map((_, index) => index),
      shown: matching.length,
      matching: matching.length,
      total: all?.length ?? 0,
      loading: all === undefined,
      error: all === undefined ? (source?.error ?? null) : null,
      sortHere: true,
    }),
    [matching, all, source?.error],
  );
}

function matcher<Item>(
  filter: string,
  regex: boolean,
  columns: readonly Column<Item>[],
): (item: Item) => boolean {
  if (filter === "") return () => true;
  const test = textMatcher(filter, regex);
  return (item) => columns.some((column) => test(String(column.value(item) ?? "")));
}

/** A test for text that holds `filter`, or matches it as an expression; never matches with a broken expression. */
export function textMatcher(filter: string, regex: boolean): (text: string) => boolean {
  if (!regex) {
    const wanted = filter.toLowerCase();
    return (text) => text.toLowerCase().includes(wanted);
  }
  const expression = expressionOf(filter);
  return (text) => expression?.test(text) ?? false;
}

/** The expression, or undefined when it is not one. */
export function expressionOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, "i");
  } catch {
    return undefined;
  }
}

/** Every row that matches, from the API, for selecting and saving all of them. */
export async function fetchAllRows<Item>(
  source: ServerRows,
  view: RowView,
  columns: readonly Column<Item>[],
): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 0; ; page++) {
    const answer = await request<Page<Item>>(pageUrl(source, view, columns, page, 500));
    items.push(...answer.items);
    if (page + 1 >= answer.page_count) return items;
  }
}
