// The cases that brokers are compared with: one publisher and one consumer unless the name says more.

import { type LoadFlags, planFrom } from "./load-options.ts";
import type { LoadPlan } from "./plan.ts";

/** What of a run is compared. */
export type Figure = "received" | "confirmed" | "latency p99";

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly figure: Figure;
  readonly flags: Partial<LoadFlags>;
}

/** The options as they are when nothing is typed. */
export const usual: LoadFlags = {
  uri: "",
  producers: "1",
  consumers: "1",
  producerChannelCount: "1",
  consumerChannelCount: "1",
  queue: "perf",
  queuePatternFrom: "1",
  exchange: "",
  type: "direct",
  purge: true,
  size: "16",
  flag: [],
  rate: "0",
  consumerRate: "0",
  multiAckEvery: "1",
  qos: "0",
  globalQos: "0",
  pollingInterval: "10",
  maxLag: "0",
  interval: "1",
};

const fifty: Partial<LoadFlags> = {
  producers: "50",
  consumers: "50",
  queuePattern: "perf-%",
  queuePatternTo: "50",
};

const hundred: Partial<LoadFlags> = {
  producers: "100",
  consumers: "0",
  queuePattern: "perf-%",
  queuePatternTo: "100",
};

export const cases: readonly Case[] = [
  { name: "noack-16", title: "16 B, no ack", figure: "received", flags: { autoack: true } },
  {
    name: "noack-1k",
    title: "1 KiB, no ack",
    figure: "received",
    flags: { autoack: true, size: "1k" },
  },
  {
    name: "noack-16k",
    title: "16 KiB, no ack",
    figure: "received",
    flags: { autoack: true, size: "16k" },
  },
  {
    name: "ack-50",
    title: "16 B, prefetch 200, ack every 50",
    figure: "received",
    flags: { qos: "200", multiAckEvery: "50" },
  },
  {
    name: "ack-each",
    title: "16 B, prefetch 200, ack each",
    figure: "received",
    flags: { qos: "200" },
  },
  {
    name: "confirm-256",
    title: "16 B, confirms, window 256, no consumer",
    figure: "confirmed",
    flags: { confirm: "256", consumers: "0" },
  },
  {
    name: "durable-publish",
    title: "1 KiB durable, confirms, window 256, publish only",
    figure: "confirmed",
    flags: { confirm: "256", consumers: "0", size: "1k", flag: ["persistent"] },
  },
  {
    name: "durable-both",
    title: "1 KiB durable, confirms, window 256, consumer prefetch 500",
    figure: "received",
    flags: { confirm: "256", qos: "500", multiAckEvery: "50", size: "1k", flag: ["persistent"] },
  },
  {
    name: "durable-one",
    title: "1 KiB durable, confirms, window 1, publish only",
    figure: "confirmed",
    flags: { confirm: "1", consumers: "0", size: "1k", flag: ["persistent"] },
  },
  {
    name: "durable-hundred",
    title: "1 KiB durable, 100 publishers on 100 queues, confirms, window 1",
    figure: "confirmed",
    flags: { ...hundred, confirm: "1", size: "1k", flag: ["persistent"] },
  },
  {
    name: "fifty",
    title: "50 publishers, 50 consumers, 50 queues, confirm 100, prefetch 200, ack every 20",
    figure: "received",
    flags: { ...fifty, confirm: "100", qos: "200", multiAckEvery: "20" },
  },
  {
    name: "latency",
    title: "20,000/s of 1 KiB, ack every 20",
    figure: "latency p99",
    flags: { rate: "20000", size: "1k", qos: "200", multiAckEvery: "20" },
  },
];

/** The cases of those names, in the table's order; an empty list means all. Throws an Error for an unknown name. */
export function casesNamed(names: readonly string[]): readonly Case[] {
  const unknown = names.find((name) => !cases.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new Error(`no case "${unknown}"; there are ${cases.map(({ name }) => name).join(", ")}`);
  }
  return names.length === 0 ? cases : cases.filter(({ name }) => names.includes(name));
}

export interface CaseRun {
  readonly uri: string;
  readonly pid: number | undefined;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export function casePlan(each: Case, { uri, pid, seconds, warmUpSeconds }: CaseRun): LoadPlan {
  const time = { time: String(seconds), warmUp: String(warmUpSeconds) };
  const watched = pid === undefined ? {} : { pid: String(pid) };
  return planFrom({ ...usual, ...each.flags, uri, id: each.name, ...time, ...watched });
}
