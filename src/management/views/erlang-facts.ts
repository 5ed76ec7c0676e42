// Facts about Erlang processes that every RabbitMQ record carries: dashboards read them, so they are there, at zero.

import type { ApiObject } from "../api-json.ts";

export const GARBAGE_COLLECTION: ApiObject = {
  fullsweep_after: 0,
  max_heap_size: 0,
  min_bin_vheap_size: 0,
  min_heap_size: 0,
  minor_gcs: 0,
};

export const REDUCTIONS: ApiObject = { reductions: 0, reductions_details: { rate: 0 } };
