// hot path: runs per message
// The frames of messages that many consumers get, made once: for each consumer only its tag and the delivery tags are
// written into them, and they leave from where they lie. Who cannot take them at once gets a copy.

import { RecordFlag, RecordView } from "../../broker/message/record.ts";
import type { DeliveryTag, Sequence } from "../../broker/numbers.ts";
import type { DeliveryRun } from "../../broker/queue/delivery-run.ts";
import type { Page } from "../../broker/queue/page.ts";
import type { Address, Arena } from "../../lib/arena.ts";
import type { Memory } from "../../lib/memory.ts";
import { LARGE_PAGE_BYTES, NO_PAGE, type PagePool } from "../../lib/page-pool.ts";
import type { Output } from "../output.ts";
import { type DeliverAddress, type DeliveryWriter, RecordContent } from "./delivery-writer.ts";

/** Of a pool of 64 MiB; smaller ones have as large a share. */
const BLOCKS_MAX = 8;
const POOL_BYTES_PER_BLOCK = 8 * LARGE_PAGE_BYTES;
/** The shortest message has about 90 bytes of frames. */
const MESSAGES_MAX = 8_192;
/** Fewer bytes wait for the turn's end, and leave with what else there is. */
const LENT_BYTES_MIN = 32_768;
/** What is copied for one consumer at a time. */
const COPIED_BYTES_MAX = 1_000_000;
/** Where the consumer tag lies in the frame of a basic.deliver. */
const TAG_OFFSET = 12;
const TWO_TO_32 = 4_294_967_296;
/** Not for sharing: their bodies are elsewhere, or they are gone. */
const APART = RecordFlag.externalBody | RecordFlag.manyBodyFrames | RecordFlag.settled;

/** Frames of messages of one page, as consumers with tags of one length on one channel number get them. */
class FrameBlock {
  at: Address;
  page: Page | undefined = undefined;
  channelNumber = 0;
  payloadMax = 0;
  tagLength = 0;
  firstSequence: Sequence = 0;
  count = 0;
  isFull = false;
  /** When it was used last. */
  usedAt = 0;
  /** By message, and one more: where its frames begin, where its record does, bytes of bodies before it. */
  readonly starts = new Int32Array(MESSAGES_MAX + 1);
  readonly offsets = new Int32Array(MESSAGES_MAX + 1);
  readonly bodies = new Int32Array(MESSAGES_MAX + 1);

  constructor(at: Address) {
    this.at = at;
  }

  begin(run: DeliveryRun, to: DeliverAddress): void {
    this.page = run.page;
    this.channelNumber = to.channelNumber;
    this.payloadMax = to.payloadMax;
    this.tagLength = to.consumerTag.length;
    this.firstSequence = run.sequence;
    this.count = 0;
    this.isFull = false;
    this.offsets[0] = run.offset;
  }

  /** It has the run's first message, or can get it. */
  serves(run: DeliveryRun, to: DeliverAddress): boolean {
    const index = run.distanceFrom(this.firstSequence);
    return (
      this.page === run.page &&
      index >= 0 &&
      (this.isFull ? index < this.count : index <= this.count) &&
      this.channelNumber === to.channelNumber &&
      this.tagLength === to.consumerTag.length &&
      this.payloadMax === to.payloadMax
    );
  }
}

export class SharedFrames {
  readonly #arena: Arena;
  readonly #pool: PagePool;
  readonly #writer: DeliveryWriter;
  readonly #record: RecordView;
  readonly #content = new RecordContent();
  readonly #blocks: FrameBlock[] = [];
  readonly #blocksMax: number;
  /** A consumer tag has at most 255 bytes. */
  readonly #tagWords = new Int32Array(64);
  #uses = 0;
  /** What `find` found: these messages of this block. */
  #block: FrameBlock | undefined = undefined;
  #from = 0;
  #count = 0;

  constructor(memory: Memory, writer: DeliveryWriter) {
    this.#arena = memory.arena;
    this.#pool = memory.output;
    this.#writer = writer;
    this.#record = new RecordView(memory.arena);
    this.#blocksMax = Math.min(
      BLOCKS_MAX,
      Math.floor(memory.output.sizeBytes / POOL_BYTES_PER_BLOCK),
    );
  }

  /**
   * Finds or makes the frames of the run's first messages, and notes in the run which they are: none when they
   * cannot be shared. `send` comes next, for the same consumer.
   */
  find(run: DeliveryRun, to: DeliverAddress, output: Output): void {
    run.count = 0;
    if (!output.hasAmpleMemory) {
      this.#giveBack();
      return;
    }
    const block = this.#blockFor(run, to);
    if (block === undefined) return;
    const from = run.distanceFrom(block.firstSequence);
    const bytesMax = output.takesLent ? run.bytesMax : Math.min(run.bytesMax, COPIED_BYTES_MAX);
    this.#extend(block, run, to, from, bytesMax);
    const { starts, bodies } = block;
    const until = (starts[from] as number) + bytesMax;
    let end = Math.min(block.count, from + run.countMax);
    if (end <= from) return;
    if ((starts[end] as number) > until)
      end = Math.max(from + 1, lastUpTo(starts, from, end, until));
    this.#block = block;
    this.#from = from;
    this.#count = end - from;
    run.count = end - from;
    run.sentBytes = (starts[end] as number) - (starts[from] as number);
    run.bodyBytes = (bodies[end] as number) - (bodies[from] as number);
    run.endOffset = block.offsets[end] as number;
  }

  /** Bytes of the body of one of the messages found. */
  bodyBytes(index: number): number {
    const { bodies } = this.#block as FrameBlock;
    const at = this.#from + index;
    return (bodies[at + 1] as number) - (bodies[at] as number);
  }

  /** Sends what was found under the tags from `firstTag` on. */
  send(output: Output, to: DeliverAddress, firstTag: DeliveryTag): void {
    const block = this.#block as FrameBlock;
    const start = block.starts[this.#from] as number;
    const lengthBytes = (block.starts[this.#from + this.#count] as number) - start;
    if (lengthBytes >= LENT_BYTES_MIN && output.takesLent) {
      output.flush();
      if (output.takesLent) {
        this.#address(block, block.at, to, firstTag);
        const isBack = output.writeLent(block.at, block.at + start, lengthBytes, this.#count);
        if (!isBack) this.#replace(block);
        return;
      }
    }
    const at = output.reserve(lengthBytes);
    if (at === NO_PAGE) return;
    this.#arena.copy(at, block.at + start, lengthBytes);
    this.#address(block, at - start, to, firstTag);
    output.commit(lengthBytes, this.#count);
  }

  /** Writes consumer tag and delivery tags into the frames found, in the block or a copy as if it began at `base`. */
  #address(block: FrameBlock, base: Address, to: DeliverAddress, firstTag: DeliveryTag): void {
    const { view } = this.#arena;
    const { starts, tagLength } = block;
    const { consumerTag } = to;
    const words = this.#tagWords;
    const wordCount = tagLength >> 2;
    for (let i = 0; i < wordCount; i++) words[i] = wordAt(consumerTag, 4 * i);
    const from = this.#from;
    const end = from + this.#count;
    let tag = firstTag;
    for (let i = from; i < end; i++, tag++) {
      const at = base + (starts[i] as number) + TAG_OFFSET;
      for (let word = 0; word < wordCount; word++) {
        view.setInt32(at + 4 * word, words[word] as number);
      }
      for (let octet = 4 * wordCount; octet < tagLength; octet++) {
        view.setUint8(at + octet, consumerTag[octet] as number);
      }
      view.setInt32(at + tagLength, (tag / TWO_TO_32) | 0);
      view.setInt32(at + tagLength + 4, tag | 0);
    }
  }

  #blockFor(run: DeliveryRun, to: DeliverAddress): FrameBlock | undefined {
    const blocks = this.#blocks;
    let oldest: FrameBlock | undefined;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i] as FrameBlock;
      if (block.serves(run, to)) {
        block.usedAt = ++this.#uses;
        return block;
      }
      if (oldest === undefined || block.usedAt < oldest.usedAt) oldest = block;
    }
    const block = blocks.length < this.#blocksMax ? this.#newBlock() : oldest;
    if (block === undefined) return undefined;
    block.usedAt = ++this.#uses;
    block.begin(run, to);
    return block;
  }

  #newBlock(): FrameBlock | undefined {
    const at = this.#pool.allocate(LARGE_PAGE_BYTES);
    if (at === NO_PAGE) return undefined;
    const block = new FrameBlock(at);
    this.#blocks.push(block);
    return block;
  }

  /** Its page is under way to somebody: it begins anew in another one. */
  #replace(block: FrameBlock): void {
    block.page = undefined;
    block.usedAt = 0;
    block.at = this.#pool.allocate(LARGE_PAGE_BYTES);
    if (block.at === NO_PAGE) this.#blocks.splice(this.#blocks.indexOf(block), 1);
  }

  /** Memory is short. */
  #giveBack(): void {
    const blocks = this.#blocks;
    for (let i = 0; i < blocks.length; i++) {
      this.#pool.free((blocks[i] as FrameBlock).at, LARGE_PAGE_BYTES);
    }
    blocks.length = 0;
  }

  /** Makes frames for as many messages from index `from` on as the run may have, in so many bytes. */
  #extend(
    block: FrameBlock,
    run: DeliveryRun,
    to: DeliverAddress,
    from: number,
    bytesMax: number,
  ): void {
    const { starts, offsets, bodies } = block;
    const page = run.page as Page;
    const record = this.#record;
    const content = this.#content;
    content.added = run.header;
    const countMax = Math.min(from + run.countMax, MESSAGES_MAX);
    const until = (starts[Math.min(from, block.count)] as number) + bytesMax;
    let { count } = block;
    while (count < countMax && (starts[count] as number) < until) {
      const offset = offsets[count] as number;
      const sequence = block.firstSequence + count;
      if (offset >= page.usedBytes) break;
      record.at = page.address + offset;
      if (record.sequence !== sequence || (record.flags & APART) !== 0) break;
      record.locate(content);
      run.setHeader(sequence);
      const start = starts[count] as number;
      const length = this.#writer.encode(block.at + start, LARGE_PAGE_BYTES - start, to, content);
      if (length === 0) {
        block.isFull = true;
        break;
      }
      count++;
      starts[count] = start + length;
      offsets[count] = offset + record.lengthBytes;
      bodies[count] = (bodies[count - 1] as number) + content.bodySizeBytes;
    }
    block.count = count;
    if (count === MESSAGES_MAX) block.isFull = true;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}

/** The last index from `low` to `high` whose value is at most `value`. */
function lastUpTo(values: Int32Array, low: number, high: number, value: number): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to + 1) >>> 1;
    if ((values[middle] as number) <= value) from = middle;
    else to = middle - 1;
  }
  return from;
}
