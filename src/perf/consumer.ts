// hot path: runs per message
// Consumes one queue on one channel: takes deliveries where they lie in the read region, checks sequence numbers,
// counts latency and acknowledges. Messages that lie whole in one read take the short way; all others go frame by frame.

import type { AckBatch } from "./ack-batch.ts";
import type { ClientChannel } from "./client/channel.ts";
import { badFrameEnd, type FrameSink, wholeFrameEnd } from "./client/frame-sink.ts";
import { readBlock } from "./client/read-region.ts";
import {
  readOrigin,
  readSentAt,
  readSequence,
  SEQUENCE_BYTES,
  STAMP_BYTES,
} from "./message-stamp.ts";
import type { SequenceCheck } from "./sequence-check.ts";
import { SimulatedWork, type Worker } from "./simulated-work.ts";
import type { StepSchedule } from "./step-schedule.ts";
import type { Tally } from "./tally.ts";

const METHOD = 1 << 24;
const HEADER = 2 << 24;
const BODY = 3 << 24;
const FRAME_END = 0xce;
const BASIC_DELIVER = (60 << 16) | 60;
const BASIC_GET_OK = (60 << 16) | 71;
/** Frame header and end octet. */
const FRAME_OVERHEAD = 8;
const PAYLOAD_AT = 7;
/** Where a content header frame keeps the lower half of the body size. */
const BODY_SIZE_HIGH_AT = 11;
const BODY_SIZE_LOW_AT = 15;
/** Of a body frame, this much is seen enough of: keeping it for the next read would copy it. */
const PART_BYTES_MIN = 1024;
/** A body too short for a time stamp. */
const NO_TIME = -1;
/** Deliveries a consumer that works keeps waiting before it reads no more. */
const WAITING_MAX = 1_000;
const TWO_TO_32 = 4_294_967_296;

export interface ConsumerOptions {
  /** Undefined: the broker expects no acknowledgements. */
  readonly acks: AckBatch | undefined;
  /** One acknowledgement (for all so far) every that many deliveries. */
  readonly ackEvery: number;
  /** Reads on only as fast as this; 0 = no limit. */
  readonly ratePerSecond: number;
  /** Works so long on each delivery, in microseconds, before it settles it. */
  readonly workUs?: StepSchedule | undefined;
}

export class Consumer implements FrameSink, Worker {
  /** Called after a read that completed messages. */
  onReceived: (() => void) | undefined;
  readonly #channel: ClientChannel;
  readonly #options: ConsumerOptions;
  readonly #check: SequenceCheck;
  readonly #tally: Tally;
  /** Type, channel and the upper byte of the length: what frames of this channel begin with. */
  readonly #methodWord: number;
  readonly #headerWord: number;
  readonly #bodyWord: number;
  received = 0;
  #unacked = 0;
  #tagHigh = 0;
  #tagLow = 0;
  /** Of the last delivery that was counted. */
  #handledHigh = 0;
  #handledLow = 0;
  #isRedelivered = false;
  /** Bytes of the current message's body that are still to come; -1 = no message is open. */
  #bodyLeft = -1;
  #bodySize = 0;
  /** What the stamp in the first part of a body said, while the rest of that frame is still to come. */
  #partBytes = 0;
  #partOrigin = 0;
  #partSequence = 0;
  #partSentAtUs = 0;
  /** Deliveries of one read that were sent at the same moment are counted together. */
  #runSentAtUs = 0;
  #runCount = 0;
  #startedAtUs = 0;
  readonly #work: SimulatedWork | undefined;
  #isPaused = false;
  readonly #onDue = (): void => this.#channel.connection.resume();

  constructor(
    channel: ClientChannel,
    options: ConsumerOptions,
    check: SequenceCheck,
    tally: Tally,
  ) {
    this.#channel = channel;
    this.#options = options;
    this.#check = check;
    this.#tally = tally;
    const { workUs } = options;
    this.#work = workUs === undefined ? undefined : new SimulatedWork(workUs, this);
    this.#methodWord = METHOD | (channel.number << 8);
    this.#headerWord = HEADER | (channel.number << 8);
    this.#bodyWord = BODY | (channel.number << 8);
    channel.sink = this;
  }

  take(at: number, end: number): number {
    const short = this.#bodyLeft < 0 ? this.#takeWholeMessages(at, end) : at;
    return short === at ? this.#takeFrame(at, end) : short;
  }

  onReadEnd(): void {
    if (this.#runCount > 0) this.#endRun();
    if (this.#options.acks !== undefined) this.#options.acks.flush();
    if (this.#options.ratePerSecond > 0) this.#slowDown();
    if (this.#work !== undefined && this.#work.count > WAITING_MAX && !this.#isPaused) {
      this.#isPaused = true;
      this.#channel.connection.pause();
    }
    this.onReceived?.();
  }

  /** Acknowledges what has been received and not acknowledged yet. */
  ackRest(): void {
    const { acks } = this.#options;
    if (acks === undefined || this.#unacked === 0) return;
    acks.add(this.#handledHigh, this.#handledLow);
    acks.flush();
    this.#unacked = 0;
  }

  #takeWholeMessages(from: number, end: number): number {
    const { u8, view } = readBlock;
    const methodWord = this.#methodWord;
    let at = from;
    while (end - at > 64 && view.getInt32(at) === methodWord) {
      if (view.getInt32(at + PAYLOAD_AT) !== BASIC_DELIVER) break;
      const headerAt = at + (view.getInt32(at + 3) & 0xffffff) + FRAME_OVERHEAD;
      if (headerAt + 24 > end || view.getInt32(headerAt) !== this.#headerWord) break;
      const bodyAt = headerAt + (view.getInt32(headerAt + 3) & 0xffffff) + FRAME_OVERHEAD;
      const size = view.getInt32(headerAt + BODY_SIZE_LOW_AT);
      if (size <= 0 || view.getInt32(headerAt + BODY_SIZE_HIGH_AT) !== 0) break;
      const next = bodyAt + size + FRAME_OVERHEAD;
      // A body in several frames announces less than its size in the first one.
      if (next > end || view.getInt32(bodyAt) !== this.#bodyWord) break;
      if (view.getInt32(bodyAt + 3) !== size) break;
      if (u8[headerAt - 1] !== FRAME_END || u8[bodyAt - 1] !== FRAME_END) throw badFrameEnd();
      if (u8[next - 1] !== FRAME_END) throw badFrameEnd();
      this.#readTag(at + 12 + u8[at + 11]!);
      this.#onBody(bodyAt + PAYLOAD_AT, size);
      this.#onMessage(size);
      at = next;
    }
    return at;
  }

  #takeFrame(at: number, end: number): number {
    const { u8, view } = readBlock;
    const after = wholeFrameEnd(view, at, end);
    if (after < 0) return end - at >= PART_BYTES_MIN ? this.#takePart(at) : at;
    const type = u8[at];
    if (type === 1) {
      const ids = view.getInt32(at + PAYLOAD_AT);
      if (ids === BASIC_DELIVER) this.#readTag(at + 12 + u8[at + 11]!);
      else if (ids === BASIC_GET_OK) this.#readTag(at + 11);
      else return this.#channel.take(at, end);
      return after;
    }
    if (u8[after - 1] !== FRAME_END) throw badFrameEnd();
    if (type === 2) {
      const high = view.getUint32(at + BODY_SIZE_HIGH_AT);
      this.#bodySize = high * TWO_TO_32 + view.getUint32(at + BODY_SIZE_LOW_AT);
      this.#bodyLeft = this.#bodySize;
    } else if (type === 3) {
      const length = after - at - FRAME_OVERHEAD;
      if (this.#bodyLeft === this.#bodySize) this.#onBody(at + PAYLOAD_AT, length);
      this.#bodyLeft -= length;
    }
    this.#endOfFrame();
    return after;
  }

  /** The beginning of a body frame holds all there is to see of it. */
  #takePart(at: number): number {
    const { u8, view } = readBlock;
    if (u8[at] !== 3 || this.#bodyLeft < 0) return at;
    this.#partBytes = view.getUint32(at + 3);
    this.#partOrigin = readOrigin(view, at + PAYLOAD_AT);
    this.#partSequence = readSequence(view, at + PAYLOAD_AT);
    this.#partSentAtUs = readSentAt(view, at + PAYLOAD_AT);
    return at + this.#partBytes + FRAME_OVERHEAD;
  }

  onRest(): void {
    if (this.#bodyLeft === this.#bodySize) {
      this.#onStamp(this.#partOrigin, this.#partSequence, this.#partSentAtUs);
    }
    this.#bodyLeft -= this.#partBytes;
    this.#endOfFrame();
  }

  #endOfFrame(): void {
    if (this.#bodyLeft !== 0) return;
    this.#bodyLeft = -1;
    this.#onMessage(this.#bodySize);
  }

  #readTag(at: number): void {
    const { u8, view } = readBlock;
    this.#tagHigh = view.getInt32(at);
    this.#tagLow = view.getInt32(at + 4);
    this.#isRedelivered = u8[at + 8] !== 0;
  }

  /** The first (usually the only) part of a body lies at `at`. */
  #onBody(at: number, length: number): void {
    if (length < SEQUENCE_BYTES) return;
    const { view } = readBlock;
    const sentAtUs = length < STAMP_BYTES ? NO_TIME : readSentAt(view, at);
    this.#onStamp(readOrigin(view, at), readSequence(view, at), sentAtUs);
  }

  #onStamp(origin: number, sequence: number, sentAtUs: number): void {
    const isOurs = this.#check.see(origin, sequence, this.#isRedelivered);
    if (!isOurs || sentAtUs === NO_TIME) return;
    if (sentAtUs !== this.#runSentAtUs) {
      if (this.#runCount > 0) this.#endRun();
      this.#runSentAtUs = sentAtUs;
    }
    this.#runCount++;
  }

  #endRun(): void {
    const latencyUs = this.#channel.connection.readAtUs - this.#runSentAtUs;
    this.#tally.latency.record(latencyUs, this.#runCount);
    this.#runCount = 0;
  }

  #onMessage(sizeBytes: number): void {
    if (this.#work === undefined) this.#count(this.#tagHigh, this.#tagLow, sizeBytes);
    else this.#work.add(this.#tagHigh, this.#tagLow, sizeBytes);
  }

  onWorked(tagHigh: number, tagLow: number, sizeBytes: number): void {
    this.#count(tagHigh, tagLow, sizeBytes);
  }

  onWorkedSoFar(): void {
    this.#options.acks?.flush();
    if (this.#isPaused && this.#work!.count <= WAITING_MAX / 2) {
      this.#isPaused = false;
      this.#channel.connection.resume();
    }
    this.onReceived?.();
  }

  #count(tagHigh: number, tagLow: number, sizeBytes: number): void {
    this.received++;
    this.#tally.received++;
    this.#tally.receivedBytes += sizeBytes;
    const { acks } = this.#options;
    if (acks === undefined) return;
    this.#handledHigh = tagHigh;
    this.#handledLow = tagLow;
    if (++this.#unacked < this.#options.ackEvery) return;
    acks.add(tagHigh, tagLow);
    this.#unacked = 0;
  }

  #slowDown(): void {
    const { connection } = this.#channel;
    if (this.#startedAtUs === 0) this.#startedAtUs = connection.readAtUs;
    const dueMs = (this.received / this.#options.ratePerSecond) * 1e3;
    const aheadMs = dueMs - (connection.readAtUs - this.#startedAtUs) / 1e3;
    if (aheadMs < 2) return;
    connection.pause();
    setTimeout(this.#onDue, aheadMs);
  }
}
