// Keys that an exchange and a queue have seen: model clients send some again, and within the window each must be dropped,
// also after a restart, while a message is never dropped for a copy that is not there.

import type { DuplicateWindow } from "../../src/broker/duplicates/window.ts";
import { EMPTY_TABLE, type FieldValue, longString } from "../../src/broker/message/field-table.ts";
import { Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { bodyOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { type Found, putBack, takeAll, takeOne } from "./contents.ts";
import type { Life } from "./life.ts";

const EXCHANGE = "once";
const EXCHANGE_QUEUE = "kept";
const QUEUE = "unique";
const KEYS = 20;
const TTL_MS = 3_000;
/** Less than there are keys: old ones go. */
const SIZE_MAX = 8;
const NEVER = Number.POSITIVE_INFINITY;

interface Seen {
  readonly id: number;
  readonly untilMs: number;
  /** Everything before this in the log: the key is known. */
  position: number;
}

interface Copy {
  readonly id: number;
  readonly key: string;
  readonly untilMs: number;
  /** Everything before this in the log: it is there. */
  position: number;
  /** Everything before this in the log: it was taken. */
  endedPosition: number | undefined;
}

/** One window as it must be, and the messages that came through it. */
export class KeyWindow {
  readonly exchange: string;
  readonly routingKey: string;
  readonly queueName: string;
  readonly ttlMs: number;
  readonly sizeMax: number;
  readonly keys = new Map<string, Seen>();
  readonly copies = new Map<number, Copy>();
  /** Since the last turn: their entry is gathered but not appended. */
  readonly gatheredKeys: Seen[] = [];
  readonly gatheredEnds: Copy[] = [];
  #found: readonly Found[] = [];

  constructor(exchange: string, queueName: string, ttlMs: number, sizeMax: number) {
    this.exchange = exchange;
    this.routingKey = exchange === "" ? queueName : "";
    this.queueName = queueName;
    this.ttlMs = ttlMs;
    this.sizeMax = sizeMax;
  }

  isDuplicate(key: string, nowMs: number): boolean {
    return (this.keys.get(key)?.untilMs ?? 0) > nowMs;
  }

  accepted(id: number, key: string, nowMs: number, position: number): void {
    const untilMs = nowMs + this.ttlMs;
    const seen = { id, untilMs, position: NEVER };
    this.keys.delete(key);
    this.keys.set(key, seen);
    this.gatheredKeys.push(seen);
    this.copies.set(id, { id, key, untilMs, position, endedPosition: undefined });
    for (const oldest of this.keys.keys()) {
      if (this.keys.size <= this.sizeMax) break;
      this.keys.delete(oldest);
    }
  }

  queueIn({ access }: Life): Queue {
    return access.vhost.queueNamed(this.queueName);
  }

  #windowIn(life: Life): DuplicateWindow {
    const window =
      this.exchange === ""
        ? this.queueIn(life).duplicates
        : life.access.vhost.exchanges.get(this.exchange)?.duplicates;
    if (window === undefined) throw new Violation(`${this.queueName} has no window any more`);
    return window;
  }

  async check(life: Life, confirmed: number): Promise<void> {
    const queue = this.queueIn(life);
    this.#found = await takeAll(life, queue);
    const ids = new Set(this.#found.map(({ id }) => id));
    if (ids.size < this.#found.length) throw new Violation(`one is in ${this.queueName} twice`);
    for (const id of ids) {
      if (!this.copies.has(id)) throw new Violation(`message ${id} was dropped, or never was`);
    }
    for (const { id, position, endedPosition } of this.copies.values()) {
      if (position <= confirmed && endedPosition === undefined && !ids.has(id)) {
        throw new Violation(`message ${id} of ${this.queueName} is missing`);
      }
      if (endedPosition !== undefined && endedPosition <= confirmed && ids.has(id)) {
        throw new Violation(`message ${id} of ${this.queueName} was settled and is back`);
      }
    }
    this.#checkKeys(life, confirmed, ids);
    putBack(queue, this.#found);
  }

  #checkKeys(life: Life, confirmed: number, ids: ReadonlySet<number>): void {
    const known = describe(this.#windowIn(life));
    const nowMs = life.world.clock.nowMs();
    for (const [key, { id, untilMs, position }] of this.keys) {
      if (position > confirmed || untilMs <= nowMs || known.get(key) === untilMs) continue;
      const facts = `${id}, until ${untilMs}, now ${nowMs}, known until ${known.get(key)}`;
      throw new Violation(`the key ${key} of ${this.queueName} is forgotten: ${facts}`);
    }
    for (const [key, untilMs] of known) {
      const copies = [...this.copies.values()].filter(
        (copy) => copy.key === key && copy.untilMs === untilMs,
      );
      const isThere = copies.some(({ id, endedPosition }) => {
        return ids.has(id) || endedPosition !== undefined;
      });
      if (!isThere) throw new Violation(`${key} of ${this.queueName} is known for no message`);
    }
  }

  /** The model goes on from what came back. */
  adopt(life: Life): void {
    const ids = new Set(this.#found.map(({ id }) => id));
    this.gatheredKeys.length = 0;
    this.gatheredEnds.length = 0;
    for (const copy of this.copies.values()) {
      copy.position = ids.has(copy.id) ? 0 : NEVER;
      copy.endedPosition = ids.has(copy.id) ? undefined : 0;
    }
    this.keys.clear();
    for (const [key, untilMs] of describe(this.#windowIn(life))) {
      this.keys.set(key, { id: 0, untilMs, position: 0 });
    }
  }
}

function describe(window: DuplicateWindow): Map<string, number> {
  const pairs = window.describe() as readonly [string, number | null][];
  // In front of each key stands the type of its value.
  return new Map(pairs.map(([key, untilMs]) => [key.slice(1), untilMs ?? NEVER]));
}

export function keyWindows(): readonly KeyWindow[] {
  return [
    new KeyWindow(EXCHANGE, EXCHANGE_QUEUE, TTL_MS, 1_000),
    new KeyWindow("", QUEUE, NEVER, SIZE_MAX),
  ];
}

export function setUpWindows(life: Life): void {
  const integer = (value: number): FieldValue => ({ type: "I", value });
  const drops: [string, FieldValue] = ["x-message-deduplication", { type: "t", value: true }];
  life.access.declareExchange({
    ...{ name: EXCHANGE, type: "fanout", durable: true, autoDelete: false, internal: false },
    arguments: new Map([drops, ["x-cache-size", integer(1_000)], ["x-cache-ttl", integer(TTL_MS)]]),
  });
  life.declare(EXCHANGE_QUEUE, true);
  const route = { source: EXCHANGE, destination: EXCHANGE_QUEUE, routingKey: "" };
  life.access.bindQueue({ ...route, arguments: EMPTY_TABLE });
  life.declare(QUEUE, true, new Map([drops, ["x-cache-size", integer(SIZE_MAX)]]));
}

export class KeyedClients {
  readonly #life: Life;
  readonly #windows: readonly KeyWindow[];
  readonly #nextId: () => number;

  constructor(life: Life, windows: readonly KeyWindow[], nextId: () => number) {
    this.#life = life;
    this.#windows = windows;
    this.#nextId = nextId;
  }

  publishSome(count: number): void {
    const { random } = this.#life.world;
    for (let i = 0; i < count; i++) {
      const window = this.#windows[random.integer(this.#windows.length)] as KeyWindow;
      this.#publish(window, `k${random.integer(KEYS)}`);
    }
  }

  #publish(window: KeyWindow, key: string): void {
    const { life, nowMs } = { life: this.#life, nowMs: this.#life.world.clock.nowMs() };
    const id = this.#nextId();
    const queue = window.queueIn(life);
    const before = countIn(queue);
    life.messages.publish(life.access, {
      exchange: window.exchange,
      routingKey: window.routingKey,
      body: bodyOf(id, life.world.random.integer(300)),
      properties: {
        deliveryMode: 2,
        headers: new Map([["x-deduplication-header", longString(key)]]),
      },
    });
    const isDropped = countIn(queue) === before;
    if (isDropped !== window.isDuplicate(key, nowMs)) {
      const what = isDropped ? "is dropped as a duplicate" : "is a duplicate and comes through";
      throw new Violation(`message ${id} with ${key} for ${window.queueName} ${what}`);
    }
    life.world.trace.add(`key ${key} ${isDropped}`);
    if (!isDropped) window.accepted(id, key, nowMs, life.position);
  }

  /** Takes messages off the head of each queue, for good. */
  async takeSome(): Promise<void> {
    for (const window of this.#windows) {
      const queue = window.queueIn(this.#life);
      for (let count = this.#life.world.random.integer(15); count > 0; count--) {
        const found = await takeOne(this.#life, queue);
        if (found === undefined) break;
        const { id, sequence, location, bodySizeBytes, deliveryCount } = found;
        queue.settle(
          ...([undefined, sequence, location, bodySizeBytes] as const),
          ...([Outcome.accept, deliveryCount] as const),
        );
        const copy = window.copies.get(id) as Copy;
        copy.endedPosition = NEVER;
        window.gatheredEnds.push(copy);
      }
    }
  }

  turnPassed(position: number): void {
    for (const { gatheredKeys, gatheredEnds } of this.#windows) {
      for (const seen of gatheredKeys.splice(0)) seen.position = position;
      for (const copy of gatheredEnds.splice(0)) copy.endedPosition = position;
    }
  }
}

function countIn({ depth }: Queue): number {
  return depth.ready + depth.unacknowledged;
}
