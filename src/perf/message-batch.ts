// hot path: runs per message
// Many copies of one message, encoded once as a publisher sends them; sending only renews sequence numbers and times.

import type { MessageProperties } from "../broker/message/message-properties.ts";
import { type ByteBlock, byteBlock } from "../lib/byte-block.ts";
import { ByteWriter } from "../lib/byte-writer.ts";
import { writeBodyFrames } from "../protocols/amqp091/codec/frames.ts";
import { writeClientMethod } from "../protocols/amqp091/codec/methods.generated.ts";
import { writeContentHeader } from "../protocols/amqp091/codec/properties.ts";
import {
  SEQUENCE_BYTES,
  STAMP_BYTES,
  writeOrigin,
  writeSentAt,
  writeSequence,
} from "./message-stamp.ts";

export interface MessageShape {
  readonly exchange: string;
  /** With `varyKey`, followed by a dot and six digits that differ for each message of the batch. */
  readonly routingKey: string;
  readonly varyKey: boolean;
  readonly mandatory: boolean;
  readonly properties: MessageProperties;
  readonly sizeBytes: number;
  /** Bodies of random bytes instead of zeros (nothing on the way can compress or share them). */
  readonly randomBody: boolean;
}

export interface BatchPlace {
  readonly channel: number;
  readonly frameMax: number;
  readonly run: number;
  readonly publisher: number;
}

const METHOD_FRAME_OVERHEAD = 8;
const KEY_DIGITS = 6;

export class MessageBatch {
  /** Messages it holds, at least one. */
  readonly capacity: number;
  /** Bytes of one message on the wire. */
  readonly strideBytes: number;
  readonly #block: ByteBlock;
  readonly #bodyAt: number;
  readonly #sizeBytes: number;

  /** As many messages as `batchBytes` hold. */
  constructor(shape: MessageShape, place: BatchPlace, batchBytes: number) {
    const writer = new ByteWriter();
    writeClientMethod(writer, place.channel, {
      name: "basic.publish",
      exchange: shape.exchange,
      routingKey: shape.varyKey ? `${shape.routingKey}.${digits(0)}` : shape.routingKey,
      mandatory: shape.mandatory,
      immediate: false,
    });
    // Behind the key come the bits octet and the end of the frame.
    const keyEnd = writer.at - 2;
    writeContentHeader(writer, place.channel, shape.sizeBytes, shape.properties);
    this.#bodyAt = writer.at + METHOD_FRAME_OVERHEAD - 1;
    writeBodyFrames(writer, place.channel, bodyOf(shape), place.frameMax);
    const one = writer.toBytes();
    this.#sizeBytes = shape.sizeBytes;
    this.strideBytes = one.length;
    this.capacity = Math.max(1, Math.floor(batchBytes / one.length));
    const bytes = new Uint8Array(one.length * this.capacity);
    for (let index = 0; index < this.capacity; index++) bytes.set(one, index * one.length);
    this.#block = byteBlock(bytes);
    for (let index = 0; index < this.capacity && shape.varyKey; index++) {
      this.#block.buffer.latin1Write(
        digits(index),
        index * one.length + keyEnd - KEY_DIGITS,
        KEY_DIGITS,
      );
    }
    for (let index = 0; index < this.capacity && shape.sizeBytes >= SEQUENCE_BYTES; index++) {
      writeOrigin(this.#block.view, this.#bodyAt + index * one.length, place.run, place.publisher);
    }
  }

  /** Numbers the first `count` messages from `firstSequence` on and answers their bytes, valid until the next call. */
  fill(count: number, firstSequence: number, sentAtUs: number): Uint8Array {
    const { view, u8 } = this.#block;
    const stride = this.strideBytes;
    let at = this.#bodyAt;
    if (this.#sizeBytes >= STAMP_BYTES) {
      for (let index = 0; index < count; index++, at += stride) {
        writeSequence(view, at, firstSequence + index);
        writeSentAt(view, at, sentAtUs);
      }
    } else if (this.#sizeBytes >= SEQUENCE_BYTES) {
      for (let index = 0; index < count; index++, at += stride) {
        writeSequence(view, at, firstSequence + index);
      }
    }
    return count === this.capacity ? u8 : u8.subarray(0, count * stride);
  }
}

function digits(index: number): string {
  return String(index % 10 ** KEY_DIGITS).padStart(KEY_DIGITS, "0");
}

function bodyOf(shape: MessageShape): Uint8Array {
  const body = new Uint8Array(shape.sizeBytes);
  if (!shape.randomBody) return body;
  // Any sequence without repetition will do; the same one each time keeps runs comparable.
  let state = 0x9e3779b9;
  for (let at = 0; at < body.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    body[at] = state >>> 24;
  }
  return body;
}
