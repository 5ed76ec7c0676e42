// Publishes batches on one channel as fast as the socket, the confirm window, the rate and the run's limits allow.

import type { BatchSchedule } from "./batch-schedule.ts";
import type { ClientChannel } from "./client/channel.ts";
import type { WriteListener } from "./client/connection.ts";
import { type FrameSink, wholeFrameEnd } from "./client/frame-sink.ts";
import { readBlock } from "./client/read-region.ts";
import type { ConfirmWindow } from "./confirm-window.ts";
import type { MessageBatch } from "./message-batch.ts";
import { monotonicUs } from "./monotonic.ts";
import type { RateSchedule } from "./rate-schedule.ts";
import type { Tally } from "./tally.ts";

const BASIC_ACK = (60 << 16) | 80;
const BASIC_NACK = (60 << 16) | 120;
const BASIC_RETURN = (60 << 16) | 50;
const TWO_TO_32 = 4_294_967_296;
/** What is sent so long after it was due was held up, by more than a timer of a millisecond is late. */
const LATE_US = 2_000;

export interface PublisherLimits {
  /** Messages to publish in all; infinite when the time decides. */
  readonly messages: number;
  /** Undefined = as fast as possible. */
  readonly rate: RateSchedule | undefined;
  /** Wait while this many messages of the run are published and not yet received; 0 = never. */
  readonly lagMax: number;
}

export class Publisher implements FrameSink, WriteListener {
  readonly #channel: ClientChannel;
  readonly #batches: BatchSchedule;
  #batch: MessageBatch;
  readonly #window: ConfirmWindow | undefined;
  readonly #limits: PublisherLimits;
  readonly #tally: Tally;
  #sent = 0;
  #startedAtUs = 0;
  #isRunning = false;
  #isScheduled = false;
  #isTaken = false;
  #stopped: Promise<void> | undefined;
  #settled: (() => void) | undefined;
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.pump();
  };

  constructor(
    channel: ClientChannel,
    batches: BatchSchedule,
    window: ConfirmWindow | undefined,
    limits: PublisherLimits,
    tally: Tally,
  ) {
    this.#channel = channel;
    this.#batches = batches;
    this.#batch = batches.at(0);
    this.#window = window;
    this.#limits = limits;
    this.#tally = tally;
    channel.sink = this;
    channel.connection.addWriteListener(this);
  }

  get sent(): number {
    return this.#sent;
  }

  /** All it was to publish is published, and confirmed or at least taken by the broker. */
  get isDone(): boolean {
    return this.#sent >= this.#limits.messages && this.#isTaken;
  }

  /** How long the oldest message has waited for its confirm; 0 when none does. */
  waitsSinceUs(nowUs: number): number {
    const window = this.#window;
    return window === undefined || window.outstanding === 0 ? 0 : nowUs - window.oldestSentAtUs;
  }

  start(): void {
    this.#startedAtUs = monotonicUs();
    this.#isRunning = true;
    this.pump();
  }

  /** Publishes no more; resolves when everything published is confirmed (without confirms: taken by the broker). */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isRunning = false;
    const window = this.#window;
    if (window === undefined) {
      // The answer comes after everything before it on this channel has been read.
      await this.#channel.call(
        { name: "basic.qos", prefetchSize: 0, prefetchCount: 0, global: false },
        "basic.qos-ok",
      );
    } else if (window.outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    this.#isTaken = true;
  }

  onWritable(): void {
    this.pump();
  }

  /** Sends one batch if it may, and comes back next turn while it may. */
  pump(): void {
    if (!this.#isRunning || this.#isScheduled || this.#channel.connection.isBusy) return;
    const nowUs = monotonicUs();
    this.#batch = this.#batches.at((nowUs - this.#startedAtUs) / 1e6);
    const count = this.#allowed(nowUs);
    if (count <= 0) return;
    const bytes = this.#batch.fill(count, this.#sent + 1, nowUs);
    if (this.#limits.rate !== undefined) this.#backdate(this.#limits.rate, count, nowUs);
    this.#sent += count;
    this.#tally.published += count;
    this.#window?.onPublished(count, nowUs);
    this.#channel.connection.write(bytes);
    if (this.#sent >= this.#limits.messages) {
      // A connection that breaks meanwhile fails the whole run.
      this.stop().catch(() => {});
      return;
    }
    // A batch that is not full is all that was allowed: what allows more (time, a confirm) calls again.
    if (count < this.#batch.capacity || this.#channel.connection.isBusy) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }

  take(at: number, end: number): number {
    const { u8, view } = readBlock;
    const channelNumber = this.#channel.number;
    let next = at;
    for (;;) {
      const after = wholeFrameEnd(view, next, end);
      if (after < 0 || view.getUint16(next + 1) !== channelNumber) return next;
      const ids = u8[next] === 1 ? view.getInt32(next + 7) : 0;
      if (ids === BASIC_ACK || ids === BASIC_NACK) {
        this.#onSettled(next, ids);
        next = after;
      } else {
        if (ids === BASIC_RETURN) this.#tally.returned++;
        next = this.#channel.take(next, end);
      }
    }
  }

  onRest(): void {}

  onReadEnd(): void {
    this.pump();
    if (this.#settled !== undefined && this.#window?.outstanding === 0) this.#settled();
  }

  #onSettled(at: number, ids: number): void {
    const { u8, view } = readBlock;
    const tag = view.getUint32(at + 11) * TWO_TO_32 + view.getUint32(at + 15);
    const window = this.#window;
    if (window === undefined) throw new Error("a confirm that was not asked for");
    const multiple = (u8[at + 19]! & 1) === 1;
    const tally = this.#tally;
    const readAtUs = this.#channel.connection.readAtUs;
    const count = window.settle(tag, multiple, readAtUs, tally.confirmLatency);
    if (ids === BASIC_ACK) tally.confirmed += count;
    else tally.nacked += count;
  }

  /** What is late counts from when it was due: else the latency of who waits for the broker would be left out. */
  #backdate(rate: RateSchedule, count: number, nowUs: number): void {
    const startedAtUs = this.#startedAtUs;
    const dueBefore = rate.dueAfter((nowUs - LATE_US - startedAtUs) / 1e6);
    const late = Math.min(count, dueBefore - this.#sent);
    if (late <= 0) return;
    this.#tally.publishedLate += late;
    const first = rate.secondsUntil(this.#sent + 1);
    const step = late === 1 ? 0 : (rate.secondsUntil(this.#sent + late) - first) / (late - 1);
    this.#batch.backdate(late, startedAtUs + first * 1e6, step * 1e6);
  }

  #allowed(nowUs: number): number {
    const { messages, rate, lagMax } = this.#limits;
    let count = Math.min(this.#batch.capacity, messages - this.#sent);
    if (this.#window !== undefined) count = Math.min(count, this.#window.room);
    if (rate !== undefined) {
      const due = rate.dueAfter((nowUs - this.#startedAtUs) / 1e6);
      count = Math.min(count, due - this.#sent);
    }
    if (lagMax > 0 && this.#tally.published - this.#tally.received > lagMax) count = 0;
    return count;
  }
}
