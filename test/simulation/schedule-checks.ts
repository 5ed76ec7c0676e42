// What must be true of messages that wait until they are due, after a restart: each is in one place, none comes early,
// and nothing that was confirmed is missing.

import type { DelayBucket } from "../../src/broker/delay/bucket.ts";
import type { DelayStore } from "../../src/broker/delay/store.ts";
import type { Exchange } from "../../src/broker/exchange/exchange.ts";
import { NO_BODY_REFERENCE } from "../../src/broker/message/publication.ts";
import type { QueueNumber, Sequence } from "../../src/broker/numbers.ts";
import { idOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { bodyAt, copyOf, putBack, takeAll } from "./contents.ts";
import { type KeyWindow, keyWindows } from "./keys.ts";
import type { Life } from "./life.ts";

export const EXCHANGE = "later";
/** A message goes to both, in one move. */
export const DUE_QUEUES = ["due", "due-too"] as const;
/** A bucket counts its messages from 1; a history has not so many. */
const SEQUENCES_MAX = 20_000;
/** After a start, what is due goes on first. */
const SETTLING_MS = 20;
/** What is looked at stays as it is for so long. */
const QUIET_MS = 5_000;
/** What is due is on its way within this, whatever else there is to do. */
const LATENESS_MS = 5_000;

export interface Scheduled {
  readonly id: number;
  readonly dueAtMs: number;
  readonly persistent: boolean;
  /** Everything before this in the log: it waits, or is where it belongs. */
  position: number;
  /** Somebody sent it on early. */
  isSentOn: boolean;
  /** It was called off; everything before this position: it is gone. */
  calledOffPosition: number | undefined;
  /** By queue: it was acknowledged, and the same. */
  readonly ended: Map<string, number>;
}

export class ScheduleModel {
  readonly messages = new Map<number, Scheduled>();
  readonly windows: readonly KeyWindow[] = keyWindows();
  lastId = 0;
}

/** Where messages are: those that wait with the time they are due, and those in each queue. */
export interface Places {
  readonly waiting: ReadonlyMap<number, number>;
  readonly queues: ReadonlyMap<string, ReadonlySet<number>>;
}

export function storeOf({ access: { vhost } }: Life): DelayStore | undefined {
  return vhost.delays?.storeOf(vhost.exchanges.get(EXCHANGE) as Exchange);
}

export function refuseEarly(message: Scheduled, nowMs: number): void {
  const { id, dueAtMs, isSentOn } = message;
  if (dueAtMs > nowMs && !isSentOn) {
    throw new Violation(`message ${id} comes ${dueAtMs - nowMs} ms early`);
  }
}

interface Waiting {
  readonly id: number;
  readonly dueAtMs: number;
  readonly bucket: QueueNumber;
  readonly sequence: Sequence;
}

/** What waits, as it can be listed. */
export async function waitingIn(life: Life): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for (const bucket of storeOf(life)?.buckets() ?? []) {
    let seen = 0;
    for (let sequence = 1; seen < bucket.size.count && sequence < SEQUENCES_MAX; sequence++) {
      const found = await located(life, bucket, sequence);
      if (found === false) continue;
      seen++;
      const { record, location } = found;
      const dueAtMs = record.expiresAtMs;
      const delivery = { record, sequence, location, redelivered: false, deliveryCount: 0 };
      const { body, head, reference } = copyOf(life, delivery);
      const id = idOf(body ?? (await bodyAt(life, reference, head.bodySizeBytes)));
      if (reference !== NO_BODY_REFERENCE) life.broker.bodies.release(reference, 1);
      waiting.push({ id, sequence, dueAtMs, bucket: bucket.definition.number });
    }
  }
  return waiting;
}

/** Where it lies, once its page has been read; false when it does not wait here (any more). */
async function located(life: Life, bucket: DelayBucket, sequence: Sequence) {
  for (let tries = 0; ; tries++) {
    const found = bucket.locate(sequence);
    if (found !== undefined) return found;
    if (tries > 10_000) throw new Violation("the page of a waiting message is never read");
    await life.pass(0.1);
  }
}

/** Everything before `confirmed` was on disk, as far as anybody was told. */
export async function check(life: Life, model: ScheduleModel, confirmed: number): Promise<Places> {
  const damage = life.durability.store?.damage[0];
  if (damage !== undefined) throw new Violation(`damage is reported: ${JSON.stringify(damage)}`);
  await life.pass(SETTLING_MS);
  const places = await placesOf(life, model);
  for (const message of model.messages.values()) {
    checkMessage(message, places, confirmed, life.world.clock.nowMs());
  }
  for (const window of model.windows) await window.check(life, confirmed);
  return places;
}

async function placesOf(life: Life, model: ScheduleModel): Promise<Places> {
  const queues = new Map<string, Set<number>>(DUE_QUEUES.map((name) => [name, new Set()]));
  const waiting = await waitingUntilQuiet(life);
  for (const [name, ids] of queues) {
    const queue = life.access.vhost.queueNamed(name);
    const found = await takeAll(life, queue);
    for (const { id } of found) {
      if (ids.has(id)) throw new Violation(`message ${id} is in ${name} twice`);
      if (!model.messages.has(id)) throw new Violation(`message ${id} in ${name} is unknown`);
      ids.add(id);
    }
    putBack(queue, found);
  }
  for (const id of waiting.keys()) {
    if (!model.messages.has(id)) throw new Violation(`message ${id} waits and is unknown`);
  }
  return { waiting, queues };
}

/** What waits and is not about to go: looked at while nothing becomes due. */
async function waitingUntilQuiet(life: Life): Promise<Map<number, number>> {
  const { clock } = life.world;
  const startedMs = clock.nowMs();
  for (;;) {
    const listed = await waitingIn(life);
    const waiting = new Map(listed.map(({ id, dueAtMs }) => [id, dueAtMs]));
    if (waiting.size < listed.length) throw new Violation("a message waits twice");
    const firstMs = Math.min(...waiting.values());
    // Far enough away for all the looking that follows.
    if (firstMs > clock.nowMs() + QUIET_MS) return waiting;
    // What became due while the power was off goes on from the start.
    const lateMs = clock.nowMs() - Math.max(firstMs, startedMs);
    if (lateMs > LATENESS_MS) {
      throw new Violation(`a message still waits ${lateMs} ms after its time`);
    }
    await life.pass(Math.max(1, firstMs - clock.nowMs()));
  }
}

function checkMessage(message: Scheduled, places: Places, confirmed: number, nowMs: number): void {
  const { id, dueAtMs, persistent, position, calledOffPosition, ended } = message;
  const waitsUntilMs = places.waiting.get(id);
  const isWaiting = waitsUntilMs !== undefined;
  const isIn = (name: string): boolean => places.queues.get(name)?.has(id) === true;
  const isAnywhere = isWaiting || DUE_QUEUES.some(isIn);
  const facts = JSON.stringify({ ...message, ended: [...ended], nowMs, confirmed });
  if (isAnywhere && !persistent) throw new Violation(`transient message ${id} survived: ${facts}`);
  if (isWaiting && waitsUntilMs !== dueAtMs) {
    throw new Violation(`message ${id} waits until ${waitsUntilMs}: ${facts}`);
  }
  if (isAnywhere && calledOffPosition !== undefined && calledOffPosition <= confirmed) {
    throw new Violation(`message ${id} was called off and is back: ${facts}`);
  }
  for (const name of DUE_QUEUES) {
    if (isIn(name)) refuseEarly(message, nowMs);
    if (isIn(name) && isWaiting) throw new Violation(`message ${id} waits, and is in ${name} too`);
    const endedPosition = ended.get(name);
    if (endedPosition !== undefined) {
      if (endedPosition <= confirmed && (isIn(name) || isWaiting)) {
        throw new Violation(`message ${id} was settled in ${name} and comes again: ${facts}`);
      }
      continue;
    }
    const mayBeMissing = !persistent || calledOffPosition !== undefined || position > confirmed;
    if (!mayBeMissing && !isIn(name) && !isWaiting) {
      throw new Violation(`message ${id} is missing in ${name}: ${facts}`);
    }
    // One move brings it to all its queues.
    const isElsewhere = DUE_QUEUES.some((other) => isIn(other));
    if (isElsewhere && !isIn(name)) throw new Violation(`message ${id} never came to ${name}`);
  }
}

/** The model goes on from what came back. All of it is on disk. */
export function adopt(life: Life, model: ScheduleModel, places: Places): void {
  for (const message of [...model.messages.values()]) {
    const { id, ended } = message;
    const isWaiting = places.waiting.has(id);
    const isIn = (name: string): boolean => places.queues.get(name)?.has(id) === true;
    if (!isWaiting && !DUE_QUEUES.some(isIn)) {
      model.messages.delete(id);
      continue;
    }
    message.position = 0;
    message.calledOffPosition = undefined;
    ended.clear();
    for (const name of DUE_QUEUES) if (!isWaiting && !isIn(name)) ended.set(name, 0);
  }
  for (const window of model.windows) window.adopt(life);
}
