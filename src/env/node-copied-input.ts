// Input that comes in buffers of Node's and is copied into the arena's read region, piece by piece.

import type { Memory } from "../lib/memory.ts";
import type { SocketHandler } from "./env.ts";

/** Where the buffers come from. */
export interface InputSource {
  pause(): unknown;
  resume(): unknown;
}

/** Keeps what may not be handed over yet, and the order: nothing overtakes bytes that wait. */
export class CopiedInput {
  readonly #memory: Memory;
  readonly #source: InputSource;
  #handler: SocketHandler | undefined;
  #waiting: Uint8Array[] = [];
  #paused = false;
  #ended = false;
  #drainSet = false;

  constructor(memory: Memory, source: InputSource) {
    this.#memory = memory;
    this.#source = source;
  }

  start(handler: SocketHandler): void {
    this.#handler = handler;
  }

  push(bytes: Uint8Array): void {
    if (this.#paused || this.#waiting.length > 0) this.#waiting.push(bytes);
    else this.#handOver(bytes);
  }

  /** For bytes that were read before the handler was there; the source is resumed behind them. */
  pushLater(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#drainLater();
  }

  end(handler: SocketHandler): void {
    if (this.#waiting.length > 0) this.#ended = true;
    else handler.onEnd();
  }

  pause(): void {
    this.#paused = true;
    this.#source.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#waiting.length > 0) this.#drainLater();
    else this.#source.resume();
  }

  /** Never at once: whoever resumes this connection may be reading another one's bytes in the same region. */
  #drainLater(): void {
    if (this.#drainSet) return;
    this.#drainSet = true;
    setImmediate(() => {
      this.#drainSet = false;
      this.#drain();
    });
  }

  #drain(): void {
    while (!this.#paused) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      this.#handOver(bytes);
    }
    if (this.#paused || this.#waiting.length > 0) return;
    if (this.#ended) this.#handler?.onEnd();
    else this.#source.resume();
  }

  #handOver(bytes: Uint8Array): void {
    const { arena, read } = this.#memory;
    for (let from = 0; from < bytes.length; from += read.lengthBytes) {
      if (this.#paused) {
        this.#waiting.unshift(bytes.subarray(from));
        return;
      }
      const piece = bytes.subarray(from, from + read.lengthBytes);
      arena.u8.set(piece, read.at);
      this.#handler?.onBytes(read.at, piece.length);
    }
  }
}
