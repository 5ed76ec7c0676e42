import { expect, test } from "vitest";
import { newTestApi } from "../test-management.ts";
import { OBJECT_RETENTION } from "./history.ts";
import { Series } from "./series.ts";

const range = { ageSeconds: 30, incrementSeconds: 5 };
const counter = [{ name: "count", read: (object: { count: number }) => object.count }];
const samplesOf = (series: Series<{ count: number }> | undefined) =>
  series?.history?.samples(0, range).map(({ sample }) => sample);

test("what a new object counts is charted from its start, before anybody has asked", async () => {
  const { sampler } = await newTestApi();
  const object = { count: 0 };
  for (let seconds = 0; seconds <= 15; seconds += 5, object.count += 10) {
    sampler.sample(object, object, counter, 1_000_000 + seconds * 1_000);
  }
  expect(samplesOf(sampler.of(object))).toEqual([30, 20, 10, 0, 0, 0, 0]);
});

test("of very many objects, those asked for have a history", async () => {
  const { sampler } = await newTestApi();
  const objects = Array.from({ length: 1_000 }, () => ({ count: 0 }));
  for (let walk = 0; walk < 3; walk++) {
    for (const object of objects) sampler.sample(object, object, counter, 1_000 + walk * 5_000);
    sampler.walked(1_000 + walk * 5_000, new Map());
  }
  const charted = objects.filter((object) => sampler.of(object)?.history !== undefined);
  expect(charted.length).toBeGreaterThan(0);
  expect(charted.length).toBeLessThanOrEqual(256);
  expect(sampler.of(objects.at(-1) as object, true)?.history).toBeDefined();
});

test("a history that begins late is level before, and shows no leap that never was", () => {
  const series = new Series(counter);
  for (const count of [500, 600]) series.sample({ count }, count * 1_000);
  series.keepHistory(OBJECT_RETENTION);
  series.sample({ count: 650 }, 605_000);
  expect(samplesOf(series)).toEqual([650, 600, 600, 600, 600, 600, 600]);
});
