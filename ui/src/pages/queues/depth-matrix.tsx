// How many messages and bytes of each kind a queue holds.

import type { Queue } from "../../api/types.ts";
import { bytes, count } from "../../parts/format.ts";
import { queues as texts } from "../../texts/queues.ts";
import classes from "./queues.module.css";

/** What to call each kind, and the ends of its two fields. */
const KINDS: readonly [label: string, messages: string, bytes: string][] = [
  [texts.total, "messages", "message_bytes"],
  [texts.ready, "messages_ready", "message_bytes_ready"],
  [texts.unacked, "messages_unacknowledged", "message_bytes_unacknowledged"],
  [texts.inMemory, "messages_ram", "message_bytes_ram"],
  [texts.persistent, "messages_persistent", "message_bytes_persistent"],
  [texts.pagedOut, "messages_paged_out", "message_bytes_paged_out"],
  [texts.deadLettered, "messages_dlx", "message_bytes_dlx"],
  [texts.delayed, "messages_delayed", "message_bytes_delayed"],
];

export function DepthMatrix({ queue }: { queue: Queue }) {
  const known = KINDS.filter(([, field]) => queue[field] !== undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
    <section className={classes.matrix} aria-label={texts.depth} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <td />
            {known.map(([label]) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{texts.messages}</th>
            {known.map(([label, field]) => (
              <td key={label}>{count(queue[field] as number)}</td>
            ))}
          </tr>
          <tr>
            <th scope="row">{texts.bodyBytes}</th>
            {known.map(([label, , field]) => (
              <td key={label}>{bytes(queue[field] as number | undefined)}</td>
            ))}
          </tr>
          {queue.memory !== undefined && (
            <tr>
              <th scope="row">{texts.memory}</th>
              <td>{bytes(queue.memory)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}
