// Looks at everything that waits in some queues at once, and puts it back.

import { setTimeout as sleep } from "node:timers/promises";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { idOf } from "./bodies.ts";
import type { FoundMessage } from "./ledger.ts";

const QUIET_MS = 30;
const LIMIT_MS = 20_000;

export interface ReadOptions {
  readonly isStream?: boolean;
}

/** What each of `queues` holds, in order. Throws an Error for a body with a wrong byte. */
export async function readQueues(
  port: number,
  queues: readonly string[],
  { isStream = false }: ReadOptions = {},
): Promise<FoundMessage[][]> {
  const connection = await connect({ port, heartbeat: 0 });
  connection.on("error", () => {});
  try {
    return await readAll(connection, queues, isStream);
  } finally {
    // What was not acknowledged goes back to its place.
    await connection.close();
  }
}

async function readAll(
  connection: ChannelModel,
  queues: readonly string[],
  isStream: boolean,
): Promise<FoundMessage[][]> {
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  const found: FoundMessage[][] = queues.map(() => []);
  let wrong: unknown;
  let lastMs = performance.now();
  if (isStream) await channel.prefetch(500);
  for (const [index, queue] of queues.entries()) {
    const offset = isStream ? { arguments: { "x-stream-offset": "first" } } : {};
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return;
        lastMs = performance.now();
        try {
          const { redelivered } = message.fields;
          (found[index] as FoundMessage[]).push({ id: idOf(message.content), redelivered });
        } catch (error) {
          wrong ??= error;
        }
        if (isStream) channel.ack(message);
      },
      offset,
    );
  }
  const startedMs = performance.now();
  for (;;) {
    await sleep(5);
    if (wrong !== undefined) throw wrong;
    const waiting = await missing(channel, queues, found, isStream);
    if (waiting === 0 && performance.now() - lastMs > QUIET_MS) return found;
    if (performance.now() - startedMs > LIMIT_MS) {
      throw new Error(`${waiting} messages of ${queues.join(", ")} are never delivered`);
    }
  }
}

/** How many are still to come. */
async function missing(
  channel: Channel,
  queues: readonly string[],
  found: readonly (readonly FoundMessage[])[],
  isStream: boolean,
): Promise<number> {
  let sum = 0;
  for (const [index, queue] of queues.entries()) {
    const { messageCount } = await channel.checkQueue(queue);
    // A stream keeps what was read.
    sum += isStream ? Math.max(0, messageCount - (found[index]?.length ?? 0)) : messageCount;
  }
  return sum;
}
