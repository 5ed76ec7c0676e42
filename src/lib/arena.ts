// The one fixed memory in which sockets read, messages live and output is assembled.
// Everything in it is named by its byte address; nothing here knows what the bytes mean.

import { copyModule } from "./copy-module.ts";

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
    this.copy =
      wasm?.copy ?? ((to, from, lengthBytes) => void u8.copyWithin(to, from, from + lengthBytes));
  }
}

interface WasmMemory {
  readonly memory: ArrayBuffer;
  readonly copy: (to: number, from: number, lengthBytes: number) => void;
}

function createWasmMemory(sizeBytes: number): WasmMemory | undefined {
  const pages = sizeBytes / WASM_PAGE_BYTES;
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(compiled(pages), { arena: { memory } });
    return {
      memory: memory.buffer,
      copy: instance.exports.copy as WasmMemory["copy"],
    };
  } catch {
    return undefined;
  }
}

function compiled(pages: number): WebAssembly.Module {
  try {
    return new WebAssembly.Module(copyModule(pages, true));
  } catch {
    return new WebAssembly.Module(copyModule(pages, false));
  }
}
