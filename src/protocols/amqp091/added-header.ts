// hot path: runs per message
// Copies a content with one header more: a whole number (type l) behind the headers it came with.

import { ContentHeaders, HEADERS_FLAG } from "../../broker/message/content-headers.ts";
import type { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import type { Address, Arena } from "../../lib/arena.ts";

const LONG_LONG = 0x6c;
const LENGTH_WORD_BYTES = 4;
const TWO_TO_32 = 4_294_967_296;
const textEncoder = new TextEncoder();

export class AddedHeaderWriter {
  readonly #arena: Arena;
  readonly #headers: ContentHeaders;
  #name = "";
  #nameBytes = new Uint8Array(0);

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#headers = new ContentHeaders(arena);
  }

  /**
   * By how much the header frame at `contentAt` grows; 0 when the header cannot be added because the frame would
   * be longer than `payloadMax`. `copy` comes next, for the same content.
   */
  measure(contentAt: Address, header: DeliveryHeader, payloadMax: number): number {
    if (!this.#headers.locate(contentAt)) return 0;
    if (header.name !== this.#name) {
      this.#name = header.name;
      this.#nameBytes = textEncoder.encode(header.name);
    }
    const entryBytes = 1 + this.#nameBytes.length + 1 + 8;
    const growth = this.#headers.hasTable ? entryBytes : LENGTH_WORD_BYTES + entryBytes;
    return this.#arena.view.getInt32(contentAt + 3) + growth > payloadMax ? 0 : growth;
  }

  /** Copies `lengthBytes` from `contentAt` on to `to`, where they take `growth` more. */
  copy(
    to: Address,
    contentAt: Address,
    lengthBytes: number,
    header: DeliveryHeader,
    growth: number,
  ): void {
    const { view, u8 } = this.#arena;
    const { hasTable, tableAt, tableLength, flagsAt } = this.#headers;
    const before = tableAt + (hasTable ? LENGTH_WORD_BYTES + tableLength : 0) - contentAt;
    this.#arena.copy(to, contentAt, before);
    view.setInt32(to + 3, view.getInt32(contentAt + 3) + growth);
    let at = to + before;
    const entryBytes = 1 + this.#nameBytes.length + 1 + 8;
    if (hasTable) {
      view.setUint32(to + (tableAt - contentAt), tableLength + entryBytes);
    } else {
      const flags = to + (flagsAt - contentAt);
      view.setUint16(flags, view.getUint16(flags) | HEADERS_FLAG);
      view.setUint32(at, entryBytes);
      at += LENGTH_WORD_BYTES;
    }
    u8[at] = this.#nameBytes.length;
    u8.set(this.#nameBytes, at + 1);
    at += 1 + this.#nameBytes.length;
    u8[at] = LONG_LONG;
    view.setInt32(at + 1, Math.floor(header.value / TWO_TO_32));
    view.setInt32(at + 5, header.value | 0);
    this.#arena.copy(to + before + growth, contentAt + before, lengthBytes - before);
  }
}
