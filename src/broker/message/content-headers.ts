// hot path: runs per message
// Looks at the headers table of a content header frame where it lies, without decoding it.

import type { Address, Arena } from "../../lib/arena.ts";
import { FRAME_HEADER_BYTES } from "./record.ts";

/** Class, weight and body size come before the property flags. */
const FLAGS_OFFSET = FRAME_HEADER_BYTES + 12;
const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;
/** The property flag of the headers table. */
export const HEADERS_FLAG = 0x2000;
const MORE_FLAGS = 1;
const LONG_STRING = 0x53;

/** Bytes of a field value by its type; those with a length word in front come as -1, unknown ones as undefined. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  [code("t")]: 1,
  [code("b")]: 1,
  [code("B")]: 1,
  [code("s")]: 2,
  [code("u")]: 2,
  [code("I")]: 4,
  [code("i")]: 4,
  [code("l")]: 8,
  [code("L")]: 8,
  [code("f")]: 4,
  [code("d")]: 8,
  [code("D")]: 5,
  [code("S")]: -1,
  [code("A")]: -1,
  [code("x")]: -1,
  [code("F")]: -1,
  [code("T")]: 8,
  [code("V")]: 0,
};

function code(type: string): number {
  return type.charCodeAt(0);
}

export class ContentHeaders {
  readonly #arena: Arena;
  /** Of the property flags. */
  flagsAt: Address = 0;
  hasTable = false;
  /** Of the table's length word; where it would be when there is none. */
  tableAt: Address = 0;
  /** Of the table's entries. */
  tableLength = 0;
  /** What `findText` found. */
  valueAt: Address = 0;
  valueLength = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Finds the table of the header frame at `contentAt`; false for one that is not as usual. */
  locate(contentAt: Address): boolean {
    const { view } = this.#arena;
    this.flagsAt = contentAt + FLAGS_OFFSET;
    const flags = view.getUint16(this.flagsAt);
    if ((flags & MORE_FLAGS) !== 0) return false;
    let at = this.flagsAt + 2;
    if ((flags & CONTENT_TYPE) !== 0) at += 1 + view.getUint8(at);
    if ((flags & CONTENT_ENCODING) !== 0) at += 1 + view.getUint8(at);
    this.tableAt = at;
    this.hasTable = (flags & HEADERS_FLAG) !== 0;
    this.tableLength = this.hasTable ? view.getUint32(at) : 0;
    return true;
  }

  /** Finds the long string called `name` at the table's top level. */
  findText(contentAt: Address, name: Uint8Array): boolean {
    if (!this.locate(contentAt) || !this.hasTable) return false;
    const { view } = this.#arena;
    let at = this.tableAt + 4;
    const end = at + this.tableLength;
    while (at < end) {
      const nameLength = view.getUint8(at);
      const typeAt = at + 1 + nameLength;
      const type = view.getUint8(typeAt);
      const fixed = VALUE_BYTES[type];
      if (fixed === undefined) return false;
      const length = fixed === -1 ? view.getUint32(typeAt + 1) : fixed;
      const valueAt = typeAt + (fixed === -1 ? 5 : 1);
      if (type === LONG_STRING && nameLength === name.length && this.isAt(at + 1, name)) {
        this.valueAt = valueAt;
        this.valueLength = length;
        return valueAt + length <= end;
      }
      at = valueAt + length;
    }
    return false;
  }

  /** Whether the bytes at `at` are these. */
  isAt(at: Address, bytes: Uint8Array): boolean {
    const { u8 } = this.#arena;
    for (let i = 0; i < bytes.length; i++) if (u8[at + i] !== bytes[i]) return false;
    return true;
  }
}
