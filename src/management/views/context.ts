// What every view needs beside its object: where numbers come from, and how much of the past was asked for.

import type { Broker } from "../../broker/broker.ts";
import { badRequest } from "../answers.ts";
import type { Range } from "../sampling/history.ts";
import type { Sampler } from "../sampling/sampler.ts";

/** Stretches of the past asked for in the query: queue lengths, message rates, data rates, node facts. */
export interface Ranges {
  readonly lengths: Range | undefined;
  readonly rates: Range | undefined;
  readonly data: Range | undefined;
  readonly node: Range | undefined;
}

export const NO_RANGES: Ranges = {
  lengths: undefined,
  rates: undefined,
  data: undefined,
  node: undefined,
};

export interface ViewContext {
  readonly broker: Broker;
  readonly sampler: Sampler;
  readonly ranges: Ranges;
  /** `disable_stats`: answer without counts and rates. */
  readonly withStatistics: boolean;
  /** False where `management.rates_mode` is none: nothing is told of messages that passed. */
  readonly withRates: boolean;
  /** `enable_queue_totals`: how many messages queues have is told all the same. */
  readonly withQueueTotals: boolean;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Samples one answer may hold per number. */
const SAMPLES_MAX = 1_000;

export function parseRanges(query: Query): Ranges {
  return {
    lengths: rangeOf(query, "lengths"),
    rates: rangeOf(query, "msg_rates"),
    data: rangeOf(query, "data_rates"),
    node: rangeOf(query, "node_stats"),
  };
}

function rangeOf(query: Query, prefix: string): Range | undefined {
  const age = query[`${prefix}_age`];
  const increment = query[`${prefix}_incr`];
  if (age === undefined || increment === undefined) return undefined;
  const ageSeconds = Number(age);
  const incrementSeconds = Number(increment);
  const whole = /^\d+$/.test(age) && /^\d+$/.test(increment);
  if (!whole || incrementSeconds < 1 || ageSeconds / incrementSeconds > SAMPLES_MAX) {
    throw badRequest(`Invalid range parameters: age ${age}, incr ${increment}`);
  }
  return { ageSeconds, incrementSeconds };
}
