// The one fixed memory in which sockets read, messages live and output is assembled.
// Everything in it is named by its byte address; nothing here knows what the bytes mean.

import { arenaModule } from "./arena-module.ts";

/** A byte position in the arena. Valid only as long as whoever owns the page there says so. */
export type Address = number & { readonly flavour?: "address" };

/** How bytes are moved inside the arena: wasm `memory.copy`, or `copyWithin` where wasm is not to be had. */
export type CopyMethod = "wasm" | "copyWithin";

export interface ArenaOptions {
  /** Whole size in bytes, a multiple of 64 KiB. It is reserved at once and committed by the system as it is touched. */
  readonly sizeBytes: number;
  /** Forces one copy primitive (tests run both). By default wasm, and copyWithin where that fails. */
  readonly copyMethod?: CopyMethod;
}

/** A Buffer with the text methods its types leave out; they take positions and make no view. */
export type TextBuffer = Buffer & {
  utf8Slice(from: number, to: number): string;
  latin1Slice(from: number, to: number): string;
  utf8Write(text: string, at: number, lengthBytes: number): number;
  latin1Write(text: string, at: number, lengthBytes: number): number;
};

/** What is done with bytes of the arena, all of it by the same means. */
interface Operations {
  readonly copy: Arena["copy"];
  readonly copyRow: Arena["copyRow"];
  readonly countAlike: Arena["countAlike"];
}

const WASM_PAGE_BYTES = 65_536;

/**
 * One fixed block of memory with the three views the data path needs.
 * It never grows: growing a WebAssembly.Memory detaches every view on it.
 */
export class Arena {
  readonly sizeBytes: number;
  readonly copyMethod: CopyMethod;
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** The same bytes as a Buffer, for its latin1 and utf8 reading and writing. */
  readonly buffer: TextBuffer;
  /**
   * Copies `lengthBytes` from `from` to `to`; the ranges may overlap.
   * wasm costs 4-6 ns for small records, `memory.copy` alone 8-10, copyWithin 18-29.
   */
  readonly copy: (to: Address, from: Address, lengthBytes: number) => void;
  /** The same `count` times (at least once), each so much further on; a stride of 0 is the same place each time. */
  readonly copyRow: (
    to: Address,
    toStrideBytes: number,
    from: Address,
    fromStrideBytes: number,
    lengthBytes: number,
    count: number,
  ) => void;
  /**
   * How many of the pieces behind the one at `at`, each `strideBytes` further on, begin with the same `lengthBytes` (8
   * at least) as it does, before the first that does not; at most `max`.
   */
  readonly countAlike: (
    at: Address,
    strideBytes: number,
    lengthBytes: number,
    max: number,
  ) => number;

  constructor(options: ArenaOptions) {
    if (options.sizeBytes <= 0 || options.sizeBytes % WASM_PAGE_BYTES !== 0) {
      throw new RangeError(
        `arena size must be a positive multiple of 64 KiB, not ${options.sizeBytes}`,
      );
    }
    this.sizeBytes = options.sizeBytes;
    const wasm =
      options.copyMethod === "copyWithin" ? undefined : createWasmMemory(options.sizeBytes);
    if (wasm === undefined && options.copyMethod === "wasm") {
      throw new Error("WebAssembly memory is not available");
    }
    const block = wasm?.memory ?? new ArrayBuffer(options.sizeBytes);
    const u8 = new Uint8Array(block);
    this.copyMethod = wasm === undefined ? "copyWithin" : "wasm";
    this.u8 = u8;
    this.view = new DataView(block);
    this.buffer = Buffer.from(block) as TextBuffer;
    const { copy, copyRow, countAlike } = wasm?.operations ?? plainOperations(u8);
    this.copy = copy;
    this.copyRow = copyRow;
    this.countAlike = countAlike;
  }
}

interface WasmMemory {
  readonly memory: ArrayBuffer;
  readonly operations: Operations;
}

function plainOperations(u8: Uint8Array): Operations {
  const copy: Operations["copy"] = (to, from, lengthBytes) => {
    u8.copyWithin(to, from, from + lengthBytes);
  };
  const isAlike = (a: Address, b: Address, lengthBytes: number): boolean => {
    for (let i = 0; i < lengthBytes; i++) if (u8[a + i] !== u8[b + i]) return false;
    return true;
  };
  return {
    copy,
    copyRow(to, toStride, from, fromStride, lengthBytes, count) {
      for (let i = 0; i < count; i++) copy(to + i * toStride, from + i * fromStride, lengthBytes);
    },
    countAlike(at, strideBytes, lengthBytes, max) {
      let count = 0;
      while (count < max && isAlike(at, at + (count + 1) * strideBytes, lengthBytes)) count++;
      return count;
    },
  };
}

function createWasmMemory(sizeBytes: number): WasmMemory | undefined {
  const pages = sizeBytes / WASM_PAGE_BYTES;
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(compiled(pages), { arena: { memory } });
    return { memory: memory.buffer, operations: instance.exports as unknown as Operations };
  } catch {
    return undefined;
  }
}

function compiled(pages: number): WebAssembly.Module {
  try {
    return new WebAssembly.Module(arenaModule(pages, true));
  } catch {
    return new WebAssembly.Module(arenaModule(pages, false));
  }
}
