// Lists as RabbitMQ's API gives them: filtered by name, sorted, paged, cut down to columns.
// The work is done in slices, so that a list of ten thousand queues does not hold up a single message.

import type { Clock } from "../env/env.ts";
import { ApiError, badRequest } from "./answers.ts";
import { type ApiJson, type ApiObject, isObject, property, toJsonText } from "./api-json.ts";

/** What is to be listed, before anything is turned into JSON. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** What `?name=` is compared with; undefined = this list has no name filter. */
  readonly nameOf?: (item: T) => string;
  readonly view: (item: T) => ApiObject;
  /** RabbitMQ gives some lists in pages even when nobody asked; undefined = all at once. */
  readonly pageSizeDefault?: number;
}

/** Compiles what a user wrote; throws when it is no pattern. Must not hang on hostile patterns. */
export type PatternCompiler = (source: string) => (text: string) => boolean;

export interface ListQuery {
  readonly page: number | undefined;
  readonly pageSize: number;
  readonly nameFilter: ((name: string) => boolean) | undefined;
  readonly sort: readonly string[] | undefined;
  readonly sortReverse: boolean;
  readonly columns: Columns | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

const PAGE_SIZE_MAX = 500;
const PAGE_SIZE_DEFAULT = 100;
const NAME_FILTER_LENGTH_MAX = 1024;
/** How long one slice of a list may take. */
const SLICE_MS = 2;

export function parseListQuery(query: Query, compile: PatternCompiler): ListQuery {
  // As in RabbitMQ the size of pages alone asks for none.
  const paged = query.page !== undefined || query.pagination === "true";
  const page = pageNumber(query.page, 1);
  const pageSize = pageNumber(query.page_size, PAGE_SIZE_DEFAULT);
  if (paged && (page < 1 || pageSize < 1 || pageSize > PAGE_SIZE_MAX)) {
    throw new ApiError(400, {
      error: "invalid_pagination_parameters",
      reason: `Invalid pagination parameters: page number ${page}, page size ${pageSize}`,
    });
  }
  return {
    page: paged ? page : undefined,
    pageSize,
    nameFilter: nameFilter(query, compile),
    sort: query.sort === undefined || query.sort === "" ? undefined : query.sort.split("."),
    sortReverse: query.sort_reverse === "true",
    columns: parseColumns(query.columns),
  };
}

/** Names to keep, and of each all or what to keep of it. */
export interface Columns extends ReadonlyMap<string, Columns | "all"> {}

/** `columns=name,message_stats.publish`. */
export function parseColumns(text: string | undefined): Columns | undefined {
  if (text === undefined || text === "") return undefined;
  const columns = new Map<string, Columns | "all">();
  for (const path of text.split(",")) {
    const names = path.split(".");
    const last = names.pop()!;
    let at: Map<string, Columns | "all"> | undefined = columns;
    for (const name of names) {
      const next: Columns | "all" = at?.get(name) ?? new Map();
      at?.set(name, next);
      at = next === "all" ? undefined : (next as Map<string, Columns | "all">);
    }
    at?.set(last, "all");
  }
  return columns;
}

function pageNumber(text: string | undefined, standard: number): number {
  if (text === undefined || text === "") return standard;
  if (!/^-?\d{1,9}$/.test(text)) throw badRequest("Pagination parameters are invalid");
  return Number(text);
}

function nameFilter(query: Query, compile: PatternCompiler): ListQuery["nameFilter"] {
  const wanted = query.name;
  if (wanted === undefined || wanted === "") return undefined;
  if (wanted.length > NAME_FILTER_LENGTH_MAX) throw badRequest("name filter is too long");
  if (query.use_regex !== "true") {
    const lower = wanted.toLowerCase();
    return (name) => name.toLowerCase().includes(lower);
  }
  try {
    return compile(wanted);
  } catch {
    throw badRequest("Pagination parameters are invalid");
  }
}

/** Gives other work its turn whenever a slice has lasted long enough. */
export class Slicer {
  readonly #clock: Clock;
  #until: number;
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = clock.monotonicMs() + SLICE_MS;
  }
  /** True: call `pause` before going on. */
  get due(): boolean {
    return this.#clock.monotonicMs() >= this.#until;
  }
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.nextTurn(resolve));
    this.#until = this.#clock.monotonicMs() + SLICE_MS;
  }
}

/** The list's JSON text, in pieces. Fails before the first piece when the page is out of range. */
export async function* renderListing<T>(
  listing: Listing<T>,
  query: ListQuery,
  clock: Clock,
): AsyncIterable<string> {
  const slicer = new Slicer(clock);
  const { view } = listing;
  const filtered = await filter(listing, query, slicer);
  const ordered = query.sort === undefined ? filtered : await sorted(filtered, view, query, slicer);
  const page = pageOf(ordered, query, listing.items.length);
  let piece = page.prefix;
  let first = true;
  for (const item of page.items) {
    if (!first) piece += ",";
    first = false;
    piece += toJsonText(pickColumns(view(item), query.columns));
    if (!slicer.due) continue;
    yield piece;
    piece = "";
    await slicer.pause();
  }
  yield piece + page.suffix;
}

async function filter<T>(
  listing: Listing<T>,
  query: ListQuery,
  slicer: Slicer,
): Promise<readonly T[]> {
  const { items, nameOf } = listing;
  const keep = query.nameFilter;
  if (keep === undefined || nameOf === undefined) return items;
  const kept: T[] = [];
  for (const item of items) {
    if (keep(nameOf(item))) kept.push(item);
    if (slicer.due) await slicer.pause();
  }
  return kept;
}

async function sorted<T>(
  items: readonly T[],
  view: (item: T) => ApiObject,
  query: ListQuery,
  slicer: Slicer,
): Promise<readonly T[]> {
  const path = query.sort!;
  const keyed: { readonly item: T; readonly key: ApiJson }[] = [];
  for (const item of items) {
    keyed.push({ item, key: valueAt(view(item), path) });
    if (slicer.due) await slicer.pause();
  }
  keyed.sort((a, b) => compareValues(a.key, b.key));
  if (query.sortReverse) keyed.reverse();
  return keyed.map(({ item }) => item);
}

interface Page<T> {
  readonly items: readonly T[];
  readonly prefix: string;
  readonly suffix: string;
}

function pageOf<T>(items: readonly T[], query: ListQuery, totalCount: number): Page<T> {
  if (query.page === undefined) return { items, prefix: "[", suffix: "]" };
  const { page, pageSize } = query;
  const pageCount = Math.max(1, Math.ceil(items.length / pageSize));
  if (page > pageCount) {
    throw new ApiError(400, {
      error: "page_out_of_range",
      reason: `Page out of range, page: ${page} page size: ${pageSize}, len: ${items.length}`,
    });
  }
  const onPage = items.slice((page - 1) * pageSize, page * pageSize);
  const suffix = toJsonText({
    page,
    page_count: pageCount,
    page_size: pageSize,
    total_count: totalCount,
  }).slice(1);
  return {
    items: onPage,
    prefix: `{"filtered_count":${items.length},"item_count":${onPage.length},"items":[`,
    suffix: `],${suffix}`,
  };
}

/** What lies at a path of names: `message_stats.publish_details.rate`. */
export function valueAt(value: ApiJson, path: readonly string[]): ApiJson {
  let found = value;
  for (const name of path) {
    if (!isObject(found)) return undefined;
    found = property(found, name);
  }
  return found;
}

/**
 * Only the columns asked for; what an object lacks is left out, and of lists each item is cut down. An object with none
 * of them is an empty list, as RabbitMQ has it.
 */
export function pickColumns(object: ApiObject, columns: Columns | undefined): ApiJson {
  if (columns === undefined) return object;
  const picked: Record<string, ApiJson> = Object.create(null);
  let isEmpty = true;
  for (const [name, kept] of columns) {
    const value = property(object, name);
    if (value === undefined) continue;
    picked[name] = kept === "all" ? value : pickedOf(value, kept);
    isEmpty = false;
  }
  return isEmpty ? [] : picked;
}

function pickedOf(value: ApiJson, columns: Columns): ApiJson {
  if (Array.isArray(value)) return value.map((item: ApiJson) => pickedOf(item, columns));
  return isObject(value) ? pickColumns(value, columns) : value;
}

/** Erlang's order of kinds, near enough: nothing, numbers, truth values, texts, the rest. */
function rank(value: ApiJson): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" || typeof value === "bigint") return 1;
  if (typeof value === "boolean") return 2;
  return typeof value === "string" ? 3 : 4;
}

export function compareValues(a: ApiJson, b: ApiJson): number {
  const byKind = rank(a) - rank(b);
  if (byKind !== 0) return byKind;
  if (rank(a) === 0) return 0;
  if (rank(a) === 4) return compareValues(toJsonText(a), toJsonText(b));
  const left = a as string | number;
  const right = b as string | number;
  return left < right ? -1 : left > right ? 1 : 0;
}
