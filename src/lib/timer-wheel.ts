// All timeouts of a broker behind one timer of the clock: heartbeats, TTLs, expiries, handshakes, deadlines.
// Seven levels of 32 slots, as digits of the due tick in base 32: scheduling and cancelling cost the same whatever
// the delay, and nothing runs while no slot is due.

import { assert } from "./assert.ts";

/** What the wheel needs of a clock; `Clock` of env.ts is one. */
export interface WheelClock {
  monotonicMs(): number;
  setTimer(afterMs: number, onTimer: () => void): object;
  clearTimer(timer: object): void;
}

const TICK_MS = 50;
const SLOT_BITS = 5;
const SLOTS = 1 << SLOT_BITS;
const LEVELS = 7;
/** Ticks the whole wheel spans: 54 years at 50 ms. Later timers wait in the last slot and are placed again. */
const SPAN_TICKS = SLOTS ** LEVELS;
const UNSCHEDULED = -1;
const FIRING = -2;

/** A timeout. Extend it; one object serves any number of times, and only once at a time. */
export abstract class WheelTimer {
  /** Owned by the wheel, like the three below it. */
  wheelNext: WheelTimer = this;
  wheelPrevious: WheelTimer = this;
  wheelSlot = UNSCHEDULED;
  wheelDueTick = 0;

  get isScheduled(): boolean {
    return this.wheelSlot !== UNSCHEDULED;
  }

  /** It is time, at most one tick late on an idle loop and never early. The timer may be scheduled again in here. */
  abstract onTimer(): void;
}

/** A timeout that calls one function made for good, for owners that have several timers. */
export class CallbackTimer extends WheelTimer {
  readonly #callback: () => void;
  constructor(callback: () => void) {
    super();
    this.#callback = callback;
  }
  override onTimer(): void {
    this.#callback();
  }
}

/** The head of a slot's circular list. */
class SlotHead extends WheelTimer {
  override onTimer(): void {
    assert(false, "the head of a slot never fires");
  }
}

/** Timers due in the same tick fire in the order they were scheduled in. */
export class TimerWheel {
  readonly #clock: WheelClock;
  readonly #tickMs: number;
  /** Most are never used: made when they are. */
  readonly #slots = new Array<SlotHead | undefined>(LEVELS * SLOTS);
  /** Per level one bit for each slot that is not empty. */
  readonly #occupied = new Int32Array(LEVELS);
  /** Timers taken from their slot to be fired now. */
  readonly #firing = new SlotHead();
  #count = 0;
  /** Everything due up to and including this tick has fired. */
  #nowTick: number;
  #armed: object | undefined;
  #armedTick = Number.POSITIVE_INFINITY;
  #advancing = false;
  readonly #onClock = () => {
    this.#armed = undefined;
    this.#armedTick = Number.POSITIVE_INFINITY;
    this.#advance();
  };

  constructor(clock: WheelClock, tickMs = TICK_MS) {
    assert(tickMs > 0, "a tick takes time");
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#nowTick = Math.floor(clock.monotonicMs() / tickMs);
  }

  /** Timers that are scheduled. */
  get count(): number {
    return this.#count;
  }

  get tickMs(): number {
    return this.#tickMs;
  }

  /** Fires `timer` once the clock's monotonic time is `atMonotonicMs` (rounded up to a tick). Moves one already scheduled. */
  schedule(timer: WheelTimer, atMonotonicMs: number): void {
    assert(!Number.isNaN(atMonotonicMs), "a timer is due at a number");
    if (timer.wheelSlot !== UNSCHEDULED) this.cancel(timer);
    if (this.#count === 0 && !this.#advancing) {
      this.#nowTick = Math.floor(this.#clock.monotonicMs() / this.#tickMs);
    }
    this.#count++;
    timer.wheelDueTick = Math.max(Math.ceil(atMonotonicMs / this.#tickMs), this.#nowTick + 1);
    this.#place(timer);
    if (!this.#advancing) this.#arm();
  }

  /** Fires `timer` after `afterMs` from now. */
  scheduleAfter(timer: WheelTimer, afterMs: number): void {
    this.schedule(timer, this.#clock.monotonicMs() + afterMs);
  }

  /** Does nothing when the timer is not scheduled. */
  cancel(timer: WheelTimer): void {
    const slot = timer.wheelSlot;
    if (slot === UNSCHEDULED) return;
    unlink(timer);
    if (slot !== FIRING && isEmpty(this.#slots[slot] as SlotHead)) this.#clearBit(slot);
    timer.wheelSlot = UNSCHEDULED;
    this.#count--;
  }

  /** Forgets all timers; nothing fires any more. */
  stop(): void {
    for (const head of [...this.#slots, this.#firing]) {
      while (head !== undefined && !isEmpty(head)) this.cancel(head.wheelNext);
    }
    if (this.#armed !== undefined) this.#clock.clearTimer(this.#armed);
    this.#armed = undefined;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  /** Puts a timer into the slot of the highest digit in which its due tick differs from now. */
  #place(timer: WheelTimer): void {
    const blockEnd = Math.floor(this.#nowTick / SPAN_TICKS) * SPAN_TICKS + SPAN_TICKS - 1;
    const due = Math.min(timer.wheelDueTick, Math.max(blockEnd, this.#nowTick + 1));
    let level = 0;
    let span = SLOTS;
    while (level < LEVELS - 1 && Math.floor(due / span) !== Math.floor(this.#nowTick / span)) {
      level++;
      span *= SLOTS;
    }
    const digit = Math.floor(due / (span / SLOTS)) % SLOTS;
    const slot = level * SLOTS + digit;
    timer.wheelSlot = slot;
    let head = this.#slots[slot];
    if (head === undefined) {
      head = new SlotHead();
      this.#slots[slot] = head;
    }
    linkBefore(head, timer);
    this.#occupied[level] = (this.#occupied[level] as number) | (1 << digit);
  }

  /** The next tick at which a slot is to be looked at, or Infinity. */
  #nextTick(): number {
    let span = 1;
    for (let level = 0; level < LEVELS; level++) {
      const digit = Math.floor(this.#nowTick / span) % SLOTS;
      const later = (this.#occupied[level] as number) & laterMask(digit);
      if (later !== 0) {
        const block = span * SLOTS;
        return Math.floor(this.#nowTick / block) * block + lowestBit(later) * span;
      }
      span *= SLOTS;
    }
    return Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    if (this.#count === 0) return;
    const next = isEmpty(this.#firing) ? this.#nextTick() : this.#nowTick;
    if (this.#armed !== undefined) {
      if (this.#armedTick <= next) return;
      this.#clock.clearTimer(this.#armed);
    }
    const afterMs = Math.max(0, next * this.#tickMs - this.#clock.monotonicMs());
    this.#armedTick = next;
    this.#armed = this.#clock.setTimer(afterMs, this.#onClock);
  }

  /** Fires all that is due. A timer that throws leaves the others for the next tick of the clock. */
  #advance(): void {
    this.#advancing = true;
    try {
      this.#fire();
      const target = Math.floor(this.#clock.monotonicMs() / this.#tickMs);
      for (let next = this.#nextTick(); next <= target; next = this.#nextTick()) {
        this.#nowTick = next;
        this.#open(next);
        this.#fire();
      }
      // No slot begins between now and the target, so nothing has to be placed anew.
      if (this.#nowTick < target) this.#nowTick = target;
    } finally {
      this.#advancing = false;
      this.#arm();
    }
  }

  /** Takes the slots that begin at `tick` apart, from coarse to fine: due timers fire, others go to finer slots. */
  #open(tick: number): void {
    let span = SLOTS ** (LEVELS - 1);
    for (let level = LEVELS - 1; level >= 0; level--, span /= SLOTS) {
      if (tick % span !== 0) continue;
      const slot = level * SLOTS + (Math.floor(tick / span) % SLOTS);
      const head = this.#slots[slot];
      if (head === undefined || isEmpty(head)) continue;
      this.#clearBit(slot);
      // The timers are hung on a list of their own first: one may be due back in this very slot.
      const last = head.wheelPrevious;
      let timer = head.wheelNext;
      for (;;) {
        const following = timer.wheelNext;
        const isLast = timer === last;
        unlink(timer);
        if (timer.wheelDueTick <= tick) {
          timer.wheelSlot = FIRING;
          linkBefore(this.#firing, timer);
        } else {
          this.#place(timer);
        }
        if (isLast) break;
        timer = following;
      }
    }
  }

  #fire(): void {
    const head = this.#firing;
    while (!isEmpty(head)) {
      const timer = head.wheelNext;
      this.cancel(timer);
      timer.onTimer();
    }
  }

  #clearBit(slot: number): void {
    const level = slot >>> SLOT_BITS;
    this.#occupied[level] = (this.#occupied[level] as number) & ~(1 << (slot & (SLOTS - 1)));
  }
}

function isEmpty(head: SlotHead): boolean {
  return head.wheelNext === head;
}

function linkBefore(head: SlotHead, timer: WheelTimer): void {
  timer.wheelNext = head;
  timer.wheelPrevious = head.wheelPrevious;
  head.wheelPrevious.wheelNext = timer;
  head.wheelPrevious = timer;
}

function unlink(timer: WheelTimer): void {
  timer.wheelNext.wheelPrevious = timer.wheelPrevious;
  timer.wheelPrevious.wheelNext = timer.wheelNext;
  timer.wheelNext = timer;
  timer.wheelPrevious = timer;
}

/** Bits above `digit`. */
function laterMask(digit: number): number {
  return digit === SLOTS - 1 ? 0 : -1 << (digit + 1);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
