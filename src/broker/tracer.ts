// The firehose: told of every message that clients publish and get, in vhosts where tracing is on.

import type { Publication } from "./publication.ts";
import type { Delivery, Queue } from "./queue/queue.ts";
import type { Route } from "./route.ts";
import type { VhostAccess } from "./vhost-access.ts";

export interface Tracer {
  /** `publication` has just been published along `route`. Everything needed is copied before this returns. */
  published(access: VhostAccess, route: Route, publication: Publication): void;
  /** A message of `queue` is on its way to a client. Everything needed is copied before this returns. */
  delivered(access: VhostAccess, queue: Queue, delivery: Delivery, channelNumber: number): void;
}

export const noTracer: Tracer = { published() {}, delivered() {} };
