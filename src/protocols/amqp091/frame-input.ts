// hot path: runs per message
// Cuts one connection's input into frames. Input may be split at any byte; what is incomplete is kept aside and
// joined with what follows, in the arena, right in front of it.

import type { Socket } from "../../env/env.ts";
import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { type Memory, READ_SLACK_BYTES } from "../../lib/memory.ts";
import {
  FRAME_END,
  FRAME_SIZE_TOLERANCE_BYTES,
  FrameType,
  frameEndError,
  frameTooLargeError,
  PROTOCOL_HEADER_BYTES,
  unexpectedFrameError,
  unknownFrameError,
} from "./codec/frames.ts";

/** basic.publish and basic.ack: class and method id as one number. */
const BASIC_PUBLISH = 0x003c_0028;
const BASIC_ACK = 0x003c_0050;
/** Ids, delivery tag, bits. */
const ACK_PAYLOAD_BYTES = 13;
const ACK_FRAME_BYTES = ACK_PAYLOAD_BYTES + 8;
const FRAME_HEADER_BYTES = 7;

/** What `onPublish` answers when the frame can't be handled yet. */
export const NOT_NOW = 0;

export interface FrameHandler {
  /** The most bytes a frame's payload may have now. */
  readonly payloadMax: number;
  /** False: input stops in front of the next basic.publish. */
  readonly mayPublish: boolean;
  /** False: input stops in front of the next part of a body. */
  readonly mayAddToBody: boolean;
  /** Nothing that follows matters any more. */
  readonly inputEnded: boolean;
  onProtocolHeader(at: Address): void;
  /** Payload from `at` to `end`: ids and arguments. False: not now; input stops in front of it until `resume`. */
  onMethod(channel: number, at: Address, end: Address): boolean;
  /**
   * The whole frame from `at` to `frameEnd`. Answers where the next frame begins; negative, how many bytes from `at`
   * are needed; or NOT_NOW: input stops in front of it until `resume`.
   */
  onPublish(channel: number, at: Address, frameEnd: Address, end: Address): number;
  /** How many more publishes than that one the last `onPublish` has handled. */
  readonly rowCount: number;
  /** False: not to be taken the short way; it comes again through `onMethod`. */
  onAck(channel: number, tag: number, multiple: boolean): boolean;
  /** One acknowledgement for each tag from `first` to `last`. False like above, and then nothing has been done. */
  onAcks(channel: number, first: number, last: number): boolean;
  onHeader(channel: number, at: Address, frameEnd: Address): void;
  onBody(channel: number, at: Address, frameEnd: Address): void;
  /** CodecError and all else that was thrown. */
  onInputError(error: unknown): void;
  /** `mayPublish` was false in front of a publish, or `mayAddToBody` in front of a body's part. */
  onPublishHeld(): void;
}

export class FrameInput {
  readonly #memory: Memory;
  readonly #socket: Socket;
  readonly #handler: FrameHandler;
  /** Bytes kept for later, at the start of a buffer that may be larger. */
  #kept: Uint8Array | undefined = undefined;
  #keptLength = 0;
  /** With fewer bytes than this, looking again is useless. */
  #neededLength = 0;
  #stopped = false;
  #sawHeader = false;
  /** Frames read, ever. */
  frameCount = 0;
  byteCount = 0;

  constructor(memory: Memory, socket: Socket, handler: FrameHandler) {
    this.#memory = memory;
    this.#socket = socket;
    this.#handler = handler;
  }

  /** Input waits in front of a basic.publish. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Bytes kept aside (partial frames, or a read that was stopped). */
  get keptBytes(): number {
    return this.#keptLength;
  }

  onBytes(at: Address, lengthBytes: number): void {
    this.byteCount += lengthBytes;
    const kept = this.#keptLength;
    if (this.#stopped || (kept > 0 && kept + lengthBytes < this.#neededLength)) {
      this.#keep(at, lengthBytes);
      return;
    }
    let from = at;
    if (kept > 0) {
      from = at - kept;
      this.#memory.arena.u8.set((this.#kept as Uint8Array).subarray(0, kept), from);
      this.#keptLength = 0;
    }
    this.#work(from, at + lengthBytes);
  }

  /** Publishing is allowed again. Called when the read region is free. */
  resume(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    const length = this.#keptLength;
    const from = this.#memory.read.at - READ_SLACK_BYTES;
    this.#keptLength = 0;
    if (length > 0) {
      this.#memory.arena.u8.set((this.#kept as Uint8Array).subarray(0, length), from);
      this.#work(from, from + length);
    }
    if (!this.#stopped) this.#socket.resume();
  }

  #work(from: Address, end: Address): void {
    let rest: Address;
    try {
      rest = this.#sawHeader ? this.#frames(from, end) : this.#protocolHeader(from, end);
    } catch (error) {
      this.#handler.onInputError(error);
      rest = end;
    }
    if (rest < end && !this.#handler.inputEnded) this.#keep(rest, end - rest);
    else if (this.#keptLength === 0) this.#kept = undefined;
  }

  #protocolHeader(from: Address, end: Address): Address {
    this.#neededLength = PROTOCOL_HEADER_BYTES;
    if (end - from < PROTOCOL_HEADER_BYTES) return from;
    this.#sawHeader = true;
    this.#handler.onProtocolHeader(from);
    return this.#frames(from + PROTOCOL_HEADER_BYTES, end);
  }

  /** Handles whole frames; answers where the first incomplete one begins. */
  #frames(from: Address, end: Address): Address {
    const { u8, view } = this.#memory.arena;
    const handler = this.#handler;
    let at = from;
    while (end - at >= FRAME_HEADER_BYTES) {
      if (handler.inputEnded) return end;
      const type = u8[at] as number;
      const length = view.getUint32(at + 3);
      if (length > handler.payloadMax + FRAME_SIZE_TOLERANCE_BYTES) {
        throw frameTooLargeError(type, length, handler.payloadMax);
      }
      const frameEnd = at + 8 + length;
      if (frameEnd > end) {
        this.#neededLength = 8 + length;
        return at;
      }
      if (u8[frameEnd - 1] !== FRAME_END) {
        const payload = u8.slice(at + 7, frameEnd - 1);
        throw frameEndError(type, payload, u8[frameEnd - 1] as number);
      }
      this.frameCount++;
      const channel = view.getUint16(at + 1);
      if (type === FrameType.method) {
        const ids = length >= 4 ? view.getInt32(at + 7) : 0;
        if (ids === BASIC_PUBLISH) {
          if (!handler.mayPublish) return this.#hold(at);
          const next = handler.onPublish(channel, at, frameEnd, end);
          if (next === NOT_NOW) return this.#stop(at);
          if (next < 0) {
            this.frameCount--;
            this.#neededLength = -next;
            return at;
          }
          this.frameCount += handler.rowCount;
          at = next;
          continue;
        }
        const behind = ids === BASIC_ACK ? this.#acks(channel, at, frameEnd, end) : at;
        if (behind > at) {
          at = behind;
          continue;
        }
        if (!handler.onMethod(channel, at + 7, frameEnd - 1)) return this.#stop(at);
      } else if (type === FrameType.header) {
        handler.onHeader(channel, at, frameEnd);
      } else if (type === FrameType.body) {
        if (!handler.mayAddToBody) return this.#hold(at);
        handler.onBody(channel, at, frameEnd);
      } else {
        this.#checkHeartbeat(type, channel, at, frameEnd);
      }
      at = frameEnd;
    }
    this.#neededLength = FRAME_HEADER_BYTES;
    return at;
  }

  /** Handles the acknowledgement at `at`, and those of the next tags if they follow it. Answers where that ends. */
  #acks(channel: number, at: Address, frameEnd: Address, end: Address): Address {
    if (frameEnd - at !== ACK_FRAME_BYTES) return at;
    const { u8, view } = this.#memory.arena;
    const low = view.getUint32(at + 15);
    const tag = view.getUint32(at + 11) * 4_294_967_296 + low;
    if (((u8[at + 19] as number) & 1) !== 0) {
      return this.#handler.onAck(channel, tag, true) ? at + ACK_FRAME_BYTES : at;
    }
    let count = 1;
    for (let next = at + ACK_FRAME_BYTES; next + ACK_FRAME_BYTES <= end; next += ACK_FRAME_BYTES) {
      // All of it but the tag's last bytes and the end is as it was in the first.
      const isNext =
        view.getUint32(next + 15) === low + count &&
        view.getInt32(next) === view.getInt32(at) &&
        view.getInt32(next + 4) === view.getInt32(at + 4) &&
        view.getInt32(next + 7) === BASIC_ACK &&
        view.getInt32(next + 11) === view.getInt32(at + 11) &&
        view.getUint16(next + 19) === FRAME_END;
      if (!isNext) break;
      count++;
    }
    const isTaken =
      count === 1
        ? this.#handler.onAck(channel, tag, false)
        : this.#handler.onAcks(channel, tag, tag + count - 1);
    if (!isTaken) return at;
    this.frameCount += count - 1;
    return at + count * ACK_FRAME_BYTES;
  }

  /** A heartbeat says nothing but that the client lives, which any byte does. */
  #checkHeartbeat(type: number, channel: number, at: Address, frameEnd: Address): void {
    const payload = this.#memory.arena.u8.slice(at + 7, frameEnd - 1);
    if (type !== FrameType.heartbeat || payload.length > 0) throw unknownFrameError(type, payload);
    if (channel !== 0) throw unexpectedFrameError(type, payload);
  }

  #hold(at: Address): Address {
    this.#handler.onPublishHeld();
    return this.#stop(at);
  }

  /** The frame at `at` comes again. */
  #stop(at: Address): Address {
    this.frameCount--;
    this.#stopped = true;
    this.#socket.pause();
    return at;
  }

  #keep(at: Address, lengthBytes: number): void {
    const total = this.#keptLength + lengthBytes;
    assert(total <= 2 * READ_SLACK_BYTES, "what is kept of the input fits the read region again");
    let kept = this.#kept;
    if (kept === undefined || kept.length < total) {
      kept = new Uint8Array(Math.min(2 * READ_SLACK_BYTES, Math.max(256, total * 2)));
      if (this.#kept !== undefined) kept.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = kept;
    }
    kept.set(this.#memory.arena.u8.subarray(at, at + lengthBytes), this.#keptLength);
    this.#keptLength = total;
  }
}
