// hot path: runs per message
// Writes basic.deliver with its content: the method frame from a template kept per consumer, the content as it came.

import { FRAME_OVERHEAD_BYTES } from "../../broker/message/record.ts";
import type { DeliveryTag } from "../../broker/numbers.ts";
import type { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import type { Address, Arena } from "../../lib/arena.ts";
import type { Memory } from "../../lib/memory.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../../lib/page-pool.ts";
import type { Output } from "../output.ts";
import { AddedHeaderWriter } from "./added-header.ts";
import { BASIC_CLASS_ID, FRAME_END, FrameType } from "./codec/frames.ts";

/** A method frame of basic.deliver is at most 790 bytes; templates live in slots of this size. */
const SLOT_BYTES = 1_024;
const SLOT_COUNT = LARGE_PAGE_BYTES / SLOT_BYTES;
const DELIVER_METHOD = 60;
/** A row is written at once up to so many bytes. */
const ROW_BYTES_MAX = 4_096;
const TWO_TO_32 = 4_294_967_296;

/** What a delivery consists of, wherever its bytes lie: in a record, or in the publisher's read. */
export interface OutgoingContent {
  addressingAt: Address;
  addressingLength: number;
  /** Content header frame, and right behind it the one body frame unless the body is empty or external. */
  contentAt: Address;
  contentLengthBytes: number;
  bodySizeBytes: number;
  /** Goes out with the message's own headers. */
  added?: DeliveryHeader | undefined;
}

/** Reused: where the bytes of the record being delivered lie. */
export class RecordContent implements OutgoingContent {
  addressingAt: Address = 0;
  addressingLength = 0;
  contentAt: Address = 0;
  contentLengthBytes = 0;
  bodySizeBytes = 0;
  added: DeliveryHeader | undefined = undefined;
}

/** Who it goes to. */
export interface DeliverAddress {
  /** Never reused; names the template. */
  readonly consumerNumber: number;
  readonly consumerTag: Uint8Array;
  readonly channelNumber: number;
  /** The most bytes a frame's payload may have for this client. */
  readonly payloadMax: number;
}

/**
 * Templates are remembered for SLOT_COUNT consumers at a time, each for the exchange and key of its last message;
 * another one simply takes the slot over and is built again.
 */
export class DeliveryWriter {
  readonly #arena: Arena;
  readonly #slots: Address;
  readonly #owners = new Float64Array(SLOT_COUNT);
  readonly #lengths = new Int32Array(SLOT_COUNT);
  readonly #tagOffsets = new Int32Array(SLOT_COUNT);
  readonly #addressingLengths = new Int32Array(SLOT_COUNT);
  readonly #added: AddedHeaderWriter;

  constructor(memory: Memory) {
    this.#arena = memory.arena;
    this.#added = new AddedHeaderWriter(memory.arena);
    const slots = memory.output.allocate(LARGE_PAGE_BYTES);
    if (slots === NO_PAGE) throw new Error("the arena is too small for delivery templates");
    this.#slots = slots;
    this.#owners.fill(-1);
  }

  /** Appends method, header and body frames to `output`; false when it has no memory left. */
  write(
    output: Output,
    to: DeliverAddress,
    tag: DeliveryTag,
    redelivered: boolean,
    content: OutgoingContent,
  ): boolean {
    const slot = this.#template(to, content);
    const methodLength = this.#lengths[slot] as number;
    const contentLength = content.contentLengthBytes;
    if (content.bodySizeBytes > to.payloadMax) {
      return this.#writeFragmented(output, to, tag, redelivered, content, slot);
    }
    const growth = this.#growthOf(content, to);
    const at = output.reserve(methodLength + contentLength + growth);
    if (at === NO_PAGE) return false;
    this.#writeMethod(at, slot, tag, redelivered);
    this.#writeContent(at + methodLength, to.channelNumber, content, growth);
    output.commit(methodLength + contentLength + growth);
    return true;
  }

  /**
   * Writes the frames of a first delivery, under tag 0, to `at`. Answers their length; 0 when there is no room for
   * them in `roomBytes`, or when the body has to be cut for this client.
   */
  encode(at: Address, roomBytes: number, to: DeliverAddress, content: OutgoingContent): number {
    if (content.bodySizeBytes > to.payloadMax) return 0;
    const slot = this.#template(to, content);
    const methodLength = this.#lengths[slot] as number;
    const growth = this.#growthOf(content, to);
    const length = methodLength + content.contentLengthBytes + growth;
    if (length > roomBytes) return 0;
    this.#writeMethod(at, slot, 0, false);
    this.#writeContent(at + methodLength, to.channelNumber, content, growth);
    return length;
  }

  /** How many such messages `writeRow` takes at once: their bytes lie in one slab, and a slab's end is not wasted. */
  rowMax(to: DeliverAddress, content: OutgoingContent): number {
    const methodBytes =
      FRAME_OVERHEAD_BYTES + 14 + to.consumerTag.length + content.addressingLength;
    return Math.max(1, Math.floor(ROW_BYTES_MAX / (methodBytes + content.contentLengthBytes)));
  }

  /**
   * `write` for `count` messages that lie `strideBytes` apart and differ in their bodies only, under tags from
   * `firstTag` on: at most `rowMax`, with bodies that are in their content and not too large for a frame.
   */
  writeRow(
    output: Output,
    to: DeliverAddress,
    firstTag: DeliveryTag,
    content: OutgoingContent,
    count: number,
    strideBytes: number,
  ): boolean {
    const slot = this.#template(to, content);
    const methodLength = this.#lengths[slot] as number;
    const contentLength = content.contentLengthBytes;
    const eachBytes = methodLength + contentLength;
    const lengthBytes = count * eachBytes;
    const at = output.reserve(lengthBytes);
    if (at === NO_PAGE) return false;
    const arena = this.#arena;
    const { contentAt } = content;
    this.#writeMethod(at, slot, firstTag, false);
    if (count > 1) arena.copyRow(at + eachBytes, eachBytes, at, 0, methodLength, count - 1);
    arena.copyRow(at + methodLength, eachBytes, contentAt, strideBytes, contentLength, count);
    let tagAt = at + (this.#tagOffsets[slot] as number);
    for (let index = 1; index < count; index++) {
      tagAt += eachBytes;
      this.#setTag(tagAt, firstTag + index);
    }
    // They were published on one channel, all of them.
    if (arena.view.getUint16(contentAt + 1) !== to.channelNumber) {
      this.#address(at + methodLength, eachBytes, to.channelNumber, content, count);
    }
    output.commit(lengthBytes, count);
    return true;
  }

  /** Puts the channel into the frames of `count` contents, `strideBytes` apart. */
  #address(
    from: Address,
    strideBytes: number,
    channel: number,
    { contentAt, bodySizeBytes }: OutgoingContent,
    count: number,
  ): void {
    const { view } = this.#arena;
    const bodyOffset = FRAME_OVERHEAD_BYTES + view.getInt32(contentAt + 3);
    for (let index = 0, at = from; index < count; index++, at += strideBytes) {
      view.setUint16(at + 1, channel);
      if (bodySizeBytes > 0) view.setUint16(at + bodyOffset + 1, channel);
    }
  }

  /** Method and header frames only; the body follows in frames of its own. */
  writeHead(
    output: Output,
    to: DeliverAddress,
    tag: DeliveryTag,
    redelivered: boolean,
    content: OutgoingContent,
  ): boolean {
    const slot = this.#template(to, content);
    const methodLength = this.#lengths[slot] as number;
    const headerLength = FRAME_OVERHEAD_BYTES + this.#arena.view.getInt32(content.contentAt + 3);
    const growth = this.#growthOf(content, to);
    const at = output.reserve(methodLength + headerLength + growth);
    if (at === NO_PAGE) return false;
    this.#writeMethod(at, slot, tag, redelivered);
    this.#copyContent(at + methodLength, content, headerLength, growth);
    this.#arena.view.setUint16(at + methodLength + 1, to.channelNumber);
    output.commit(methodLength + headerLength + growth);
    return true;
  }

  #growthOf({ added, contentAt }: OutgoingContent, to: DeliverAddress): number {
    return added === undefined ? 0 : this.#added.measure(contentAt, added, to.payloadMax);
  }

  /** Copies the first `lengthBytes` of the content; with the header that is added they take `growth` more. */
  #copyContent(to: Address, content: OutgoingContent, lengthBytes: number, growth: number): void {
    const { added, contentAt } = content;
    if (added === undefined || growth === 0) this.#arena.copy(to, contentAt, lengthBytes);
    else this.#added.copy(to, contentAt, lengthBytes, added, growth);
  }

  /** Header and body frame as they came, for another channel and with the header that is added. */
  #writeContent(at: Address, channel: number, content: OutgoingContent, growth: number): void {
    const { u8, view } = this.#arena;
    this.#copyContent(at, content, content.contentLengthBytes, growth);
    u8[at + 1] = channel >> 8;
    u8[at + 2] = channel;
    if (content.bodySizeBytes > 0) {
      const bodyAt = at + FRAME_OVERHEAD_BYTES + view.getInt32(at + 3);
      u8[bodyAt + 1] = channel >> 8;
      u8[bodyAt + 2] = channel;
    }
  }

  #writeMethod(at: Address, slot: number, tag: DeliveryTag, redelivered: boolean): void {
    const arena = this.#arena;
    arena.copy(at, this.#slots + slot * SLOT_BYTES, this.#lengths[slot] as number);
    const tagAt = at + (this.#tagOffsets[slot] as number);
    this.#setTag(tagAt, tag);
    arena.u8[tagAt + 8] = redelivered ? 1 : 0;
  }

  #setTag(at: Address, tag: DeliveryTag): void {
    const { view } = this.#arena;
    view.setInt32(at, (tag / TWO_TO_32) | 0);
    view.setInt32(at + 4, tag | 0);
  }

  /** The body is larger than this client's frames: cut again. */
  #writeFragmented(
    output: Output,
    to: DeliverAddress,
    tag: DeliveryTag,
    redelivered: boolean,
    content: OutgoingContent,
    slot: number,
  ): boolean {
    const arena = this.#arena;
    const headerLength = FRAME_OVERHEAD_BYTES + arena.view.getInt32(content.contentAt + 3);
    const methodLength = this.#lengths[slot] as number;
    const frameCount = Math.ceil(content.bodySizeBytes / to.payloadMax);
    const growth = this.#growthOf(content, to);
    const headLength = methodLength + headerLength + growth;
    const total = headLength + content.bodySizeBytes + frameCount * FRAME_OVERHEAD_BYTES;
    const at = output.reserve(total);
    if (at === NO_PAGE) return false;
    this.#writeMethod(at, slot, tag, redelivered);
    this.#copyContent(at + methodLength, content, headerLength, growth);
    arena.view.setUint16(at + methodLength + 1, to.channelNumber);
    let frameAt = at + headLength;
    let from = content.contentAt + headerLength + 7;
    for (let rest = content.bodySizeBytes; rest > 0; ) {
      const length = Math.min(rest, to.payloadMax);
      frameAt = writeBodyFrame(arena, frameAt, to.channelNumber, from, length);
      from += length;
      rest -= length;
    }
    output.commit(total);
    return true;
  }

  /** The slot with the method frame for this consumer and this exchange and key. */
  #template(to: DeliverAddress, content: OutgoingContent): number {
    const slot = to.consumerNumber & (SLOT_COUNT - 1);
    const length = content.addressingLength;
    if (
      this.#owners[slot] === to.consumerNumber &&
      this.#addressingLengths[slot] === length &&
      this.#sameBytes(
        this.#slots + slot * SLOT_BYTES + (this.#tagOffsets[slot] as number) + 9,
        content.addressingAt,
        length,
      )
    ) {
      return slot;
    }
    this.#build(slot, to, content);
    return slot;
  }

  #build(slot: number, to: DeliverAddress, content: OutgoingContent): void {
    const arena = this.#arena;
    const view = arena.view;
    const at = this.#slots + slot * SLOT_BYTES;
    const tagLength = to.consumerTag.length;
    const payload = 4 + 1 + tagLength + 8 + 1 + content.addressingLength;
    view.setUint8(at, FrameType.method);
    view.setUint16(at + 1, to.channelNumber);
    view.setUint32(at + 3, payload);
    view.setUint16(at + 7, BASIC_CLASS_ID);
    view.setUint16(at + 9, DELIVER_METHOD);
    view.setUint8(at + 11, tagLength);
    arena.u8.set(to.consumerTag, at + 12);
    arena.copy(at + 12 + tagLength + 9, content.addressingAt, content.addressingLength);
    view.setUint8(at + 7 + payload, FRAME_END);
    this.#owners[slot] = to.consumerNumber;
    this.#lengths[slot] = payload + FRAME_OVERHEAD_BYTES;
    this.#tagOffsets[slot] = 12 + tagLength;
    this.#addressingLengths[slot] = content.addressingLength;
  }

  #sameBytes(a: Address, b: Address, length: number): boolean {
    const view = this.#arena.view;
    let i = 0;
    for (; i + 4 <= length; i += 4) if (view.getInt32(a + i) !== view.getInt32(b + i)) return false;
    for (; i < length; i++) if (view.getUint8(a + i) !== view.getUint8(b + i)) return false;
    return true;
  }
}

/** Writes one body frame of `length` bytes from `from`; answers where the next frame goes. */
export function writeBodyFrame(
  arena: Arena,
  at: Address,
  channel: number,
  from: Address,
  length: number,
): Address {
  const view = arena.view;
  view.setUint8(at, FrameType.body);
  view.setUint16(at + 1, channel);
  view.setUint32(at + 3, length);
  arena.copy(at + 7, from, length);
  view.setUint8(at + 7 + length, FRAME_END);
  return at + FRAME_OVERHEAD_BYTES + length;
}
