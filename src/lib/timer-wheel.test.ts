import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallbackTimer, TimerWheel, type WheelClock, WheelTimer } from "./timer-wheel.ts";

const TICK_MS = 50;

/** A clock that moves when told to and counts the timers it was asked for. */
class ManualClock implements WheelClock {
  nowMs = 0;
  timersSet = 0;
  #timers: { atMs: number; run: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }
  setTimer(afterMs: number, onTimer: () => void): object {
    this.timersSet++;
    const timer = { atMs: this.nowMs + afterMs, run: onTimer };
    this.#timers.push(timer);
    return timer;
  }
  clearTimer(timer: object): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
  get pending(): number {
    return this.#timers.length;
  }
  advanceTo(ms: number): void {
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs);
      const next = this.#timers[0];
      if (next === undefined || next.atMs > ms) break;
      this.#timers.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = ms;
  }
}

/** Remembers when it fired. */
class Recorder extends WheelTimer {
  readonly label: number;
  readonly #log: { label: number; atMs: number }[];
  readonly #clock: ManualClock;
  constructor(label: number, log: { label: number; atMs: number }[], clock: ManualClock) {
    super();
    this.label = label;
    this.#log = log;
    this.#clock = clock;
  }
  override onTimer(): void {
    this.#log.push({ label: this.label, atMs: this.#clock.nowMs });
  }
}

const delay = fc.oneof(
  fc.nat(200),
  fc.nat(10_000),
  fc.nat(3_600_000),
  fc.nat(40 * 86_400_000),
  fc.nat(5 * 365 * 86_400_000),
);
const steps = fc.array(
  fc.oneof(
    // Not 0: at the very instant of a tick that may be this tick or the next.
    {
      weight: 4,
      arbitrary: fc.record({ schedule: fc.nat(9), afterMs: delay.map((ms) => ms + 1) }),
    },
    { weight: 1, arbitrary: fc.record({ cancel: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ waitMs: delay }) },
  ),
  { maxLength: 60 },
);

describe("TimerWheel", () => {
  test("fires each timer in its tick and in order, whatever was scheduled, moved and cancelled", () => {
    fc.assert(
      fc.property(steps, fc.nat(1_000_000_000), (list, startMs) => {
        const clock = new ManualClock();
        clock.nowMs = startMs;
        const wheel = new TimerWheel(clock, TICK_MS);
        const log: { label: number; atMs: number }[] = [];
        const timers = Array.from({ length: 10 }, (_, label) => new Recorder(label, log, clock));
        // The model: who is due in which tick, in the order of scheduling.
        let due: { label: number; dueTick: number }[] = [];
        const expected: { label: number; atMs: number }[] = [];
        const wait = (ms: number) => {
          const until = clock.nowMs + ms;
          const firing = due.filter((entry) => entry.dueTick * TICK_MS <= until);
          firing.sort((a, b) => a.dueTick - b.dueTick);
          for (const entry of firing) {
            expected.push({ label: entry.label, atMs: entry.dueTick * TICK_MS });
          }
          due = due.filter((entry) => entry.dueTick * TICK_MS > until);
          clock.advanceTo(until);
        };
        for (const step of list) {
          if ("waitMs" in step) {
            wait(step.waitMs);
            expect(log).toEqual(expected);
          } else if ("cancel" in step) {
            wheel.cancel(timers[step.cancel] as Recorder);
            due = due.filter((entry) => entry.label !== step.cancel);
          } else {
            const nowTick = Math.floor(clock.nowMs / TICK_MS);
            const dueTick = Math.max(
              Math.ceil((clock.nowMs + step.afterMs) / TICK_MS),
              nowTick + 1,
            );
            wheel.scheduleAfter(timers[step.schedule] as Recorder, step.afterMs);
            due = due.filter((entry) => entry.label !== step.schedule);
            due.push({ label: step.schedule, dueTick });
          }
          expect(wheel.count).toBe(due.length);
        }
        wait(6 * 365 * 86_400_000);
        expect(log).toEqual(expected);
        expect(wheel.count).toBe(0);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("without a delay a timer fires at the instant of this tick or of the next", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(500), (startMs, waitMs) => {
        const clock = new ManualClock();
        clock.nowMs = startMs;
        const wheel = new TimerWheel(clock, TICK_MS);
        const log: { label: number; atMs: number }[] = [];
        wheel.scheduleAfter(new Recorder(0, log, clock), 100_000);
        clock.advanceTo(startMs + waitMs);
        const nowMs = clock.nowMs;
        wheel.scheduleAfter(new Recorder(1, log, clock), 0);
        clock.advanceTo(nowMs + TICK_MS);
        expect(log.map(({ label }) => label)).toEqual([1]);
        const { atMs } = log[0] as { atMs: number };
        expect(atMs % TICK_MS).toBe(0);
        expect(atMs).toBeGreaterThanOrEqual(nowMs);
      }),
    );
  });

  test("holds one clock timer and wakes a handful of times, however long the delay", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    expect(clock.pending).toBe(0);
    const log: { label: number; atMs: number }[] = [];
    wheel.scheduleAfter(new Recorder(1, log, clock), 365 * 86_400_000);
    expect(clock.pending).toBe(1);
    clock.advanceTo(366 * 86_400_000);
    expect(log).toEqual([{ label: 1, atMs: 365 * 86_400_000 }]);
    expect(clock.timersSet).toBeLessThan(10);
    expect(clock.pending).toBe(0);
  });

  test("a timer may schedule itself and cancel others that are due in the same tick", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const fired: string[] = [];
    const victim = new CallbackTimer(() => fired.push("victim"));
    const again: CallbackTimer = new CallbackTimer(() => {
      fired.push(`again ${clock.nowMs}`);
      wheel.cancel(victim);
      if (fired.length < 3) wheel.scheduleAfter(again, 100);
    });
    wheel.schedule(again, 50);
    wheel.schedule(victim, 50);
    clock.advanceTo(1000);
    expect(fired).toEqual(["again 50", "again 150", "again 250"]);
    expect(victim.isScheduled).toBe(false);
    expect(wheel.count).toBe(0);
  });

  test("a loop that was held up fires everything late but in order", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const log: { label: number; atMs: number }[] = [];
    for (const [label, afterMs] of [5000, 100, 70_000, 100].entries()) {
      wheel.scheduleAfter(new Recorder(label, log, clock), afterMs);
    }
    clock.nowMs = 100_000;
    clock.advanceTo(100_000);
    expect(log.map((entry) => entry.label)).toEqual([1, 3, 0, 2]);
  });

  test("a timer that throws does not lose the others", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const log: { label: number; atMs: number }[] = [];
    wheel.schedule(
      new CallbackTimer(() => {
        throw new Error("mine");
      }),
      50,
    );
    wheel.schedule(new Recorder(1, log, clock), 50);
    wheel.schedule(new Recorder(2, log, clock), 5000);
    expect(() => clock.advanceTo(100)).toThrow("mine");
    clock.advanceTo(5000);
    expect(log.map((entry) => entry.label)).toEqual([1, 2]);
  });

  test("stop forgets everything", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const log: { label: number; atMs: number }[] = [];
    const timer = new Recorder(1, log, clock);
    wheel.scheduleAfter(timer, 10);
    wheel.stop();
    expect(timer.isScheduled).toBe(false);
    expect(clock.pending).toBe(0);
    clock.advanceTo(1000);
    expect(log).toEqual([]);
  });

  test("an endless delay never fires", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, TICK_MS);
    const log: { label: number; atMs: number }[] = [];
    wheel.schedule(new Recorder(1, log, clock), Number.POSITIVE_INFINITY);
    clock.advanceTo(40 * 365 * 86_400_000);
    expect(log).toEqual([]);
  });
});
