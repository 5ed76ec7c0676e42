// One large body: a row of pages, each in memory or written out. Pages fill up as the bytes arrive.

import type { Address } from "../../lib/arena.ts";
import { NO_PAGE, type PageSizeBytes } from "../../lib/page-pool.ts";
import { NO_LOG_POSITION } from "../journal/recovery.ts";
import type { BodyReference, LogPosition } from "../numbers.ts";
import type { PageHandle } from "../ports.ts";

export const NOT_WRITTEN: PageHandle = -1;

/** Where the bytes of a page are, and what is being done with them. */
export type BodyPageState = "filling" | "full" | "writing" | "out" | "reading";

export class BodyPage {
  readonly body: Body;
  /** Names the page to the pager. */
  readonly token: number;
  /** Of its first byte in the body. */
  readonly offset: number;
  readonly sizeBytes: PageSizeBytes;
  usedBytes = 0;
  address: Address = NO_PAGE;
  state: BodyPageState = "filling";
  handle: PageHandle = NOT_WRITTEN;
  /** Where the log has its first byte; log files from there on are needed until it is written. */
  logPosition: LogPosition = NO_LOG_POSITION;
  /** Its memory goes when the write under way is done. */
  isLeaving = false;
  /** Nobody needs it, but a write or read is under way. */
  isDoomed = false;
  /** Who waits for its bytes. */
  waiting: (() => void)[] = [];

  constructor(body: Body, token: number, offset: number, sizeBytes: PageSizeBytes) {
    this.body = body;
    this.token = token;
    this.offset = offset;
    this.sizeBytes = sizeBytes;
  }

  get isReadable(): boolean {
    return this.state === "filling" || this.state === "full" || this.state === "writing";
  }
}

export class Body {
  readonly reference: BodyReference;
  /** As announced; 0 while replay has only heard of messages that refer to it. */
  sizeBytes: number;
  /** Its bytes are in the log. */
  readonly logged: boolean;
  readonly pages: BodyPage[] = [];
  receivedBytes = 0;
  references = 0;
  /** Some of its bytes are gone for good. */
  isLost = false;

  constructor(reference: BodyReference, sizeBytes: number, logged: boolean) {
    this.reference = reference;
    this.sizeBytes = sizeBytes;
    this.logged = logged;
  }

  /** The page that holds the byte at `offset`. */
  pageAt(offset: number): BodyPage | undefined {
    const { pages } = this;
    let low = 0;
    let high = pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pages[middle] as BodyPage).offset <= offset) low = middle;
      else high = middle - 1;
    }
    return pages[low];
  }
}
