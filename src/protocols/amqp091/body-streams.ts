// Large bodies on their way out of one connection: body frames are written as the socket takes them,
// so a body of 128 MiB costs no more output memory than a small one. Whatever else the connection has to say waits behind.

import type { Bodies } from "../../broker/message/bodies.ts";
import type { BodyReference } from "../../broker/numbers.ts";
import { MEDIUM_PAGE_BYTES, NO_PAGE } from "../../lib/page-pool.ts";
import type { Output } from "../output.ts";
import { FRAME_OVERHEAD_BYTES } from "./codec/frames.ts";
import { writeBodyFrame } from "./delivery-writer.ts";

/** Where a body goes. */
export interface BodyAddress {
  readonly channelNumber: number;
  readonly payloadMax: number;
}

interface BodyStream {
  readonly reference: BodyReference;
  readonly sizeBytes: number;
  readonly to: BodyAddress;
  offset: number;
}

/** Frames are cut smaller than the client allows so that a slab holds several. */
const FRAME_PAYLOAD_MAX = 131_064;
/** And so that one fits a medium slab where memory is short. */
const SHORT_FRAME_PAYLOAD_MAX = MEDIUM_PAGE_BYTES - FRAME_OVERHEAD_BYTES;

export class BodyStreams {
  readonly #bodies: Bodies;
  readonly #output: Output;
  #current: BodyStream | undefined = undefined;
  /** Frames, and heads of further bodies, that came up meanwhile. */
  readonly #behind: (Uint8Array | BodyStream)[] = [];
  readonly #onIdle: () => void;
  #waitingForChunk = false;
  #closed = false;

  /** `onIdle`: a body that had to wait for its bytes has left, and deliveries may start again. */
  constructor(bodies: Bodies, output: Output, onIdle: () => void) {
    this.#bodies = bodies;
    this.#output = output;
    this.#onIdle = onIdle;
  }

  /** A body is under way: no delivery may start, replies queue up behind it. */
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** The head of a delivery was just written; its body follows. */
  start(reference: BodyReference, sizeBytes: number, to: BodyAddress): void {
    if (this.#current === undefined && this.#writeWhole(reference, sizeBytes, to)) return;
    this.#bodies.retain(reference, 1);
    const stream = { reference, sizeBytes, to, offset: 0 };
    if (this.#current === undefined) this.#current = stream;
    else this.#behind.push(stream);
    this.pump();
  }

  /** Sends `frames` after the body under way. */
  sendBehind(frames: Uint8Array): void {
    this.#behind.push(frames);
  }

  /** The output has room again (or a chunk has been read): goes on. */
  pump(): void {
    while (this.#current !== undefined && !this.#waitingForChunk && !this.#closed) {
      if (!this.#writeNext(this.#current)) return;
    }
  }

  close(): void {
    this.#closed = true;
    for (const stream of [this.#current, ...this.#behind]) {
      if (stream !== undefined && !(stream instanceof Uint8Array)) {
        this.#bodies.release(stream.reference, 1);
      }
    }
    this.#current = undefined;
    this.#behind.length = 0;
  }

  /** A small body that lies in memory leaves at once. */
  #writeWhole(reference: BodyReference, sizeBytes: number, to: BodyAddress): boolean {
    if (sizeBytes > to.payloadMax) return false;
    const from = this.#bodies.wholeAt(reference);
    if (from === NO_PAGE) return false;
    const at = this.#output.reserve(sizeBytes + FRAME_OVERHEAD_BYTES);
    if (at === NO_PAGE) return false;
    writeBodyFrame(this.#output.arena, at, to.channelNumber, from, sizeBytes);
    this.#output.commit(sizeBytes + FRAME_OVERHEAD_BYTES);
    return true;
  }

  #writeNext(stream: BodyStream): boolean {
    if (!this.#output.writable) return false;
    const chunk = this.#bodies.chunk(stream.reference, stream.offset);
    if (chunk === undefined) {
      this.#waitingForChunk = true;
      this.#bodies.whenLoaded(stream.reference, stream.offset, () => {
        this.#waitingForChunk = false;
        if (this.#closed) return;
        this.pump();
        // Nobody asked for this turn: consumers that were passed over meanwhile would wait for ever.
        if (!this.busy) this.#onIdle();
      });
      return false;
    }
    const length = Math.min(
      chunk.lengthBytes,
      stream.sizeBytes - stream.offset,
      stream.to.payloadMax,
      this.#output.hasAmpleMemory ? FRAME_PAYLOAD_MAX : SHORT_FRAME_PAYLOAD_MAX,
    );
    const at = this.#output.reserve(length + FRAME_OVERHEAD_BYTES);
    if (at === NO_PAGE) return false;
    writeBodyFrame(this.#output.arena, at, stream.to.channelNumber, chunk.at, length);
    this.#output.commit(length + FRAME_OVERHEAD_BYTES);
    stream.offset += length;
    if (stream.offset === stream.sizeBytes) this.#finish(stream);
    return true;
  }

  #finish(stream: BodyStream): void {
    this.#bodies.release(stream.reference, 1);
    this.#current = undefined;
    while (this.#behind.length > 0 && this.#current === undefined) {
      const next = this.#behind.shift();
      if (next instanceof Uint8Array) this.#send(next);
      else this.#current = next;
    }
  }

  #send(frames: Uint8Array): void {
    const at = this.#output.reserve(frames.length);
    if (at === NO_PAGE) return;
    this.#output.arena.u8.set(frames, at);
    this.#output.commit(frames.length);
  }
}
