// Browsing a queue, and moving, copying and replaying what lies in it.

import type { BrowsePage } from "../../api/beyond.ts";
import { request } from "../../api/client.ts";
import { withQuery } from "../../api/query.ts";
import { type QueueRef, queueApi } from "../queues/queue-api.ts";

/** What is searched for; empty texts are not. */
export interface Search {
  readonly offset?: string;
  readonly key?: string;
  readonly header?: string;
  readonly property?: string;
  readonly text?: string;
  readonly path?: string;
}

export const BROWSED_AT_ONCE = 50;

export const messageApi = {
  browse: (
    queue: QueueRef,
    search: Search,
    offset: number | string | undefined,
    signal?: AbortSignal,
  ): Promise<BrowsePage> => {
    const given = Object.entries(search).filter(([, text]) => text !== "");
    const query = { ...Object.fromEntries(given), count: BROWSED_AT_ONCE };
    const from = offset === undefined ? query : { ...query, offset };
    return request<BrowsePage>(withQuery(queueApi.path(queue, "messages"), from), { signal });
  },
  send: (
    queue: QueueRef,
    how: "move" | "copy",
    body: { destination: string; positions: readonly (string | number)[] },
  ): Promise<{ moved: number }> => request(queueApi.path(queue, how), { method: "POST", body }),
  replay: (
    queue: QueueRef,
    which: { positions?: readonly (string | number)[]; reason?: string; origin?: string },
  ): Promise<{ moved: number }> =>
    request(queueApi.path(queue, "replay"), { method: "POST", body: which }),
};
