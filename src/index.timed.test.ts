// How long it takes to have a broker.

import { expect, test } from "vitest";
import { Leveret } from "./index.ts";

/** Others may use the machine meanwhile: the middle one of many counts. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

test("an embedded broker starts in under 50 ms", async () => {
  const times: number[] = [];
  for (let i = 0; i < 11; i++) {
    const startedMs = performance.now();
    const broker = await Leveret.start();
    times.push(performance.now() - startedMs);
    await broker.stop();
  }
  expect(median(times)).toBeLessThan(50);
});
