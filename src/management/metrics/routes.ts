// Where metrics are served: on their own port without a password, and beside the API for those who monitor.

import type { Answer } from "../answers.ts";
import type { Management } from "../management.ts";
import { METRICS_CONTENT_TYPE, type ScrapeMode, scrape } from "./scrape.ts";

/** The mode a path and query ask for; undefined for a path that is none of ours. */
export function scrapeModeOf(
  path: string,
  query: URLSearchParams,
  perObject: boolean,
): ScrapeMode | undefined {
  switch (path) {
    case "":
    case "/default":
      return perObject ? { kind: "per-object" } : { kind: "sums" };
    case "/per-object":
      return { kind: "per-object" };
    case "/detailed":
      return {
        kind: "detailed",
        families: new Set(query.getAll("family")),
        vhosts: setOf(query.getAll("vhost")),
        queues: setOf(query.getAll("queue")),
      };
    default:
      return undefined;
  }
}

function setOf(values: readonly string[]): ReadonlySet<string> | undefined {
  return values.length === 0 ? undefined : new Set(values);
}

export function metricsAnswer(management: Management, mode: ScrapeMode): Answer {
  return { kind: "stream", contentType: METRICS_CONTENT_TYPE, pieces: scrape(management, mode) };
}
