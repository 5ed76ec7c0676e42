// What a stream is made of: segments and offsets on disk, and how long it keeps messages.

import type { QueueSettings } from "../../api/beyond.ts";
import { useApi } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { Facts } from "../../parts/facts.tsx";
import { bytes, count, duration } from "../../parts/format.ts";
import { streams as texts } from "../../texts/streams.ts";
import { queueApi } from "./queue-api.ts";

export function StreamDetails({ queue }: { queue: Queue }) {
  const { data } = useApi<QueueSettings>(queueApi.path(queue, "settings"));
  const setting = (key: string): unknown => data?.items.find((item) => item.key === key)?.value;
  const size = (key: string): string | undefined => {
    const found = setting(key);
    return typeof found === "number" ? bytes(found) : undefined;
  };
  const maxAge = setting("max-age");
  return (
    <Facts
      items={[
        [texts.messages, number(queue.messages)],
        [texts.stored, bytes(queue.stored_bytes as number | undefined)],
        [texts.segments, number(queue.segments)],
        [texts.firstOffset, offset(queue.first_offset)],
        [texts.lastOffset, offset(queue.last_offset)],
        [texts.committedOffset, offset(queue.committed_offset), texts.committedHelp],
        [texts.maxAge, typeof maxAge === "number" ? duration(maxAge) : texts.forever],
        [texts.maxBytes, size("max-length-bytes") ?? texts.unlimited],
        [texts.segmentSize, size("stream-max-segment-size-bytes")],
      ]}
    />
  );
}

function number(value: unknown): string | undefined {
  return typeof value === "number" ? count(value) : undefined;
}

/** Offsets are names, not amounts: no separators. */
function offset(value: unknown): string {
  return typeof value === "number" ? String(value) : texts.none;
}
