import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { matchWithin } from "./node-pattern-runner.ts";
import { threadCpuMs } from "./thread-cpu.ts";

const HOSTILE = [/(a+)+$/, `${"a".repeat(60)}!`] as const;

describe("beside threads that take all the processor there is", () => {
  const workers: Worker[] = [];
  beforeAll(async () => {
    const busy = "const until = Date.now() + 60_000; while (Date.now() < until);";
    for (let i = 0; i < 12; i++) workers.push(new Worker(busy, { eval: true }));
    await Promise.all(workers.map((worker) => new Promise((run) => worker.once("online", run))));
  });
  afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

  test("a match that takes microseconds is never given up", () => {
    for (let i = 0; i < 500; i++) {
      expect(matchWithin(/^(a.)+$/, `abac${i % 2 === 0 ? "" : "ad"}`, 4)).toBe(true);
    }
  });

  test("one that takes for ever is", () => {
    expect(matchWithin(...HOSTILE)).toBeUndefined();
  });
});

test("this thread's time counts what it did, not what it waited for", async () => {
  const before = threadCpuMs();
  await new Promise((done) => setTimeout(done, 300));
  expect(threadCpuMs() - before).toBeLessThan(150);
  matchWithin(...HOSTILE, 40);
  expect(threadCpuMs() - before).toBeGreaterThan(20);
});
