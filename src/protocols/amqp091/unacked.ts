// hot path: runs per message
// The deliveries of one channel that await an acknowledgement: parallel rings indexed by delivery tag.
// They grow with the number of deliveries, not with the distance between the oldest and the newest tag:
// a straggler that would keep the rings long moves to a side table.

import type { DeliveryTag, Location, Sequence } from "../../broker/numbers.ts";
import { areInRow, furtherOn } from "../../broker/queue/page.ts";

/** What is known about one unacknowledged delivery; a reused object, valid until the next call. */
export class UnackedDelivery {
  tag: DeliveryTag = 0;
  sequence: Sequence = 0;
  location: Location = 0;
  /** The channel's number for (queue, consumer); never 0. */
  slot = 0;
  bytes = 0;
  /** When it was delivered, monotonic seconds. */
  second = 0;
  deliveryCount = 0;
  /** Of a run: so many deliveries, with as many `bytes` together; the rest is what the first of them has. */
  count = 1;
}

const SMALLEST_CAPACITY = 16;
/** A long ring is compacted when it is this many times longer than what it holds. */
const SPARSE_FACTOR = 8;

export class UnackedDeliveries {
  #capacity = 0;
  #sequences = new Float64Array(0);
  #locations = new Float64Array(0);
  /** 0 where nothing is: settled, or delivered without a need to acknowledge. */
  #slots = new Int32Array(0);
  #bytes = new Int32Array(0);
  #seconds = new Int32Array(0);
  #deliveryCounts = new Int32Array(0);
  /** The oldest tag in the rings; tags below are settled, or stragglers. */
  #firstTag: DeliveryTag = 1;
  #lastTag: DeliveryTag = 0;
  #inRings = 0;
  #stragglers: Map<DeliveryTag, UnackedDelivery> | undefined = undefined;
  /** The delivery that `take`, `peek` or `oldest` found. */
  readonly found = new UnackedDelivery();

  get count(): number {
    return this.#inRings + (this.#stragglers === undefined ? 0 : this.#stragglers.size);
  }

  /** The tag of the newest delivery, acknowledged or not. */
  get lastTag(): DeliveryTag {
    return this.#lastTag;
  }

  /** Takes the next tags for deliveries that need no acknowledgement; answers the first of them. */
  skip(count = 1): DeliveryTag {
    const tag = this.#lastTag + 1;
    for (let last = tag; last < tag + count; last++) {
      if (this.#inRings > 0 && last - this.#firstTag >= this.#capacity) this.#makeRoom(last);
      this.#lastTag = last;
    }
    return tag;
  }

  /** Takes the next tag and remembers the delivery under it. */
  add(
    sequence: Sequence,
    location: Location,
    slot: number,
    bytes: number,
    second: number,
    deliveryCount: number,
  ): DeliveryTag {
    const tag = this.#lastTag + 1;
    this.#makeRoomUpTo(tag);
    this.#lastTag = tag;
    const index = tag & (this.#capacity - 1);
    this.#sequences[index] = sequence;
    this.#locations[index] = location;
    this.#slots[index] = slot;
    this.#bytes[index] = bytes;
    this.#seconds[index] = second;
    this.#deliveryCounts[index] = deliveryCount;
    this.#inRings++;
    return tag;
  }

  /**
   * The same for `count` deliveries that were stored in a row, records of `recordBytes` each, and that are delivered
   * for the first time; answers the first tag.
   */
  addRow(
    sequence: Sequence,
    location: Location,
    recordBytes: number,
    slot: number,
    bytes: number,
    second: number,
    count: number,
  ): DeliveryTag {
    const firstTag = this.#lastTag + 1;
    this.#makeRoomUpTo(this.#lastTag + count);
    const mask = this.#capacity - 1;
    const sequences = this.#sequences;
    const locations = this.#locations;
    const slots = this.#slots;
    const bytesOf = this.#bytes;
    const seconds = this.#seconds;
    const deliveryCounts = this.#deliveryCounts;
    let nextSequence = sequence;
    for (let at = 0; at < count; at++) {
      const index = (firstTag + at) & mask;
      sequences[index] = nextSequence++;
      locations[index] = furtherOn(location, at * recordBytes);
      slots[index] = slot;
      bytesOf[index] = bytes;
      seconds[index] = second;
      deliveryCounts[index] = 0;
    }
    this.#lastTag += count;
    this.#inRings += count;
    return firstTag;
  }

  has(tag: DeliveryTag): boolean {
    if (tag >= this.#firstTag && tag <= this.#lastTag) {
      return this.#inRings > 0 && this.#slots[tag & (this.#capacity - 1)] !== 0;
    }
    return this.#stragglers?.has(tag) === true;
  }

  /** Removes the delivery with that tag and leaves it in `found`; false when there is none. */
  take(tag: DeliveryTag): boolean {
    if (tag < this.#firstTag || tag > this.#lastTag) return this.#takeStraggler(tag);
    if (this.#inRings === 0) return false;
    const index = tag & (this.#capacity - 1);
    if (this.#slots[index] === 0) return false;
    this.#load(tag, index);
    this.#slots[index] = 0;
    this.#inRings--;
    if (tag === this.#firstTag) this.#advance();
    return true;
  }

  /**
   * The same for a run: `tag` and what was delivered right behind it, up to `last`, as long as it came from the same
   * place, sequence by sequence. What is acknowledged together mostly is one.
   */
  takeRun(tag: DeliveryTag, last: DeliveryTag): boolean {
    if (tag < this.#firstTag || tag === last) return this.take(tag);
    const mask = this.#capacity - 1;
    const slots = this.#slots;
    if (this.#inRings === 0 || tag > this.#lastTag || slots[tag & mask] === 0) return false;
    this.#load(tag, tag & mask);
    slots[tag & mask] = 0;
    const { found } = this;
    const { slot, location, sequence } = found;
    const end = last < this.#lastTag ? last : this.#lastTag;
    let next = tag + 1;
    for (; next <= end; next++) {
      const index = next & mask;
      if (slots[index] !== slot) break;
      const at = this.#locations[index] as number;
      if (!areInRow(sequence, location, this.#sequences[index] as number, at, next - tag)) break;
      found.bytes += this.#bytes[index] as number;
      slots[index] = 0;
    }
    found.count = next - tag;
    this.#inRings -= found.count;
    if (tag === this.#firstTag) this.#advance();
    return true;
  }

  /** The first run of deliveries up to and including `tag`; false when there is none. */
  takeOldestRunUpTo(tag: DeliveryTag): boolean {
    const oldest = this.#oldestTag();
    return oldest !== 0 && oldest <= tag && this.takeRun(oldest, tag);
  }

  /** Removes the oldest delivery up to and including `tag` and leaves it in `found`; false when there is none. */
  takeOldestUpTo(tag: DeliveryTag): boolean {
    const oldest = this.#oldestTag();
    return oldest !== 0 && oldest <= tag && this.take(oldest);
  }

  /** Leaves the oldest delivery in `found` without removing it; false when there is none. */
  oldest(): boolean {
    const tag = this.#oldestTag();
    return tag !== 0 && this.peek(tag);
  }

  /** Leaves the delivery with that tag in `found` without removing it; false when there is none. */
  peek(tag: DeliveryTag): boolean {
    if (!this.has(tag)) return false;
    if (tag >= this.#firstTag) this.#load(tag, tag & (this.#capacity - 1));
    else Object.assign(this.found, this.#stragglers?.get(tag));
    return true;
  }

  /** All tags, oldest first; for listings and slow jobs. */
  *tags(): IterableIterator<DeliveryTag> {
    if (this.#stragglers !== undefined) yield* this.#stragglers.keys();
    for (let tag = this.#firstTag; tag <= this.#lastTag; tag++) if (this.has(tag)) yield tag;
  }

  #load(tag: DeliveryTag, index: number): void {
    const found = this.found;
    found.tag = tag;
    found.sequence = this.#sequences[index] as number;
    found.location = this.#locations[index] as number;
    found.slot = this.#slots[index] as number;
    found.bytes = this.#bytes[index] as number;
    found.second = this.#seconds[index] as number;
    found.deliveryCount = this.#deliveryCounts[index] as number;
    found.count = 1;
  }

  /** Stragglers are put aside oldest first, so the first of the map is the oldest of all. */
  #oldestTag(): DeliveryTag {
    if (this.#stragglers !== undefined) {
      for (const tag of this.#stragglers.keys()) return tag;
    }
    return this.#inRings === 0 ? 0 : this.#firstTag;
  }

  /** The first tag was settled: moves on to the next one that is not. */
  #advance(): void {
    if (this.#inRings === 0) {
      this.#firstTag = this.#lastTag + 1;
      return;
    }
    const mask = this.#capacity - 1;
    let tag = this.#firstTag + 1;
    while (this.#slots[tag & mask] === 0) tag++;
    this.#firstTag = tag;
  }

  #takeStraggler(tag: DeliveryTag): boolean {
    const straggler = this.#stragglers?.get(tag);
    if (straggler === undefined) return false;
    Object.assign(this.found, straggler);
    this.#stragglers?.delete(tag);
    if (this.#stragglers?.size === 0) this.#stragglers = undefined;
    return true;
  }

  /** There is a place in the rings for all tags behind the last up to `tag`. */
  #makeRoomUpTo(tag: DeliveryTag): void {
    if (this.#inRings === 0) this.#firstTag = this.#lastTag + 1;
    while (tag - this.#firstTag >= this.#capacity) this.#makeRoom(tag);
  }

  /** The rings have no place for `tag`: puts the few old ones that keep them long aside, or doubles them. */
  #makeRoom(tag: DeliveryTag): void {
    const span = tag - this.#firstTag;
    const isSparse = this.#inRings > 0 && this.#inRings * SPARSE_FACTOR < span;
    if (isSparse && span >= SMALLEST_CAPACITY * SPARSE_FACTOR) {
      this.#setOldHalfAside();
      return;
    }
    this.#resize(Math.max(SMALLEST_CAPACITY, this.#capacity * 2));
  }

  #setOldHalfAside(): void {
    const mask = this.#capacity - 1;
    const until = this.#firstTag + (this.#capacity >> 1);
    this.#stragglers ??= new Map();
    for (let tag = this.#firstTag; tag < until; tag++) {
      const index = tag & mask;
      if (this.#slots[index] === 0) continue;
      this.#load(tag, index);
      this.#stragglers.set(tag, Object.assign(new UnackedDelivery(), this.found));
      this.#slots[index] = 0;
      this.#inRings--;
    }
    this.#firstTag = until - 1;
    this.#advance();
  }

  #resize(capacity: number): void {
    const oldMask = this.#capacity - 1;
    const mask = capacity - 1;
    const sequences = new Float64Array(capacity);
    const locations = new Float64Array(capacity);
    const slots = new Int32Array(capacity);
    const bytes = new Int32Array(capacity);
    const seconds = new Int32Array(capacity);
    const deliveryCounts = new Int32Array(capacity);
    if (this.#inRings > 0) {
      for (let tag = this.#firstTag; tag <= this.#lastTag; tag++) {
        const old = tag & oldMask;
        const index = tag & mask;
        sequences[index] = this.#sequences[old] as number;
        locations[index] = this.#locations[old] as number;
        slots[index] = this.#slots[old] as number;
        bytes[index] = this.#bytes[old] as number;
        seconds[index] = this.#seconds[old] as number;
        deliveryCounts[index] = this.#deliveryCounts[old] as number;
      }
    }
    this.#capacity = capacity;
    this.#sequences = sequences;
    this.#locations = locations;
    this.#slots = slots;
    this.#bytes = bytes;
    this.#seconds = seconds;
    this.#deliveryCounts = deliveryCounts;
  }
}
