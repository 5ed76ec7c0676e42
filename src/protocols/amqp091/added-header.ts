// hot path: runs per message
// Copies a content with one header more, or two: whole numbers (type l) behind the headers it came with.

import { ContentHeaders, HEADERS_FLAG } from "../../broker/message/content-headers.ts";
import type { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import type { Address, Arena } from "../../lib/arena.ts";

const LONG_LONG = 0x6c;
const LENGTH_WORD_BYTES = 4;
/** Of the value, and of what the last word of the entry may reach over. */
const VALUE_BYTES = 8;
const TWO_TO_32 = 4_294_967_296;
const textEncoder = new TextEncoder();

/** How the last header of its place was written, but for the value. */
class Entry {
  #name = "";
  /** Length of the name, the name and the type, as words; what of the last one is too much is written over. */
  #words = new Int32Array(0);
  /** Of all this; the value follows. */
  #headBytes = 0;

  /** Bytes of the header, its value included. */
  measure(name: string): number {
    if (name !== this.#name) this.#prepare(name);
    return this.#headBytes + VALUE_BYTES;
  }

  /** Answers where the next one goes. `measure` was the call before, for the same name. */
  write(view: DataView, at: Address, value: number): Address {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i] as number);
    const valueAt = at + this.#headBytes;
    view.setInt32(valueAt, Math.floor(value / TWO_TO_32));
    view.setInt32(valueAt + 4, value | 0);
    return valueAt + VALUE_BYTES;
  }

  #prepare(name: string): void {
    this.#name = name;
    const bytes = textEncoder.encode(name);
    this.#headBytes = 1 + bytes.length + 1;
    const entry = new Uint8Array(Math.ceil(this.#headBytes / 4) * 4);
    entry[0] = bytes.length;
    entry.set(bytes, 1);
    entry[1 + bytes.length] = LONG_LONG;
    const view = new DataView(entry.buffer);
    this.#words = new Int32Array(entry.length / 4);
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = view.getInt32(4 * i);
  }
}

export class AddedHeaderWriter {
  readonly #arena: Arena;
  readonly #headers: ContentHeaders;
  readonly #first = new Entry();
  readonly #second = new Entry();
  /** Of what `measure` measured. */
  #entriesBytes = 0;

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
    const { next } = header;
    const secondBytes = next === undefined ? 0 : this.#second.measure(next.name);
    const entriesBytes = this.#first.measure(header.name) + secondBytes;
    this.#entriesBytes = entriesBytes;
    const growth = this.#headers.hasTable ? entriesBytes : LENGTH_WORD_BYTES + entriesBytes;
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
    const { view } = this.#arena;
    const { hasTable, tableAt, tableLength, flagsAt } = this.#headers;
    const before = tableAt + (hasTable ? LENGTH_WORD_BYTES + tableLength : 0) - contentAt;
    this.#arena.copy(to, contentAt, before);
    view.setInt32(to + 3, view.getInt32(contentAt + 3) + growth);
    let at = to + before;
    const entriesBytes = this.#entriesBytes;
    if (hasTable) {
      view.setUint32(to + (tableAt - contentAt), tableLength + entriesBytes);
    } else {
      const flags = to + (flagsAt - contentAt);
      view.setUint16(flags, view.getUint16(flags) | HEADERS_FLAG);
      view.setUint32(at, entriesBytes);
      at += LENGTH_WORD_BYTES;
    }
    at = this.#first.write(view, at, header.value);
    if (header.next !== undefined) this.#second.write(view, at, header.next.value);
    this.#arena.copy(to + before + growth, contentAt + before, lengthBytes - before);
  }
}
