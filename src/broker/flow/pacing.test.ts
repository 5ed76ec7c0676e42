import { describe, expect, test } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { type PacedPublisher, Pacing } from "./pacing.ts";

const LONG = 20_000;

function fixture() {
  const clock = new FakeClock();
  const pacing = new Pacing(clock);
  const queue = { consumerCount: 1, counters: { delivered: 0, deliveredNoAck: 0 } };
  const reads: string[] = [];
  const publisher: PacedPublisher = {
    inPacing: false,
    restReads: 0,
    pauseReading: () => reads.push("pause"),
    resumeReading: () => reads.push("resume"),
    readGently: (gently) => reads.push(gently ? "gently" : "freely"),
  };
  /** One read that brings `count` messages to a queue with so many ready. */
  const read = (count: number, ready: number, mayWait = true): string[] => {
    reads.length = 0;
    for (let index = 0; index < count; index++) pacing.onReady(queue, ready, ready * 16);
    pacing.onRead(publisher, mayWait);
    return [...reads];
  };
  return { clock, pacing, queue, reads, publisher, read };
}

describe("Pacing", () => {
  test("a publisher whose queue is short reads as it likes", () => {
    const { read } = fixture();
    expect(read(100, 16_384)).toEqual(["freely"]);
    expect(read(0, 0)).toEqual(["freely"]);
  });

  test("few large messages make a backlog long too", () => {
    const { pacing, queue, publisher, reads } = fixture();
    pacing.onReady(queue, 10, 5_000_000);
    pacing.onRead(publisher, true);
    expect(reads).toEqual(["gently", "pause"]);
  });

  test("it goes on when as many messages have gone out as it brought", () => {
    const { pacing, queue, reads, read } = fixture();
    expect(read(50, LONG)).toEqual(["gently", "pause"]);
    queue.counters.delivered += 49;
    pacing.update();
    expect(reads).not.toContain("resume");
    queue.counters.deliveredNoAck += 1;
    pacing.update();
    expect(reads.at(-1)).toBe("resume");
  });

  test("waiting in vain ends after two ticks, and many reads are left alone then", () => {
    const { clock, reads, publisher, read } = fixture();
    read(50, LONG);
    clock.runFor(1);
    expect(reads).not.toContain("resume");
    clock.runFor(1);
    expect(reads.at(-1)).toBe("resume");
    expect(publisher.inPacing).toBe(false);
    for (let index = 0; index < 16; index++) expect(read(50, LONG)).toEqual(["freely"]);
    expect(read(50, LONG)).toEqual(["gently", "pause"]);
  });

  test("consumers that are only slow are worth waiting for again", () => {
    const { clock, queue, reads, read } = fixture();
    read(50, LONG);
    queue.counters.delivered += 20;
    clock.runFor(2);
    expect(reads.at(-1)).toBe("resume");
    expect(read(50, LONG)).toEqual(["gently", "pause"]);
  });

  test("a queue that nobody consumes takes what comes", () => {
    const { queue, read } = fixture();
    queue.consumerCount = 0;
    expect(read(50, LONG)).toEqual(["freely"]);
  });

  test("who may not wait is not held", () => {
    const { read } = fixture();
    expect(read(50, LONG, false)).toEqual(["freely"]);
  });
});
