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
  /** Instead of `sizeBytes` of our own: these in turn, without numbers and times. */
  readonly bodies?: readonly Uint8Array[] | undefined;
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
  readonly #block: ByteBlock;
  /** Where each message begins, and where the last one ends. */
  readonly #starts: Float64Array;
  /** Of a body, in a message. */
  readonly #bodyOffset: number;
  /** Of a body that is numbered and timed; 0 where bodies are given. */
  readonly #sizeBytes: number;
  /** After so many messages the first body comes again. */
  readonly #bodyCount: number;

  /** As many messages as `batchBytes` hold. */
  constructor(shape: MessageShape, place: BatchPlace, batchBytes: number) {
    const bodies = shape.bodies ?? [bodyOf(shape)];
    const messages = bodies.map((body) => encode(shape, place.channel, place.frameMax, body));
    const first = messages[0]!;
    const roundBytes = messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#bodyCount = bodies.length;
    this.#bodyOffset = first.bodyOffset;
    this.#sizeBytes = shape.bodies === undefined ? shape.sizeBytes : 0;
    this.capacity = bodies.length * Math.max(1, Math.floor(batchBytes / roundBytes));
    // A batch may begin with any of the bodies.
    const count = this.capacity + bodies.length - 1;
    this.#starts = new Float64Array(count + 1);
    for (let index = 0; index < count; index++) {
      const { bytes } = messages[index % messages.length]!;
      this.#starts[index + 1] = this.#starts[index]! + bytes.length;
    }
    this.#block = byteBlock(new Uint8Array(this.#starts[count]!));
    for (let index = 0; index < count; index++) {
      const at = this.#starts[index]!;
      this.#block.u8.set(messages[index % messages.length]!.bytes, at);
      if (shape.varyKey) {
        this.#block.buffer.latin1Write(digits(index), at + first.keyEnd - KEY_DIGITS, KEY_DIGITS);
      }
      if (this.#sizeBytes >= SEQUENCE_BYTES) {
        writeOrigin(this.#block.view, at + this.#bodyOffset, place.run, place.publisher);
      }
    }
  }

  /** Bytes of one message on the wire, of the first where they differ. */
  get strideBytes(): number {
    return this.#starts[1]!;
  }

  /** Numbers the first `count` messages from `firstSequence` on and answers their bytes, valid until the next call. */
  fill(count: number, firstSequence: number, sentAtUs: number): Uint8Array {
    const { view, buffer } = this.#block;
    if (this.#sizeBytes < SEQUENCE_BYTES) return this.#givenBodies(count, firstSequence);
    const starts = this.#starts;
    const stride = this.strideBytes;
    let at = this.#bodyOffset;
    const isTimed = this.#sizeBytes >= STAMP_BYTES;
    for (let index = 0; index < count; index++, at += stride) {
      writeSequence(view, at, firstSequence + index);
      if (isTimed) writeSentAt(view, at, sentAtUs);
    }
    return count === this.capacity ? buffer : buffer.subarray(0, starts[count]);
  }

  /** The first `count` of what `fill` filled last count from `firstUs` on, each `stepUs` after the one before. */
  backdate(count: number, firstUs: number, stepUs: number): void {
    if (this.#sizeBytes < STAMP_BYTES) return;
    const { view } = this.#block;
    const stride = this.strideBytes;
    let at = this.#bodyOffset;
    for (let index = 0; index < count; index++, at += stride) {
      writeSentAt(view, at, firstUs + index * stepUs);
    }
  }

  #givenBodies(count: number, firstSequence: number): Uint8Array {
    const first = (firstSequence - 1) % this.#bodyCount;
    return this.#block.buffer.subarray(this.#starts[first], this.#starts[first + count]);
  }
}

interface EncodedMessage {
  readonly bytes: Uint8Array;
  readonly keyEnd: number;
  readonly bodyOffset: number;
}

function encode(
  shape: MessageShape,
  channel: number,
  frameMax: number,
  body: Uint8Array,
): EncodedMessage {
  const writer = new ByteWriter();
  writeClientMethod(writer, channel, {
    name: "basic.publish",
    exchange: shape.exchange,
    routingKey: shape.varyKey ? `${shape.routingKey}.${digits(0)}` : shape.routingKey,
    mandatory: shape.mandatory,
    immediate: false,
  });
  // Behind the key come the bits octet and the end of the frame.
  const keyEnd = writer.at - 2;
  writeContentHeader(writer, channel, body.length, shape.properties);
  const bodyOffset = writer.at + METHOD_FRAME_OVERHEAD - 1;
  writeBodyFrames(writer, channel, body, frameMax);
  return { bytes: writer.toBytes(), keyEnd, bodyOffset };
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
