// The metrics of streams.

import type { Queue } from "../../broker/queue/queue.ts";
import type { StreamPort } from "../../broker/stream/port.ts";
import { type Family, gauge } from "./family.ts";

export interface StreamScrape {
  readonly definition: Queue["definition"];
  readonly stream: StreamPort;
}

export const streamConsumerFamilies: readonly Family<StreamScrape>[] = [
  gauge(
    "stream_consumer_max_offset_lag",
    "Messages the consumer that is furthest behind has not got yet",
    ({ stream }) => {
      let highest = 0;
      for (const { lag } of stream.readers()) highest = Math.max(highest, lag);
      return highest;
    },
  ),
];

export const streamFamilies: readonly Family<StreamScrape>[] = [
  gauge("stream_segments", "Segments of streams", ({ stream }) => stream.segmentCount),
  gauge(
    "stream_stored_bytes",
    "Bytes of streams, in memory or on disk",
    ({ stream }) => stream.sizeBytes,
  ),
  gauge("stream_first_offset", "Offset of the oldest message", ({ stream }) => stream.firstOffset),
  gauge(
    "stream_committed_offset",
    "Offset of the newest message readers may see, -1 when there is none",
    ({ stream }) => stream.committedOffset ?? -1,
  ),
];
