// message_stats and the `…_details` beside plain numbers.

import type { ApiJson, ApiObject } from "../api-json.ts";
import type { Range } from "../sampling/history.ts";
import { detailsOf, type Metric, type Series } from "../sampling/series.ts";
import type { ViewContext } from "./context.ts";

/** Names that appear together as soon as one of them has counted anything, as in RabbitMQ. */
const GROUPS: readonly (readonly string[])[] = [
  ["publish", "confirm", "return_unroutable", "drop_unroutable"],
  ["publish_in"],
  ["publish_out"],
  [
    "ack",
    "deliver",
    "deliver_get",
    "deliver_no_ack",
    "get",
    "get_empty",
    "get_no_ack",
    "redeliver",
  ],
];

/** Indexes of named metrics in their table; looked up once per table and list of names. */
const indexes = new WeakMap<object, Map<object, readonly number[]>>();

function indexesOf<T>(metrics: readonly Metric<T>[], names: readonly string[]): readonly number[] {
  let known = indexes.get(metrics);
  if (known === undefined) {
    known = new Map();
    indexes.set(metrics, known);
  }
  let found = known.get(names);
  if (found === undefined) {
    found = names
      .map((name) => metrics.findIndex((metric) => metric.name === name))
      .filter((at) => at >= 0);
    known.set(names, found);
  }
  return found;
}

/** Number and details of each named metric, into `into`. Values are the current ones, rates those of the last samples. */
export function addNumbers<T>(
  into: Record<string, ApiJson>,
  object: T,
  metrics: readonly Metric<T>[],
  names: readonly string[],
  series: Series<T> | undefined,
  range: Range | undefined,
): void {
  for (const index of indexesOf(metrics, names)) {
    const metric = metrics[index]!;
    into[metric.name] = metric.read(object);
    into[`${metric.name}_details`] = detailsOf(series, index, range);
  }
}

/** `message_stats`, or undefined while nothing has been counted or nothing is to be told. */
export function messageStats<T>(
  { withRates, ranges }: Pick<ViewContext, "withRates" | "ranges">,
  object: T,
  metrics: readonly Metric<T>[],
  series: Series<T> | undefined,
): ApiObject | undefined {
  if (!withRates) return undefined;
  let stats: Record<string, ApiJson> | undefined;
  for (const group of GROUPS) {
    if (!indexesOf(metrics, group).some((index) => metrics[index]!.read(object) > 0)) continue;
    stats ??= {};
    addNumbers(stats, object, metrics, group, series, ranges.rates);
  }
  return stats;
}
