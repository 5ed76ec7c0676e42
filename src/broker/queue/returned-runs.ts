// hot path: runs per message
// Messages that were delivered and came back, as runs of neighbouring sequences with the same delivery count.
// A million deliveries returned together are one run; a sorted list of chunks keeps the worst case cheap.

import { assert } from "../../lib/assert.ts";
import type { Location, Sequence } from "../numbers.ts";

const RUNS_PER_CHUNK = 128;

class Chunk {
  /** The runs in use are those from `start` up to but not including `end`. */
  start = 0;
  end = 0;
  readonly from = new Float64Array(RUNS_PER_CHUNK);
  readonly to = new Float64Array(RUNS_PER_CHUNK);
  /** Where the first message of the run lies. */
  readonly location = new Float64Array(RUNS_PER_CHUNK);
  readonly deliveryCount = new Int32Array(RUNS_PER_CHUNK);
}

/** One run, for those who look at all of them. */
export interface ReturnedRun {
  readonly from: Sequence;
  readonly to: Sequence;
  readonly location: Location;
  readonly deliveryCount: number;
}

export class ReturnedRuns {
  /** Never holds an empty chunk. */
  readonly #chunks: Chunk[] = [];
  /** Where the last change was: returns come in order most of the time. */
  #hint = 0;
  /** Messages in all runs. */
  count = 0;

  /** The oldest message; there must be one. */
  get firstSequence(): Sequence {
    const chunk = this.#chunks[0] as Chunk;
    return chunk.from[chunk.start] as number;
  }
  get firstLocation(): Location {
    const chunk = this.#chunks[0] as Chunk;
    return chunk.location[chunk.start] as number;
  }
  get firstDeliveryCount(): number {
    const chunk = this.#chunks[0] as Chunk;
    return chunk.deliveryCount[chunk.start] as number;
  }
  /** The oldest run has more than one message. */
  get firstGoesOn(): boolean {
    const chunk = this.#chunks[0] as Chunk;
    return (chunk.from[chunk.start] as number) < (chunk.to[chunk.start] as number);
  }

  /** A message is back. It must not be here already. */
  add(sequence: Sequence, location: Location, deliveryCount: number): void {
    this.count++;
    const index = this.#chunkFor(sequence);
    const chunk = this.#chunks[index] as Chunk;
    const { from, to } = chunk;
    const at = lastNotAbove(from, chunk.start, chunk.end, sequence);
    if (at >= chunk.start) {
      assert(sequence > (to[at] as number), "a message is returned once");
      if ((to[at] as number) + 1 === sequence && chunk.deliveryCount[at] === deliveryCount) {
        to[at] = sequence;
        joinNext(chunk, at);
        return;
      }
    }
    const next = at + 1;
    if (
      next < chunk.end &&
      (from[next] as number) - 1 === sequence &&
      chunk.deliveryCount[next] === deliveryCount
    ) {
      from[next] = sequence;
      chunk.location[next] = location;
      return;
    }
    this.#insert(index, next, sequence, location, deliveryCount);
  }

  /** Takes the oldest message out. `nextLocation` says where the one behind it lies, if its run goes on. */
  takeFirst(nextLocation: Location): void {
    const chunk = this.#chunks[0] as Chunk;
    const at = chunk.start;
    this.count--;
    if ((chunk.from[at] as number) < (chunk.to[at] as number)) {
      chunk.from[at] = (chunk.from[at] as number) + 1;
      chunk.location[at] = nextLocation;
      return;
    }
    chunk.start++;
    if (chunk.start === chunk.end) this.#dropChunk(0);
  }

  has(sequence: Sequence): boolean {
    if (this.count === 0) return false;
    const chunk = this.#chunks[this.#chunkFor(sequence)] as Chunk;
    const at = lastNotAbove(chunk.from, chunk.start, chunk.end, sequence);
    return at >= chunk.start && sequence <= (chunk.to[at] as number);
  }

  /** Takes one message out wherever it is. `nextLocation` says where the one behind it lies, if its run goes on. */
  remove(sequence: Sequence, nextLocation: Location): void {
    assert(this.has(sequence), "only a returned message is taken out");
    const index = this.#chunkFor(sequence);
    const chunk = this.#chunks[index] as Chunk;
    const at = lastNotAbove(chunk.from, chunk.start, chunk.end, sequence);
    const last = chunk.to[at] as number;
    this.count--;
    if (chunk.from[at] === sequence) {
      if (sequence < last) {
        chunk.from[at] = sequence + 1;
        chunk.location[at] = nextLocation;
        return;
      }
      moveRuns(chunk, at, at + 1, chunk.end);
      chunk.end--;
      if (chunk.start === chunk.end) this.#dropChunk(index);
      return;
    }
    chunk.to[at] = sequence - 1;
    if (sequence === last) return;
    this.#insert(index, at + 1, sequence + 1, nextLocation, chunk.deliveryCount[at] as number);
    const second = this.#chunks[this.#chunkFor(sequence + 1)] as Chunk;
    second.to[lastNotAbove(second.from, second.start, second.end, sequence + 1)] = last;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#hint = 0;
    this.count = 0;
  }

  *[Symbol.iterator](): IterableIterator<ReturnedRun> {
    for (const chunk of this.#chunks) {
      for (let at = chunk.start; at < chunk.end; at++) {
        yield {
          from: chunk.from[at] as number,
          to: chunk.to[at] as number,
          location: chunk.location[at] as number,
          deliveryCount: chunk.deliveryCount[at] as number,
        };
      }
    }
  }

  /** The chunk whose range the sequence falls into. */
  #chunkFor(sequence: Sequence): number {
    const chunks = this.#chunks;
    if (chunks.length === 0) {
      chunks.push(new Chunk());
      this.#hint = 0;
      return 0;
    }
    const hint = this.#hint;
    if (startsAtOrBelow(chunks, hint, sequence) && !startsAtOrBelow(chunks, hint + 1, sequence)) {
      return hint;
    }
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (startsAtOrBelow(chunks, middle, sequence)) low = middle;
      else high = middle - 1;
    }
    this.#hint = low;
    return low;
  }

  #insert(
    chunkIndex: number,
    position: number,
    sequence: Sequence,
    location: Location,
    deliveryCount: number,
  ): void {
    let index = chunkIndex;
    let at = position;
    let chunk = this.#chunks[index] as Chunk;
    if (chunk.end - chunk.start === RUNS_PER_CHUNK) {
      const upper = splitChunk(chunk, at);
      this.#chunks.splice(index + 1, 0, upper);
      if (at > chunk.end || chunk.end === RUNS_PER_CHUNK) {
        at -= chunk.end;
        index++;
        chunk = upper;
      }
    } else if (chunk.end === RUNS_PER_CHUNK) {
      at -= chunk.start;
      moveRuns(chunk, 0, chunk.start, chunk.end);
      chunk.end -= chunk.start;
      chunk.start = 0;
    }
    moveRuns(chunk, at + 1, at, chunk.end);
    chunk.end++;
    chunk.from[at] = sequence;
    chunk.to[at] = sequence;
    chunk.location[at] = location;
    chunk.deliveryCount[at] = deliveryCount;
    this.#hint = index;
  }

  #dropChunk(index: number): void {
    this.#chunks.splice(index, 1);
    this.#hint = 0;
  }
}

function startsAtOrBelow(chunks: Chunk[], index: number, sequence: Sequence): boolean {
  if (index >= chunks.length) return false;
  const chunk = chunks[index] as Chunk;
  return (chunk.from[chunk.start] as number) <= sequence;
}

/** Index of the last run that starts at or below `sequence`, or `start - 1`. */
function lastNotAbove(from: Float64Array, start: number, end: number, sequence: Sequence): number {
  let low = start - 1;
  let high = end - 1;
  if (high >= start && (from[high] as number) <= sequence) return high;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((from[middle] as number) <= sequence) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Joins the run at `at` with the one behind it where they touch. */
function joinNext(chunk: Chunk, at: number): void {
  const next = at + 1;
  if (next >= chunk.end) return;
  if ((chunk.from[next] as number) - 1 !== chunk.to[at]) return;
  if (chunk.deliveryCount[next] !== chunk.deliveryCount[at]) return;
  chunk.to[at] = chunk.to[next] as number;
  moveRuns(chunk, next, next + 1, chunk.end);
  chunk.end--;
}

function moveRuns(chunk: Chunk, to: number, from: number, end: number): void {
  chunk.from.copyWithin(to, from, end);
  chunk.to.copyWithin(to, from, end);
  chunk.location.copyWithin(to, from, end);
  chunk.deliveryCount.copyWithin(to, from, end);
}

/** Moves the upper part of a full chunk (or nothing, when the insertion is at its end) into a new one. */
function splitChunk(chunk: Chunk, insertAt: number): Chunk {
  const upper = new Chunk();
  const middle = insertAt === chunk.end ? chunk.end : RUNS_PER_CHUNK >> 1;
  upper.from.set(chunk.from.subarray(middle, chunk.end));
  upper.to.set(chunk.to.subarray(middle, chunk.end));
  upper.location.set(chunk.location.subarray(middle, chunk.end));
  upper.deliveryCount.set(chunk.deliveryCount.subarray(middle, chunk.end));
  upper.end = chunk.end - middle;
  chunk.end = middle;
  return upper;
}
