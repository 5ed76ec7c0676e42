// Looks into the queues of a broker: everything that is ready, in order, whether it is in memory or not.

import { NO_BODY_REFERENCE } from "../../src/broker/message/publication.ts";
import { RecordFlag } from "../../src/broker/message/record.ts";
import type { BodyReference, Location, Sequence } from "../../src/broker/numbers.ts";
import { type Delivery, type Getter, Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { idOf } from "./bodies.ts";
import type { Life } from "./life.ts";

/** A message as a consumer would get it. */
export interface Found {
  readonly id: number;
  readonly sequence: Sequence;
  readonly location: Location;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly persistent: boolean;
  readonly bodySizeBytes: number;
  /** Wall time when it was taken. */
  readonly takenAtMs: number;
}

const WAIT_LIMIT_MS = 60_000;

/** Takes everything out of `queue`; nothing is settled. */
export async function takeAll(life: Life, queue: Queue): Promise<Found[]> {
  const found: Found[] = [];
  for (;;) {
    const next = await takeOne(life, queue);
    if (next === undefined) return found;
    found.push(next);
  }
}

/** Everything in a queue, where it lies. */
export async function lookAtAll(life: Life, queue: Queue): Promise<Found[]> {
  const seen: ReturnType<typeof copyOf>[] = [];
  let isOver = false;
  queue.inspection.browse({
    onMessage(delivery) {
      seen.push(copyOf(life, delivery));
      return true;
    },
    onEnd() {
      isOver = true;
    },
  });
  for (let ms = 0; !isOver; ms++) {
    if (ms > WAIT_LIMIT_MS) throw new Error(`${queue.definition.name} cannot be looked through`);
    await life.pass(1);
  }
  const found: Found[] = [];
  for (const { head, body, reference } of seen) {
    const id = idOf(body ?? (await bodyAt(life, reference, head.bodySizeBytes)));
    if (reference !== NO_BODY_REFERENCE) life.broker.bodies.release(reference, 1);
    found.push({ ...head, id });
  }
  return found;
}

/** Everything goes back to its place. */
export function putBack(queue: Queue, found: readonly Found[]): void {
  for (const { sequence, location, bodySizeBytes, deliveryCount } of found) {
    queue.settle(undefined, sequence, location, bodySizeBytes, Outcome.requeue, deliveryCount);
  }
}

/** Takes one message; undefined when none is ready. */
export async function takeOne(life: Life, queue: Queue): Promise<Found | undefined> {
  const waiting = new OneGet(life);
  queue.get(waiting);
  for (let ms = 0; !waiting.answered; ms++) {
    if (ms > WAIT_LIMIT_MS) throw new Error(`a get on ${queue.definition.name} is never answered`);
    await life.pass(1);
  }
  const { head } = waiting;
  if (head === undefined) return undefined;
  const id = idOf(waiting.body ?? (await bodyAt(life, waiting.reference, head.bodySizeBytes)));
  if (waiting.reference !== NO_BODY_REFERENCE) life.broker.bodies.release(waiting.reference, 1);
  return { ...head, id };
}

class OneGet implements Getter {
  readonly noAck = false;
  readonly #life: Life;
  answered = false;
  head: Omit<Found, "id"> | undefined = undefined;
  /** Undefined when it lies elsewhere. */
  body: Uint8Array | undefined = undefined;
  reference: BodyReference = NO_BODY_REFERENCE;

  constructor(life: Life) {
    this.#life = life;
  }

  onGot(_queue: Queue, delivery: Delivery): void {
    this.answered = true;
    const copy = copyOf(this.#life, delivery);
    this.head = copy.head;
    this.body = copy.body;
    this.reference = copy.reference;
  }

  onEmpty(): void {
    this.answered = true;
  }
}

/** What a delivery holds, copied; a large body is retained. */
export function copyOf(life: Life, delivery: Delivery) {
  const { record, sequence, location, redelivered, deliveryCount } = delivery;
  const { arena } = life.broker.memory;
  const isExternal = (record.flags & RecordFlag.externalBody) !== 0;
  const reference = isExternal ? record.bodyReference : NO_BODY_REFERENCE;
  if (isExternal) life.broker.bodies.retain(reference, 1);
  const bodyAt = record.contentAt + record.headerFrameLength + 7;
  const body = isExternal ? undefined : arena.u8.slice(bodyAt, bodyAt + record.bodySizeBytes);
  const { persistent, bodySizeBytes } = record;
  const takenAtMs = life.world.clock.nowMs();
  const head = {
    ...{ sequence, location, redelivered, deliveryCount, persistent, bodySizeBytes },
    takenAtMs,
  };
  return { head, body, reference };
}

/** Reads a large body wholly. */
export async function bodyAt(
  life: Life,
  reference: BodyReference,
  sizeBytes: number,
): Promise<Uint8Array> {
  const { bodies, memory } = life.broker;
  const whole = new Uint8Array(sizeBytes);
  for (let offset = 0; offset < sizeBytes; ) {
    let chunk = bodies.chunk(reference, offset);
    for (let ms = 0; chunk === undefined; ms++) {
      if (ms === 0) bodies.whenLoaded(reference, offset, () => {});
      if (ms > WAIT_LIMIT_MS) throw new Error("a large body is never read");
      await life.pass(1);
      chunk = bodies.chunk(reference, offset);
    }
    whole.set(memory.arena.u8.subarray(chunk.at, chunk.at + chunk.lengthBytes), offset);
    offset += chunk.lengthBytes;
  }
  return whole;
}
