// One page of a queue: consecutive records of one priority level, in memory or written out.

import type { Address } from "../../lib/arena.ts";
import { type PageSizeBytes, SMALL_PAGE_BYTES } from "../../lib/page-pool.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import type { PageHandle } from "../ports.ts";

/** `Page.address` of a page that is not in memory. */
export const OUT: Address = -1;
/** `Page.handle` of a page that was never written. */
export const NOT_WRITTEN: PageHandle = -1;
/** `Page.lowestLogPosition` of a page that holds nothing the log has. */
export const NO_LOG_POSITION: LogPosition = Number.POSITIVE_INFINITY;

/** Offsets stay below this, so that page number and offset fit one number. */
const PAGE_SPAN = 1_048_576;
const OFFSET_MASK = PAGE_SPAN - 8;
/** Records are 8-aligned: the lowest bit of a location says whether its message is persistent. */
const PERSISTENT_BIT = 1;

/** Where the bytes of a page are, and what is being done with them. */
export const PageState = {
  /** The last page of its chain: records are appended. */
  open: 0,
  /** Full, in memory. */
  sealed: 1,
  /** In memory and being written: its bytes must not change. */
  writing: 2,
  /** Only on disk. */
  out: 3,
  /** On disk, and being read to `address`. */
  reading: 4,
} as const;
export type PageState = (typeof PageState)[keyof typeof PageState];

export class Page {
  /** Its index in the queue's table; given again to another page when this one is free. */
  number = 0;
  level = 0;
  state: PageState = PageState.open;
  address: Address = OUT;
  sizeBytes: PageSizeBytes = SMALL_PAGE_BYTES;
  usedBytes = 0;
  /** Records that are not settled, whether or not they are out with a consumer. */
  live = 0;
  /** Those of them which the chain's head has not passed. */
  unread = 0;
  /** Live records whose body lies elsewhere: they hold a reference to it. */
  externalBodies = 0;
  firstSequence: Sequence = 0;
  lastSequence: Sequence = 0;
  /** Log files from here on are needed until this page is written out or settled. */
  lowestLogPosition: LogPosition = NO_LOG_POSITION;
  handle: PageHandle = NOT_WRITTEN;
  next: Page | undefined = undefined;
  previous: Page | undefined = undefined;
}

export function locationOf(page: Page, offset: number, persistent: boolean): Location {
  return page.number * PAGE_SPAN + offset + (persistent ? PERSISTENT_BIT : 0);
}

export function pageNumberOf(location: Location): number {
  return (location / PAGE_SPAN) | 0;
}

export function offsetOf(location: Location): number {
  return location & OFFSET_MASK;
}

export function isPersistentAt(location: Location): boolean {
  return (location & PERSISTENT_BIT) !== 0;
}
