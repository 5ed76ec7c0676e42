// /api/overview for those who do not monitor: the virtual hosts they may enter and their own clients, added up.

import { type ApiJson, type ApiObject, isObject } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { totalsMetrics } from "../sampling/metrics.ts";
import { consumerCount, productView } from "./overview.ts";
import { addNumbers, messageStats } from "./stats.ts";
import { LENGTHS } from "./vhost.ts";

export function ownOverviewView(request: ApiRequest): ApiObject {
  const { management, user, view } = request;
  const vhosts = request.visibleVhosts();
  const own = [...management.broker.connections.all()].filter(
    ({ identity }) => identity.user === user.name,
  );
  return {
    ...productView(management, view),
    ...(view.withStatistics ? statisticsPart(request) : {}),
    object_totals: {
      channels: own.reduce((count, connection) => count + [...connection.channels()].length, 0),
      connections: own.length,
      consumers: consumerCount(vhosts),
      exchanges: vhosts.reduce((count, { exchanges }) => count + exchanges.size, 0),
      queues: vhosts.reduce((count, { queues }) => count + queues.size, 0),
    },
  };
}

function statisticsPart(request: ApiRequest): ApiObject {
  const { sampler, ranges } = request.view;
  let stats: ApiObject = {};
  let lengths: ApiObject = {};
  for (const vhost of request.visibleVhosts()) {
    const totals = sampler.vhostTotals(vhost.name);
    const series = sampler.of<typeof totals>(vhost);
    stats = sumOf(stats, messageStats(request.view, totals, totalsMetrics, series) ?? {});
    const queued: Record<string, ApiJson> = {};
    addNumbers(queued, totals, totalsMetrics, LENGTHS, series, ranges.lengths);
    lengths = sumOf(lengths, queued);
  }
  return { message_stats: stats, queue_totals: lengths };
}

/** Numbers, their details and their samples, each added to its like. */
function sumOf(left: ApiObject, right: ApiObject): ApiObject {
  const sum: Record<string, ApiJson | undefined> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const before = sum[name];
    if (typeof value === "number" && typeof before === "number") sum[name] = before + value;
    else if (isObject(value) && isObject(before)) sum[name] = sumOf(before, value);
    else if (Array.isArray(value) && Array.isArray(before)) sum[name] = sumOfSamples(before, value);
    else sum[name] = value;
  }
  return sum as ApiObject;
}

/** Samples of two virtual hosts are taken at the same times; of a younger one there are fewer. */
function sumOfSamples(left: readonly ApiJson[], right: readonly ApiJson[]): ApiJson {
  const byTime = new Map<number, number>();
  for (const each of [...left, ...right] as { sample: number; timestamp: number }[]) {
    byTime.set(each.timestamp, (byTime.get(each.timestamp) ?? 0) + each.sample);
  }
  return [...byTime]
    .sort(([a], [b]) => b - a)
    .map(([timestamp, sample]) => ({ sample, timestamp }));
}
