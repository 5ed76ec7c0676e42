// Messages that travel on: written anew with other headers, exchange or key into a scratch page of the arena, and
// described in the broker's publication, ready to be routed. For dead letters and for what has waited.

import type { Address } from "../../lib/arena.ts";
import type { Memory } from "../../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
} from "../../lib/page-pool.ts";
import type { ContentEditor } from "../message/content.ts";
import { type FieldTable, textOf } from "../message/field-table.ts";
import { NO_BODY_REFERENCE, type Publication } from "../message/publication.ts";
import { MESSAGE_FLAGS, RecordFlag, type RecordView } from "../message/record.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";

/** What a move is to the log: see Journal. */
export interface MoveJournal {
  /** More waits for the disk than should: moves wait too. */
  readonly congested: boolean;
  beginMove(queue: QueueNumber, sequence: Sequence): void;
  endMove(): void;
  cancelMove(): void;
}

/** What is different about the message from now on. */
export interface Travel {
  readonly headers: FieldTable;
  readonly exchange: string;
  readonly routingKey: string;
  /** False: it loses its expiration property. */
  readonly keepsExpiration: boolean;
  /** RecordFlag bits to be set beside those of its properties. */
  readonly flags: number;
}

/** Messages do not travel while less memory than this is free. */
const FREE_BYTES_MIN = 2 * LARGE_PAGE_BYTES;

export class TravelPage {
  readonly #memory: Memory;
  readonly #editor: ContentEditor;
  readonly #publication: Publication;
  #page: Address = NO_PAGE;
  #pageBytes: PageSizeBytes = MEDIUM_PAGE_BYTES;

  constructor(memory: Memory, editor: ContentEditor, publication: Publication) {
    this.#memory = memory;
    this.#editor = editor;
    this.#publication = publication;
  }

  /** Takes a page with room for `record` and new headers. False when memory is short. */
  open(record: RecordView): boolean {
    const { pages } = this.#memory;
    if (pages.freeBytes < FREE_BYTES_MIN) return false;
    this.#pageBytes = pageSizeFor(record);
    this.#page = pages.allocate(this.#pageBytes);
    return this.#page !== NO_PAGE;
  }

  close(): void {
    this.#memory.pages.free(this.#page, this.#pageBytes);
    this.#page = NO_PAGE;
  }

  /** Writes the message and describes it in the publication. False when it does not fit. */
  write(record: RecordView, travel: Travel): boolean {
    const { arena } = this.#memory;
    const publication = this.#publication;
    const page = this.#page;
    const exchangeLength = writeShortString(arena.buffer, travel.exchange, page);
    const keyLength = writeShortString(arena.buffer, travel.routingKey, page + exchangeLength);
    const contentAt = page + exchangeLength + keyLength;
    const isExternal = (record.flags & RecordFlag.externalBody) !== 0;
    const bodyAt = record.contentAt + record.headerFrameLength;
    const bodyLength = record.contentLengthBytes - record.headerFrameLength;
    const room = page + this.#pageBytes - contentAt - bodyLength;
    const headerLength = this.#editor.rewriteHeader(
      record.contentAt,
      travel.headers,
      contentAt,
      room,
      travel.keepsExpiration,
    );
    if (headerLength < 0) return false;
    arena.copy(contentAt + headerLength, bodyAt, bodyLength);
    publication.addressingAt = page;
    publication.addressingLength = exchangeLength + keyLength;
    publication.contentAt = contentAt;
    publication.contentLengthBytes = headerLength + bodyLength;
    publication.bodySizeBytes = record.bodySizeBytes;
    publication.bodyReference = isExternal ? record.bodyReference : NO_BODY_REFERENCE;
    this.#editor.describe(publication);
    publication.flags |= travel.flags | (record.flags & RecordFlag.manyBodyFrames);
    return true;
  }
}

/** The message of `record`, which stays where it is meanwhile, becomes the one being published. */
export function describeRecord(record: RecordView, publication: Publication): void {
  const isExternal = (record.flags & RecordFlag.externalBody) !== 0;
  publication.addressingAt = record.addressingAt;
  publication.addressingLength = record.addressingLength;
  publication.contentAt = record.contentAt;
  publication.contentLengthBytes = record.contentLengthBytes;
  publication.bodySizeBytes = record.bodySizeBytes;
  publication.bodyReference = isExternal ? record.bodyReference : NO_BODY_REFERENCE;
  publication.flags = record.flags & MESSAGE_FLAGS & ~RecordFlag.externalBody;
  publication.priority = record.priority;
}

/** The keys in the CC header; those of BCC are nobody's business. */
export function copyKeys(headers: FieldTable): string[] {
  const value = headers.get("CC");
  if (value?.type !== "A") return [];
  return value.value.flatMap((element) => textOf(element) ?? []);
}

/** Room for the record and for a story as long as they get. */
function pageSizeFor(record: RecordView): PageSizeBytes {
  return record.lengthBytes < MEDIUM_PAGE_BYTES / 2 ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
}

function writeShortString(
  buffer: {
    utf8Write(text: string, at: number, lengthBytes: number): number;
    [at: number]: number;
  },
  text: string,
  at: Address,
): number {
  const length = buffer.utf8Write(text, at + 1, 255);
  buffer[at] = length;
  return length + 1;
}
