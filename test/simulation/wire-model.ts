// What clients of a real protocol know of their broker: what they sent, and what they were promised by a reply. Nothing
// here looks at the log: whatever was promised must be true after the power was gone.

import type { DuplicateWindow } from "../../src/broker/duplicates/window.ts";
import { TrackedKind } from "../../src/broker/stream/offset-tracking.ts";
import { Violation } from "./checks.ts";
import { putBack, takeAll } from "./contents.ts";
import type { Life } from "./life.ts";
import { readAll, streamOf } from "./streams.ts";

/** A queue; one that drops duplicates; one behind an exchange that does; a stream. */
export const WireQueue = { plain: "plain", unique: "unique", kept: "kept", log: "log" } as const;
export type WireQueue = (typeof WireQueue)[keyof typeof WireQueue];
export const ONCE = "once";
export const READER = "reader";

/** One message for one queue. */
export interface Sent {
  readonly id: number;
  readonly queue: WireQueue;
  readonly key: string | undefined;
  readonly connection: number;
  /** All of one transaction or none. */
  readonly transaction: number | undefined;
  isConfirmed: boolean;
  /** A purge or a get may have taken it, or the broker has refused it. */
  mayBeGone: boolean;
  /** The broker has said so. */
  isGone: boolean;
}

/** A queue that somebody declares and deletes again and again. */
interface Declared {
  exists: boolean;
  /** Replies that are still to come: it may be there or not. */
  open: number;
}

export class WireModel {
  readonly sent = new Map<number, Sent>();
  /** By queue and key: the broker has promised to know it. */
  readonly knownKeys = new Set<string>();
  /** A crash has kept a message that was not confirmed, and not its key: the next one with it came through. */
  readonly looseKeys = new Set<string>();
  readonly declared = new Map<string, Declared>();
  /** Messages of the stream that a reader was given. */
  readonly read = new Set<number>();
  /** Offsets stored for a reader, and which of them the broker has said to keep. */
  readonly offsets: number[] = [-1];
  offsetsKept = 0;
  /** Asked for and not answered. */
  readonly gets = new Map<WireQueue, number>();
  readonly purges = new Map<WireQueue, number>();
  lastId = 0;
  lastTransaction = 0;

  send(message: Omit<Sent, "id" | "isConfirmed" | "mayBeGone" | "isGone">): Sent {
    const mayBeGone = (this.purges.get(message.queue) ?? 0) > 0;
    const sent = {
      ...{ ...message, id: ++this.lastId },
      ...{ isConfirmed: false, mayBeGone, isGone: false },
    };
    this.sent.set(sent.id, sent);
    return sent;
  }

  in(queue: WireQueue): Sent[] {
    return [...this.sent.values()].filter((sent) => sent.queue === queue);
  }

  confirm(sent: Sent): void {
    sent.isConfirmed = true;
    if (sent.key !== undefined) this.knownKeys.add(`${sent.queue} ${sent.key}`);
  }

  /** A purge is on its way. */
  purge(queue: WireQueue): void {
    this.purges.set(queue, (this.purges.get(queue) ?? 0) + 1);
    for (const sent of this.in(queue)) sent.mayBeGone = true;
  }

  /** The answer to a purge: `certain` were in the queue when it came. */
  purged(queue: WireQueue, certain: readonly Sent[]): void {
    this.purges.set(queue, (this.purges.get(queue) ?? 0) - 1);
    for (const sent of certain) sent.isGone = true;
  }

  queueAt(name: string): Declared {
    const declared = this.declared.get(name) ?? { exists: false, open: 0 };
    this.declared.set(name, declared);
    return declared;
  }
}

/** What lies in each queue. */
type Contents = ReadonlyMap<WireQueue, ReadonlySet<number>>;

/** Throws for every promise that is broken; answers what is there. */
export async function checkPromises(life: Life, model: WireModel): Promise<Contents> {
  const contents = new Map<WireQueue, Set<number>>();
  for (const name of Object.values(WireQueue)) contents.set(name, await idsIn(life, name));
  for (const [queue, ids] of contents) {
    for (const id of ids) checkPresent(model.sent.get(id), id, queue);
    checkMissing(model, queue, ids);
    checkKeys(life, model, queue, ids);
  }
  checkTransactions(model, contents);
  for (const id of model.read) {
    if (!contents.get("log")?.has(id)) throw new Violation(`message ${id} was read and is gone`);
  }
  for (const [name, { exists, open }] of model.declared) {
    if (open > 0 || life.access.vhost.queues.has(name) === exists) continue;
    throw new Violation(`queue ${name} ${exists ? "is missing" : "is there again"}`);
  }
  const offset = streamOf(life, "log").stream.query(TrackedKind.offset, READER) ?? -1;
  if (!model.offsets.slice(model.offsetsKept).includes(offset)) {
    throw new Violation(`the reader's offset is ${offset} again`);
  }
  if (life.durability.store?.damage[0] !== undefined) throw new Violation("damage is reported");
  return contents;
}

async function idsIn(life: Life, name: WireQueue): Promise<Set<number>> {
  if (name === "log") {
    const count = streamOf(life, name).depth.ready;
    return new Set((await readAll(life, name, count)).values());
  }
  const queue = life.access.vhost.queueNamed(name);
  const found = await takeAll(life, queue);
  putBack(queue, found);
  const ids = new Set(found.map(({ id }) => id));
  if (ids.size < found.length) throw new Violation(`a message is in ${name} twice`);
  return ids;
}

function checkPresent(sent: Sent | undefined, id: number, queue: WireQueue): void {
  if (sent?.queue !== queue) throw new Violation(`message ${id} was never sent to ${queue}`);
  if (sent.isGone) throw new Violation(`message ${id} of ${queue} was purged and is back`);
}

function checkMissing(model: WireModel, queue: WireQueue, ids: ReadonlySet<number>): void {
  const missing = model.in(queue).filter(({ id, isConfirmed, mayBeGone, key }) => {
    return isConfirmed && !mayBeGone && key === undefined && !ids.has(id);
  });
  // Somebody may have been about to hear that it was his.
  if (missing.length <= (model.gets.get(queue) ?? 0)) return;
  throw new Violation(`message ${missing[0]?.id} of ${queue} is missing`);
}

function checkKeys(life: Life, model: WireModel, queue: WireQueue, ids: ReadonlySet<number>): void {
  const known = keysKnown(life, queue);
  const sent = model.in(queue).filter(({ key }) => key !== undefined);
  for (const key of new Set(sent.map((one) => one.key as string))) {
    const those = sent.filter((one) => one.key === key);
    const present = those.filter(({ id }) => ids.has(id)).length;
    const isLoose = model.looseKeys.has(`${queue} ${key}`);
    if (present > 1 && !isLoose) throw new Violation(`${key} is in ${queue} ${present} times`);
    if (model.knownKeys.has(`${queue} ${key}`) && !known.has(key)) {
      throw new Violation(`the key ${key} of ${queue} is forgotten, though it was confirmed`);
    }
    const isTaken = those.some(({ mayBeGone }) => mayBeGone) || (model.gets.get(queue) ?? 0) > 0;
    if (present > 0 || isTaken) continue;
    if (known.has(key)) throw new Violation(`${key} of ${queue} is known for no message`);
  }
}

/** By key; in front of each stands the type of its value. */
function keysKnown({ access: { vhost } }: Life, queue: WireQueue): ReadonlySet<string> {
  const window: DuplicateWindow | undefined =
    queue === "kept" ? vhost.exchanges.get(ONCE)?.duplicates : vhost.queueNamed(queue).duplicates;
  const pairs = (window?.describe() ?? []) as readonly [string, number | null][];
  return new Set(pairs.map(([key]) => key.slice(1)));
}

function checkTransactions(model: WireModel, contents: Contents): void {
  const isThere = new Map<number, boolean>();
  for (const { id, queue, key, transaction, mayBeGone } of model.sent.values()) {
    const isTaken = mayBeGone || (model.gets.get(queue) ?? 0) > 0;
    if (transaction === undefined || key !== undefined || isTaken) continue;
    const present = contents.get(queue)?.has(id) === true;
    if ((isThere.get(transaction) ?? present) !== present) {
      throw new Violation(`of transaction ${transaction} only a part is there`);
    }
    isThere.set(transaction, present);
  }
}

/** What nobody was promised has been decided: the model goes on from what came back. */
export function adopt(life: Life, model: WireModel, contents: Contents): void {
  for (const sent of [...model.sent.values()]) {
    const isPresent = contents.get(sent.queue)?.has(sent.id) === true;
    // One that was never there must never come.
    const next = { ...sent, transaction: undefined, isConfirmed: isPresent };
    model.sent.set(sent.id, {
      ...next,
      isGone: !isPresent,
      mayBeGone: !isPresent && wasThere(sent),
    });
  }
  for (const queue of ["unique", "kept"] as const) {
    const known = keysKnown(life, queue);
    for (const key of known) model.knownKeys.add(`${queue} ${key}`);
    for (const { id, key } of model.in(queue)) {
      if (key === undefined || known.has(key) || !contents.get(queue)?.has(id)) continue;
      model.looseKeys.add(`${queue} ${key}`);
    }
  }
  for (const [name, declared] of model.declared) {
    declared.exists = life.access.vhost.queues.has(name);
    declared.open = 0;
  }
  const offset = streamOf(life, "log").stream.query(TrackedKind.offset, READER) ?? -1;
  model.offsets.splice(0, model.offsets.length, offset);
  model.offsetsKept = 0;
  model.gets.clear();
  model.purges.clear();
}

/** Its key may be known for it. */
function wasThere({ isConfirmed, mayBeGone, isGone }: Sent): boolean {
  return isConfirmed || mayBeGone || isGone;
}
