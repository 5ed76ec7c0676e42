// Messages kept outside of queues, byte for byte, to be published to a queue that comes later.

import type { Arena } from "../../lib/arena.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PagePool,
} from "../../lib/page-pool.ts";
import type { KeptMessage, MessageHistory } from "../exchange/exchange.ts";
import type { Queue } from "../queue/queue.ts";
import type { Vhost } from "../vhost.ts";
import type { Bodies } from "./bodies.ts";
import { NO_BODY_REFERENCE, type Publication } from "./publication.ts";

/** A publication with its bytes; positions are relative to them. */
class Kept implements KeptMessage {
  readonly bytes: Uint8Array;
  readonly addressingLength: number;
  readonly flags: number;
  readonly priority: number;
  readonly hasPriority: boolean;
  readonly expirationMs: number;
  /** From the start of the content; -1 = no headers. */
  readonly headersOffset: number;
  readonly headersLength: number;
  readonly bodySizeBytes: number;
  readonly bodyReference: number;

  constructor(arena: Arena, publication: Publication) {
    const { addressingAt, addressingLength, contentAt, contentLengthBytes } = publication;
    this.bytes = new Uint8Array(addressingLength + contentLengthBytes);
    this.bytes.set(arena.u8.subarray(addressingAt, addressingAt + addressingLength));
    const content = arena.u8.subarray(contentAt, contentAt + contentLengthBytes);
    this.bytes.set(content, addressingLength);
    this.addressingLength = addressingLength;
    this.flags = publication.flags;
    this.priority = publication.priority;
    this.hasPriority = publication.hasPriority;
    this.expirationMs = publication.expirationMs;
    this.headersOffset = publication.headersAt === 0 ? -1 : publication.headersAt - contentAt;
    this.headersLength = publication.headersLength;
    this.bodySizeBytes = publication.bodySizeBytes;
    this.bodyReference = publication.bodyReference;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  /** Describes the message in `publication`, its bytes being at `at`. */
  describe(publication: Publication, at: number): void {
    publication.addressingAt = at;
    publication.addressingLength = this.addressingLength;
    publication.contentAt = at + this.addressingLength;
    publication.contentLengthBytes = this.bytes.length - this.addressingLength;
    publication.flags = this.flags;
    publication.priority = this.priority;
    publication.hasPriority = this.hasPriority;
    publication.expirationMs = this.expirationMs;
    const hasHeaders = this.headersOffset >= 0;
    publication.headersAt = hasHeaders ? publication.contentAt + this.headersOffset : 0;
    publication.headersLength = this.headersLength;
    publication.hasCopyHeaders = false;
    publication.bodySizeBytes = this.bodySizeBytes;
    publication.bodyReference = this.bodyReference;
  }
}

export interface HistoryParts {
  readonly arena: Arena;
  readonly pages: PagePool;
  readonly bodies: Bodies;
  readonly publication: Publication;
  vhost(name: string): Vhost | undefined;
}

export class ArenaMessageHistory implements MessageHistory {
  readonly #parts: HistoryParts;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  keep(): KeptMessage {
    const { arena, bodies, publication } = this.#parts;
    const kept = new Kept(arena, publication);
    if (kept.bodyReference !== NO_BODY_REFERENCE) bodies.retain(kept.bodyReference, 1);
    return kept;
  }

  release(message: KeptMessage): void {
    const { bodyReference } = message as Kept;
    if (bodyReference !== NO_BODY_REFERENCE) this.#parts.bodies.release(bodyReference, 1);
  }

  replay(message: KeptMessage, queue: Queue): void {
    const { arena, pages, publication } = this.#parts;
    const vhost = this.#parts.vhost(queue.definition.vhost);
    const size = message.sizeBytes <= MEDIUM_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
    const page = pages.allocate(size);
    // With no memory left the newcomer goes without history.
    if (page === NO_PAGE || vhost === undefined) return;
    arena.u8.set((message as Kept).bytes, page);
    (message as Kept).describe(publication, page);
    vhost.publishing.enqueueOne(publication, queue);
    pages.free(page, size);
  }
}
