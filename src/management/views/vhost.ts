// One virtual host as /api/vhosts shows it.

import type { Vhost } from "../../broker/vhost.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { type Totals, totalsMetrics } from "../sampling/metrics.ts";
import type { ViewContext } from "./context.ts";
import { addNumbers, messageStats } from "./stats.ts";

export const LENGTHS = ["messages", "messages_ready", "messages_unacknowledged"];
const OCTETS = ["recv_oct", "send_oct"];

export function vhostView(vhost: Vhost, context: ViewContext): ApiObject {
  const { metadata } = vhost;
  const { broker, sampler, ranges } = context;
  const type = metadata.defaultQueueType ?? "undefined";
  const object: Record<string, ApiJson> = {
    name: vhost.name,
    description: metadata.description,
    tags: metadata.tags,
    default_queue_type: type,
    metadata: {
      description: metadata.description,
      tags: metadata.tags,
      ...(metadata.defaultQueueType === undefined ? {} : { default_queue_type: type }),
    },
    protected_from_deletion: metadata.deletionProtected,
    tracing: vhost.tracing,
    cluster_state: { [broker.nodeName]: "running" },
  };
  if (!context.withStatistics) return object;
  const totals = sampler.vhostTotals(vhost.name);
  const series = sampler.of<Totals>(vhost);
  addNumbers(object, totals, totalsMetrics, LENGTHS, series, ranges.lengths);
  addNumbers(object, totals, totalsMetrics, OCTETS, series, ranges.data);
  object.message_stats = messageStats(context, totals, totalsMetrics, series);
  return object;
}
