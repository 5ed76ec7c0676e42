// Large bodies in pages of the arena, each body with pages of its own.

import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
} from "../lib/page-pool.ts";
import type { Bodies, BodyChunk } from "./bodies.ts";
import type { BodyReference } from "./numbers.ts";

class Body {
  readonly pageSize: PageSizeBytes;
  readonly pages: Address[] = [];
  receivedBytes = 0;
  references = 1;
  constructor(pageSize: PageSizeBytes) {
    this.pageSize = pageSize;
  }
}

export class PagedBodies implements Bodies {
  readonly #memory: Memory;
  readonly #bodies = new Map<BodyReference, Body>();
  #last: BodyReference = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get count(): number {
    return this.#bodies.size;
  }

  begin(sizeBytes: number): BodyReference {
    const reference = ++this.#last;
    const isLarge = sizeBytes >= LARGE_PAGE_BYTES / 2;
    this.#bodies.set(reference, new Body(isLarge ? LARGE_PAGE_BYTES : MEDIUM_PAGE_BYTES));
    return reference;
  }

  append(reference: BodyReference, from: Address, lengthBytes: number): boolean {
    const body = this.#get(reference);
    let at = from;
    for (let rest = lengthBytes; rest > 0; ) {
      const used = body.receivedBytes % body.pageSize;
      if (used === 0) {
        const page = this.#memory.pages.allocate(body.pageSize);
        if (page === NO_PAGE) return false;
        body.pages.push(page);
      }
      const length = Math.min(rest, body.pageSize - used);
      this.#memory.arena.copy((body.pages.at(-1) as Address) + used, at, length);
      body.receivedBytes += length;
      at += length;
      rest -= length;
    }
    return true;
  }

  retain(reference: BodyReference, count: number): void {
    this.#get(reference).references += count;
  }

  release(reference: BodyReference, count: number): void {
    const body = this.#get(reference);
    body.references -= count;
    assert(body.references >= 0, "a body is released as often as it was retained");
    if (body.references > 0) return;
    for (const page of body.pages) this.#memory.pages.free(page, body.pageSize);
    this.#bodies.delete(reference);
  }

  chunk(reference: BodyReference, offset: number): BodyChunk {
    const body = this.#get(reference);
    const inPage = offset % body.pageSize;
    const page = body.pages[Math.floor(offset / body.pageSize)];
    assert(page !== undefined && offset < body.receivedBytes, "a chunk is inside its body");
    const lengthBytes = Math.min(body.pageSize - inPage, body.receivedBytes - offset);
    return { at: page + inPage, lengthBytes };
  }

  whenLoaded(): void {
    assert(false, "a body in memory is always loaded");
  }

  #get(reference: BodyReference): Body {
    const body = this.#bodies.get(reference);
    assert(body !== undefined, "a referred body exists");
    return body;
  }
}
