// Looks at everything that waits in some queues at once, and puts it back.

import { setTimeout as sleep } from "node:timers/promises";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { getJson } from "./api.ts";
import { idOf } from "./bodies.ts";
import type { FoundMessage } from "./ledger.ts";
import type { Place } from "./shapes.ts";

const QUIET_MS = 30;
const LIMIT_MS = 20_000;

/** Where a broker listens. */
export interface Ports {
  readonly amqp: number;
  readonly http: number;
}

/** Whether a message that waits should not do so any more. */
export type IsLate = (id: number, atMs: number) => boolean;

/**
 * What each queue of `place` holds, and what waits to come there: what has become due while no broker ran has its time to
 * come. Throws an Error for a body with a wrong byte.
 */
export async function readPlace(
  ports: Ports,
  place: Place,
  isLate: IsLate = () => false,
): Promise<FoundMessage[][]> {
  const { queues, isStream = false, waitsAt, retries } = place;
  const [first = "", ...others] = queues;
  if (retries !== undefined) {
    // What is dead is dead: it can be read behind it.
    const found = await lookAt(ports.http, first);
    const dead = await readQueues(ports.amqp, others);
    const ids = new Set(dead.flat().map(({ id }) => id));
    return [found.filter(({ id }) => !ids.has(id)), ...dead];
  }
  if (place.becomesStream === true) {
    const isStreamNow = (await typeOf(ports.http, first)) === "stream";
    const found = await readQueues(ports.amqp, queues, { isStream: isStreamNow });
    // A stream does not know which of its messages were delivered when it was none, nor do queues it becomes.
    return found.map((messages) => messages.map((each) => ({ ...each, redelivered: true })));
  }
  const waiting = waitsAt === undefined ? [] : await listWaiting(ports.http, waitsAt, isLate);
  const found = await readQueues(ports.amqp, queues, { isStream });
  const ids = new Set(found.flat().map(({ id }) => id));
  found[0]?.push(...waiting.filter(({ id }) => !ids.has(id)));
  return found;
}

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
          (found[index] as FoundMessage[]).push({
            ...{ id: idOf(message.content), redelivered, atMs: Date.now() },
          });
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

// ---- without taking anything ---------------------------------------------------------------------------------

interface QueueView {
  readonly type: string;
  readonly state: string;
}
interface MessageView {
  readonly properties: { readonly message_id: string };
}
interface QueuePage {
  readonly items: readonly (MessageView & {
    readonly redelivered: boolean;
    readonly state: string;
    readonly payload: string;
    readonly payload_encoding: BufferEncoding | "string";
  })[];
  readonly next: number | null;
}
interface WaitingPage {
  readonly count: number;
  readonly items: readonly (MessageView & { readonly due_at: string })[];
}

/** Of which type a queue is when it is not being converted any more. */
async function typeOf(httpPort: number, queue: string): Promise<string> {
  for (const startedMs = performance.now(); performance.now() - startedMs < LIMIT_MS; ) {
    const { type, state } = await getJson<QueueView>(httpPort, `/api/queues/%2F/${queue}`);
    if (state !== "converting") return type;
    await sleep(5);
  }
  throw new Error(`${queue} is being converted for ever`);
}

/** The messages of a queue where they lie. */
async function lookAt(httpPort: number, queue: string): Promise<FoundMessage[]> {
  const found: FoundMessage[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const path: string = `/api/queues/%2F/${queue}/messages?count=1000&offset=${from}`;
    const page: QueuePage = await getJson<QueuePage>(httpPort, path);
    for (const { redelivered, state, payload, payload_encoding: encoding } of page.items) {
      const id = idOf(Buffer.from(payload, encoding === "string" ? "utf8" : encoding));
      // One that waits for its next delivery has had its first.
      const wasDelivered = redelivered || state !== "ready";
      found.push({ id, redelivered: wasDelivered, atMs: Date.now() });
    }
    from = page.next;
  }
  return found;
}

/** What waits at an exchange. It moves from one place to another as its time comes near: looked at until it is whole. */
async function listWaiting(
  httpPort: number,
  exchange: string,
  isLate: IsLate,
): Promise<FoundMessage[]> {
  let whole: FoundMessage[] | undefined;
  for (const startedMs = performance.now(); performance.now() - startedMs < LIMIT_MS; ) {
    const path = `/api/exchanges/%2F/${exchange}/delayed?count=1000`;
    const { count, items } = await getJson<WaitingPage>(httpPort, path);
    const ids = new Set(items.map(({ properties }) => Number(properties.message_id)));
    if (ids.size === count && ids.size === items.length) {
      const atMs = Date.now();
      whole = [...ids].map((id) => ({ id, redelivered: false, atMs, isWaiting: true }));
      if (!whole.some(({ id }) => isLate(id, atMs))) return whole;
    }
    await sleep(5);
  }
  if (whole !== undefined) return whole;
  throw new Error(`what waits at ${exchange} cannot be counted`);
}
