// One page of a queue: consecutive records of one priority level, in memory or written out.

import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import type { IntervalSet } from "../../lib/interval-set.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
  TINY_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import { type PageHandle, pageTrailerBytes } from "../ports.ts";
import type { NotedBodies } from "./noted-bodies.ts";
import type { QueuePages } from "./queue-pages.ts";

/** `Page.address` of a page that is not in memory. */
export const OUT: Address = -1;
/** `Page.handle` of a page that was never written. */
export const NOT_WRITTEN: PageHandle = -1;
/** `Page.lowestLogPosition` of a page that holds nothing the log is needed for. */
export const NO_LOG_POSITION: LogPosition = Number.POSITIVE_INFINITY;

/** Offsets stay below this, so that page number and offset fit one number. */
const PAGE_SPAN = 1_048_576;
const OFFSET_MASK = PAGE_SPAN - 8;
/** Records are 8-aligned: the lowest bit of a location says whether its message is persistent. */
const PERSISTENT_BIT = 1;

/** Where the bytes of a page are, and what is being done with them. Up to `writing` they can be read in memory. */
export const PageState = {
  /** Records are appended. */
  open: 0,
  /** Complete, in memory. */
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
  readonly owner: QueuePages;
  /** Its index in the queue's table; given again to another page when this one is free. */
  number = 0;
  level = 0;
  state: PageState = PageState.open;
  address: Address = OUT;
  /** What it takes in memory when it is there. */
  sizeBytes: PageSizeBytes = SMALL_PAGE_BYTES;
  usedBytes = 0;
  /** Records that are not settled, whether or not they are out with a consumer. */
  live = 0;
  /** Those of them which the chain's head has not passed, and the bytes of their bodies. */
  unread = 0;
  unreadBytes = 0;
  /** Live records the log has (or had until the page was written), and the bytes of their bodies. */
  logged = 0;
  loggedBytes = 0;
  /** The highest expiry instant among logged records, 0 while there is none, Infinity when one never expires. */
  lastExpiryMs = 0;
  /** Live records whose body lies elsewhere: they hold a reference to it. */
  externalBodies = 0;
  /** Their references while the page is not in memory. */
  bodies: NotedBodies | undefined = undefined;
  firstSequence: Sequence = 0;
  lastSequence: Sequence = 0;
  /** Log files from here on are needed until this page is written or settled. */
  lowestLogPosition: LogPosition = NO_LOG_POSITION;
  handle: PageHandle = NOT_WRITTEN;
  /** Settled since the bytes on disk were written: those do not say so. */
  settledSince: IntervalSet | undefined = undefined;
  /** Offsets handed out earlier are wrong (compacted, damaged): records are looked for by sequence. */
  isMoved = false;
  /** Restored, and its counts are estimates until it has been read. */
  isInexact = false;
  /** Its bytes cannot be read any more. */
  isLost = false;
  /** So much goes when the write under way is done; 0 = it stays in memory. */
  leavingBytes = 0;
  /** Nobody needs it, but a write or read is still under way. */
  isDoomed = false;
  /** Was read from disk since the last sweep. */
  isFresh = false;
  /** Streams: which filter values its messages have (see stream/bloom.ts). */
  filter: Uint8Array | undefined = undefined;
  /** Neighbours in the chain. */
  next: Page | undefined = undefined;
  previous: Page | undefined = undefined;
  /** Neighbours in the list of pages that may leave memory; `isCandidate` tells whether it is in there. */
  newer: Page | undefined = undefined;
  older: Page | undefined = undefined;
  isCandidate = false;

  constructor(owner: QueuePages) {
    this.owner = owner;
  }

  get isReadable(): boolean {
    return this.state <= PageState.writing;
  }
}

/** Bytes of records a page of that size holds; behind them the pager needs room. */
export function capacityOf(sizeBytes: PageSizeBytes): number {
  return sizeBytes - pageTrailerBytes(sizeBytes);
}

/** The smallest page that holds so many bytes of records. */
export function smallestPageFor(lengthBytes: number): PageSizeBytes {
  if (lengthBytes <= capacityOf(TINY_PAGE_BYTES)) return TINY_PAGE_BYTES;
  if (lengthBytes <= capacityOf(SMALL_PAGE_BYTES)) return SMALL_PAGE_BYTES;
  if (lengthBytes <= capacityOf(MEDIUM_PAGE_BYTES)) return MEDIUM_PAGE_BYTES;
  assert(
    lengthBytes <= capacityOf(LARGE_PAGE_BYTES),
    "a record fits into a page; larger bodies are external",
  );
  return LARGE_PAGE_BYTES;
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

/** Where a message lies that is `bytes` further on in the same page, persistent or not like the one at `location`. */
export function furtherOn(location: Location, bytes: number): Location {
  return location + bytes;
}

/** A message and the one `distance` behind it in the same page, both persistent or both not. */
export function areInRow(
  sequence: Sequence,
  location: Location,
  other: Sequence,
  otherLocation: Location,
  distance: number,
): boolean {
  return (
    other - sequence === distance &&
    pageNumberOf(otherLocation) === pageNumberOf(location) &&
    isPersistentAt(otherLocation) === isPersistentAt(location)
  );
}

export function isPersistentAt(location: Location): boolean {
  return (location & PERSISTENT_BIT) !== 0;
}
