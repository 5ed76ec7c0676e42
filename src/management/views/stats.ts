// message_stats and the `…_details` beside plain numbers.

import type { ApiJson, ApiObject } from "../api-json.ts";
import type { Range } from "../sampling/history.ts";
import { detailsOf, type Metric, type Series } from "../sampling/series.ts";

/** Names that appear together as soon as one of them has counted anything, as in RabbitMQ. */
const GROUPS: readonly (readonly string[])[] = [
  ["publish"],
  ["confirm"],
  ["return_unroutable"],
  ["drop_unroutable"],
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

/** Number and details of each named metric, into `into`. Values are the current ones, rates those of the last samples. */
export function addNumbers<T>(
  into: Record<string, ApiJson>,
  object: T,
  metrics: readonly Metric<T>[],
  names: readonly string[],
  series: Series<T> | undefined,
  range: Range | undefined,
): void {
  for (const [index, metric] of metrics.entries()) {
    if (!names.includes(metric.name)) continue;
    into[metric.name] = metric.read(object);
    into[`${metric.name}_details`] = { ...detailsOf(series, index, range) };
  }
}

/** `message_stats`, or undefined while nothing has been counted. */
export function messageStats<T>(
  object: T,
  metrics: readonly Metric<T>[],
  series: Series<T> | undefined,
  range: Range | undefined,
): ApiObject | undefined {
  const stats: Record<string, ApiJson> = {};
  for (const group of GROUPS) {
    const active = metrics.some(({ name, read }) => group.includes(name) && read(object) > 0);
    if (active) addNumbers(stats, object, metrics, group, series, range);
  }
  return Object.keys(stats).length === 0 ? undefined : stats;
}
