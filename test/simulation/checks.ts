// What must be true of a broker that has come back: it is what it was at one moment, not earlier than what was confirmed.

import type { Queue } from "../../src/broker/queue/queue.ts";
import { definitionsOf } from "./clients.ts";
import { type Found, putBack, takeAll } from "./contents.ts";
import type { Life } from "./life.ts";
import type { Instance, Model, ModelQueue } from "./model.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

/** Everything before `confirmed` was on disk, as far as anybody was told. */
export async function check(life: Life, model: Model, confirmed: number): Promise<void> {
  refuseDamage(life);
  const cut = new Cut(confirmed);
  checkDefinitions(life, model, cut);
  const contents = new Map<Queue, Found[]>();
  for (const queue of life.access.vhost.queues.values()) {
    contents.set(queue, await takeAll(life, queue));
  }
  for (const [queue, found] of contents) checkFound(queue, found, model, cut);
  for (const [queue, found] of contents) checkMissing(queue, found, model, life, cut, contents);
  for (const [queue, found] of contents) putBack(queue, found);
  cut.check();
  refuseDamage(life);
}

/** A crash damages nothing. Pages are looked at when they are read. */
function refuseDamage({ durability }: Life): void {
  const damage = durability.store?.damage[0];
  if (damage !== undefined) throw new Violation(`damage is reported: ${JSON.stringify(damage)}`);
}

/** The moment the broker came back to: what is known of it from below and from above. */
class Cut {
  readonly confirmed: number;
  #lowest: number;
  #lowestBecause = "was confirmed";
  #highest = Number.POSITIVE_INFINITY;
  #highestBecause = "";

  constructor(confirmed: number) {
    this.confirmed = confirmed;
    this.#lowest = confirmed;
  }

  notBefore(position: number, because: string): void {
    if (position <= this.#lowest || position === Number.POSITIVE_INFINITY) return;
    this.#lowest = position;
    this.#lowestBecause = because;
  }

  before(position: number, because: string): void {
    if (position >= this.#highest) return;
    this.#highest = position;
    this.#highestBecause = because;
  }

  check(): void {
    if (this.#highest > this.#lowest) return;
    throw new Violation(
      `${this.#highestBecause} (position ${this.#highest}), though position ${this.#lowest} ${this.#lowestBecause}`,
    );
  }
}

function checkDefinitions(life: Life, model: Model, cut: Cut): void {
  const now = definitionsOf(life);
  const { moments } = model;
  // The newest moment that looks like this: an older equal one would say less.
  const at = moments.findLastIndex(({ definitions }) => definitions === now);
  if (at === -1) throw new Violation(`definitions that never were:\n${now}`);
  const next = moments[at + 1];
  if (next !== undefined) cut.before(next.position, "a later change of definitions is missing");
  const first = moments.findIndex(({ definitions }) => definitions === now);
  cut.notBefore((moments[first] as { position: number }).position, "changed definitions");
}

function checkFound(queue: Queue, found: readonly Found[], model: Model, cut: Cut): void {
  const { name, number } = queue.definition;
  const known = model.everyQueue.get(number);
  if (known === undefined) throw new Violation(`queue ${name} has a number nobody was given`);
  const seen = new Set<number>();
  const newest = new Map<number, Found>();
  for (const message of found) {
    const { id } = message;
    if (seen.has(id)) throw new Violation(`message ${id} is in ${name} twice`);
    seen.add(id);
    const instance = known.instances.get(id) ?? movedInstance(model, known, id);
    if (instance === undefined || (instance.isGone && instance.queue === number))
      throw new Violation(`message ${id} was never put into ${name}`);
    if (!instance.persistent || !message.persistent) {
      throw new Violation(`transient message ${id} survived in ${name}`);
    }
    const isHere = instance.queue === number;
    if (isHere && instance.expiresAtMs > 0 && instance.expiresAtMs < message.takenAtMs) {
      throw new Violation(`message ${id} is delivered from ${name} though it has expired`);
    }
    if (instance.queue === number) {
      cut.notBefore(instance.position, `holds message ${id} of ${name}`);
      checkOrder(name, message, newest);
    }
    if (instance.settled && instance.queue === number) {
      const facts = JSON.stringify({ instance, message });
      cut.before(instance.settledPosition, `settled message ${id} is back in ${name}: ${facts}`);
    }
  }
}

function checkOrder(name: string, message: Found, newest: Map<number, Found>): void {
  const level = Math.floor(message.sequence / 2 ** 44);
  const before = newest.get(level);
  newest.set(level, message);
  if (before !== undefined && before.sequence > message.sequence) {
    throw new Violation(`message ${message.id} comes behind ${before.id} in ${name}`);
  }
}

/** A dead letter: it belongs here though nobody published it here. */
function movedInstance(model: Model, to: ModelQueue, id: number): Instance | undefined {
  for (const from of model.everyQueue.values()) {
    if (from.deadLetterQueue === to.name && from.instances.has(id)) return from.instances.get(id);
  }
  return undefined;
}

function checkMissing(
  queue: Queue,
  found: readonly Found[],
  model: Model,
  life: Life,
  cut: Cut,
  contents: ReadonlyMap<Queue, readonly Found[]>,
): void {
  const known = model.everyQueue.get(queue.definition.number) as ModelQueue;
  const present = new Set(found.map(({ id }) => id));
  const movedTo = [...contents].find(
    ([{ definition }]) => definition.name === known.deadLetterQueue,
  );
  const ownThere = model.everyQueue.get(movedTo?.[0].definition.number ?? 0)?.instances;
  // What was published to both queues has not moved.
  const moved = new Set(movedTo?.[1].map(({ id }) => id).filter((id) => !ownThere?.has(id)));
  for (const instance of known.instances.values()) {
    const { id, position } = instance;
    if (present.has(id) && moved.has(id)) {
      throw new Violation(`message ${id} is both in ${known.name} and among the dead letters`);
    }
    if (isProofOfTransaction(instance, present, life, cut.confirmed)) {
      cut.notBefore(instance.settledPosition, `a transaction has settled ${id} of ${known.name}`);
    }
    if (present.has(id) || instance.settled || instance.mayVanish || !instance.persistent) continue;
    if (instance.expiresAtMs > 0 && instance.expiresAtMs <= life.world.clock.nowMs() + 1) continue;
    if (moved.has(id)) continue;
    if (instance.mayMove && movedTo === undefined) continue;
    const facts = JSON.stringify({ ...instance, now: life.world.clock.nowMs() });
    cut.before(position, `message ${id} of ${known.name} is missing: ${facts}`);
  }
}

/** Messages that are no longer in their queue may still arrive where its dead letters go. */
function keepThoseOnTheirWay(known: ModelQueue, instances: Map<number, Instance>): void {
  for (const [id, instance] of known.instances) {
    if (!instances.has(id)) instances.set(id, { ...instance, mayVanish: true, isGone: true });
  }
}

/** A message that was certainly there and is not any more went with the transaction that settled it. */
function isProofOfTransaction(
  instance: Instance,
  present: ReadonlySet<number>,
  life: Life,
  confirmed: number,
): boolean {
  const { id, isSettledByTransaction, persistent, mayVanish, position, expiresAtMs } = instance;
  if (!isSettledByTransaction || present.has(id) || !persistent || mayVanish) return false;
  if (expiresAtMs > 0 && expiresAtMs <= life.world.clock.nowMs() + 1) return false;
  return position <= confirmed;
}

/** The model becomes what the broker is: what was not confirmed has been decided now. */
export async function adopt(life: Life, model: Model): Promise<Model> {
  const { vhost } = life.access;
  const next = Object.assign(new (model.constructor as new () => Model)(), {
    lastId: model.lastId,
    lastGroup: model.lastGroup,
  });
  for (const queue of vhost.queues.values()) {
    const { name, number } = queue.definition;
    const known = model.everyQueue.get(number) as ModelQueue;
    const instances = new Map<number, Instance>();
    const found = await takeAll(life, queue);
    for (const { id, sequence } of found) {
      const before = known.instances.get(id) ?? movedInstance(model, known, id);
      instances.set(id, {
        id,
        queue: number,
        persistent: true,
        position: 0,
        expiresAtMs: before?.queue === number ? before.expiresAtMs : 0,
        group: 0,
        level: Math.floor(sequence / 2 ** 44),
        settled: false,
        settledPosition: Number.POSITIVE_INFINITY,
        isSettledByTransaction: false,
        mayVanish: known.bounded,
        mayMove: false,
        isGone: false,
      });
    }
    if (known.deadLetterQueue !== undefined) keepThoseOnTheirWay(known, instances);
    putBack(queue, found);
    next.addQueue({ ...known, name, instances });
  }
  next.moments.push({ position: 0, definitions: definitionsOf(life) });
  return next;
}
