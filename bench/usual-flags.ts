// The options of `leveret perf throughput` as they are when nothing is typed, for benches that set only some.

import { usual } from "../src/perf/cases.ts";
import type { LoadFlags } from "../src/perf/load-options.ts";

export function usualFlags(broker: { readonly uri: string; readonly pid: number }): LoadFlags {
  return { ...usual, uri: broker.uri, ...(broker.pid > 0 ? { pid: String(broker.pid) } : {}) };
}
