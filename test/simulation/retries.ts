// One seed of messages that come back: they wait, are counted, and are dead after the last attempt, in a queue with a
// retry policy or a quorum queue. Clients fail, hold back and acknowledge, time passes, the power goes; a wait, a count or
// a message that the log knew of must be there, and what was out when the power went counts as an attempt.

import { type FieldValue, longString } from "../../src/broker/message/field-table.ts";
import { Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { bodyOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { type Found, lookAtAll, takeAll, takeOne } from "./contents.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { Life, World } from "./life.ts";

const LIVES = 3;
const QUEUE = "retried";
const DEAD = "retried-dead";
const ATTEMPTS = 3;
const WAIT_MS = 1_000;
/** Longer than any wait. */
const ALL_WAITS_MS = 10_000;
const LEAPS_MS = [1, 40, 400, 1_100, 2_500];
const BODY_BYTES_MAX = 6_000;
/** So long a page may take to be read. */
const LOOK_MS_MAX = 10_000;

/** One step in a message's life, and where the log knows of it. */
interface State {
  readonly place: "queue" | "dead" | "gone";
  /** Deliveries in vain, if the broker hears of no other. */
  readonly deliveryCount: number;
  readonly dueAtMs: number;
  position: number;
}

interface Tracked {
  readonly id: number;
  states: State[];
  /** Known once it was delivered. */
  sequence?: number | undefined;
}

interface Held {
  readonly tracked: Tracked;
  readonly found: Found;
}

/** How the queue of this seed treats what comes back. */
interface Rules {
  readonly arguments: ReadonlyMap<string, FieldValue>;
  /** Whether a nack is an attempt; a reject always is. */
  readonly countsNacks: boolean;
  waitMs(deliveryCount: number): number;
}

const integer = (value: number): FieldValue => ({ type: "I", value });
const deadLetters: readonly [string, FieldValue][] = [
  ["x-dead-letter-exchange", longString("")],
  ["x-dead-letter-routing-key", longString(DEAD)],
];

const policies: readonly Rules[] = [
  {
    arguments: new Map([
      ...deadLetters,
      ...([
        ["x-retry-initial-delay", integer(WAIT_MS)],
        ["x-retry-jitter", integer(0)],
        ["x-retry-max-attempts", integer(ATTEMPTS)],
      ] as const),
    ]),
    countsNacks: true,
    waitMs: (deliveryCount) => WAIT_MS * 2 ** (deliveryCount - 1),
  },
  {
    arguments: new Map([
      ...deadLetters,
      ...([
        ["x-queue-type", longString("quorum")],
        ["x-delivery-limit", integer(ATTEMPTS - 1)],
        ["x-delayed-retry-type", longString("all")],
        ["x-delayed-retry-min", integer(WAIT_MS)],
        ["x-delayed-retry-max", integer(3 * WAIT_MS)],
      ] as const),
    ]),
    countsNacks: false,
    waitMs: (deliveryCount) => WAIT_MS * Math.max(1, deliveryCount),
  },
];

/** The same with somebody who ends waits: messages are taken away, or delivered before they are due. */
export function runEndedWaitHistory(options: HistoryOptions): Promise<HistoryResult> {
  return runRetryHistory(options, true);
}

/** Throws what went wrong. */
export async function runRetryHistory(
  options: HistoryOptions,
  endsWaits = false,
): Promise<HistoryResult> {
  const { seed, imagesPerCrash } = options;
  const world = new World(seed);
  const rules = policies[Math.floor(seed / 2) % policies.length] as Rules;
  const model = new Map<number, Tracked>();
  let life = await Life.start(world);
  life.declare(DEAD, true);
  life.declare(QUEUE, true, rules.arguments);
  await life.pass(50);
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    const clients = new RetryClients(life, model, rules, endsWaits);
    await clients.live(5 + world.random.integer(80));
    const isOrderly = world.random.chance(0.2);
    const confirmed = isOrderly ? Number.POSITIVE_INFINITY : life.broker.journal.durablePosition;
    if (isOrderly) await life.stop();
    const disks = isOrderly
      ? [world.disk.copy()]
      : Array.from({ length: imagesPerCrash }, () => world.possibleImage());
    for (const disk of disks) {
      const isLast = disk === disks.at(-1);
      // Looking takes everything out: at a copy, where somebody goes on.
      world.use(isLast ? disk.copy() : disk);
      const found = await new Look(await Life.start(world), model, confirmed).run();
      if (!isLast) continue;
      adopt(model, found);
      world.use(disk);
      life = await Life.start(world);
    }
    images += disks.length;
  }
  await life.stop();
  return { images, trace: world.trace.digest };
}

class RetryClients {
  readonly #life: Life;
  readonly #model: Map<number, Tracked>;
  readonly #rules: Rules;
  readonly #endsWaits: boolean;
  readonly #held: Held[] = [];
  /** Since the last turn. */
  readonly #fresh: State[] = [];

  constructor(life: Life, model: Map<number, Tracked>, rules: Rules, endsWaits: boolean) {
    this.#life = life;
    this.#model = model;
    this.#rules = rules;
    this.#endsWaits = endsWaits;
  }

  async live(steps: number): Promise<void> {
    const { random } = this.#life.world;
    for (let step = 0; step < steps; step++) {
      const dice = random.fraction();
      if (dice < 0.35) this.#publish(1 + random.integer(6));
      else if (dice < 0.6) await this.#take(1 + random.integer(5));
      else if (dice < 0.85) this.#settle();
      else await this.#pass(LEAPS_MS[random.integer(LEAPS_MS.length)] as number);
      if (this.#endsWaits && random.chance(0.2)) await this.#endWait();
      // Towards the end there is hardly time for a write.
      if (steps - step > 3) await this.#pass(1);
      else await this.#life.pass(0.2);
    }
  }

  get #queue(): Queue {
    return this.#life.access.vhost.queueNamed(QUEUE);
  }

  async #pass(ms: number): Promise<void> {
    this.#life.broker.turn.schedule();
    await this.#life.pass(ms);
    for (const state of this.#fresh.splice(0)) state.position = this.#life.position;
  }

  #note(tracked: Tracked, state: Omit<State, "position">): void {
    const noted = { ...state, position: Number.POSITIVE_INFINITY };
    tracked.states.push(noted);
    this.#fresh.push(noted);
  }

  #publish(count: number): void {
    const { life } = { life: this.#life };
    for (let i = 0; i < count; i++) {
      const tracked: Tracked = { id: this.#model.size + 1, states: [] };
      this.#model.set(tracked.id, tracked);
      life.messages.publish(life.access, {
        ...{ exchange: "", routingKey: QUEUE, properties: { deliveryMode: 2 } },
        body: bodyOf(tracked.id, life.world.random.integer(BODY_BYTES_MAX)),
      });
      this.#note(tracked, { place: "queue", deliveryCount: 0, dueAtMs: 0 });
    }
  }

  async #take(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const found = await takeOne(this.#life, this.#queue);
      if (found === undefined) return;
      const tracked = this.#model.get(found.id);
      const now = tracked?.states.at(-1);
      if (tracked === undefined || now?.place !== "queue") {
        throw new Violation(`message ${found.id} is delivered, which is not in the queue`);
      }
      tracked.sequence = found.sequence;
      const { deliveryCount, dueAtMs } = now;
      if (found.deliveryCount !== deliveryCount) {
        throw new Violation(
          `message ${found.id} says ${found.deliveryCount}, not ${deliveryCount}`,
        );
      }
      if (found.takenAtMs < dueAtMs) {
        throw new Violation(`message ${found.id} comes ${dueAtMs - found.takenAtMs} ms too early`);
      }
      this.#life.world.trace.add(`take ${found.id} ${deliveryCount}`);
      this.#held.push({ tracked, found });
      // Until more is heard of it, this was an attempt.
      const place = deliveryCount + 1 < ATTEMPTS ? "queue" : "dead";
      this.#note(tracked, { place, deliveryCount: deliveryCount + 1, dueAtMs: 0 });
    }
  }

  /** One that waits, those among them that waited when the power went, is ready now or gone. */
  async #endWait(): Promise<void> {
    const { random, trace } = this.#life.world;
    const { inspection } = this.#queue;
    const first = inspection.waiting?.first(20) ?? [];
    const wait = first[random.integer(first.length + 1)];
    const tracked = [...this.#model.values()].find(({ sequence }) => sequence === wait?.sequence);
    const now = tracked?.states.at(-1);
    if (wait === undefined) return;
    if (tracked === undefined || now === undefined) throw new Violation("nobody knows what waits");
    trace.add(`end the wait of ${tracked.id}`);
    if (random.chance(0.5)) {
      if (inspection.waiting?.deliverNow(wait.sequence) !== true) return;
      this.#note(tracked, { ...now, dueAtMs: 0 });
      return;
    }
    const found = (await lookAtAll(this.#life, this.#queue)).find(({ id }) => id === tracked.id);
    if (found === undefined) throw new Violation(`message ${tracked.id} waits and is not there`);
    const message = { ...found, bytes: found.bodySizeBytes };
    for (let ms = 0; ms < LOOK_MS_MAX; ms++) {
      const isGone = inspection.waiting?.cancel(message);
      if (isGone === true) this.#note(tracked, { ...now, place: "gone", dueAtMs: 0 });
      if (isGone !== undefined) return;
      await this.#pass(1);
    }
    throw new Violation(`message ${tracked.id} can't be taken away`);
  }

  #settle(): void {
    const { random, clock } = this.#life.world;
    // With few out often none: some stay out for long.
    const [held] = this.#held.splice(random.integer(Math.max(8, this.#held.length)), 1);
    if (held === undefined) return;
    const { tracked, found } = held;
    const { sequence, location, bodySizeBytes, deliveryCount: before } = found;
    const outcome = (
      [Outcome.accept, Outcome.returned, Outcome.returned, Outcome.requeue] as const
    )[random.integer(4)] as Outcome;
    this.#queue.settle(undefined, sequence, location, bodySizeBytes, outcome, before);
    if (outcome === Outcome.accept) {
      this.#note(tracked, { place: "gone", deliveryCount: before, dueAtMs: 0 });
      return;
    }
    const isCounted = outcome === Outcome.returned || this.#rules.countsNacks;
    const deliveryCount = isCounted ? before + 1 : before;
    const place = deliveryCount < ATTEMPTS ? "queue" : "dead";
    const dueAtMs = clock.nowMs() + this.#rules.waitMs(deliveryCount);
    this.#note(tracked, { place, deliveryCount, dueAtMs: place === "dead" ? 0 : dueAtMs });
  }
}

/** Takes everything out of a broker that has just started, and compares. */
class Look {
  readonly #life: Life;
  readonly #model: ReadonlyMap<number, Tracked>;
  readonly #confirmed: number;
  readonly #found = new Map<number, State>();

  constructor(life: Life, model: ReadonlyMap<number, Tracked>, confirmed: number) {
    this.#life = life;
    this.#model = model;
    this.#confirmed = confirmed;
  }

  /** Answers what each message turned out to be. */
  async run(): Promise<ReadonlyMap<number, State>> {
    await this.#life.pass(5);
    const startedMs = this.#life.world.clock.nowMs();
    for (const found of await this.#takeAll(QUEUE)) this.#seen(found, startedMs);
    await this.#life.pass(ALL_WAITS_MS);
    for (const found of await this.#takeAll(QUEUE)) this.#seen(found, startedMs);
    for (const { id } of await this.#takeAll(DEAD)) {
      this.#add(id, { place: "dead", deliveryCount: ATTEMPTS, dueAtMs: 0, position: 0 });
    }
    for (const { id } of this.#model.values()) {
      if (this.#found.has(id) || this.#possible(id).some((state) => state?.place !== "queue")) {
        continue;
      }
      throw new Violation(`message ${id} is missing`);
    }
    await this.#life.stop();
    return this.#found;
  }

  #takeAll(name: string): Promise<Found[]> {
    return takeAll(this.#life, this.#life.access.vhost.queueNamed(name));
  }

  /** What the log may have known last; undefined = nothing of it. */
  #possible(id: number): readonly (State | undefined)[] {
    const states = this.#model.get(id)?.states ?? [];
    const certain = states.findLastIndex(({ position }) => position <= this.#confirmed);
    return certain < 0 ? [undefined, ...states] : states.slice(certain);
  }

  #seen({ id, deliveryCount, takenAtMs }: Found, startedMs: number): void {
    const possible = this.#possible(id).filter((state) => state?.place === "queue");
    const facts = JSON.stringify({ deliveryCount, takenAtMs, possible });
    if (!possible.some((state) => state?.deliveryCount === deliveryCount)) {
      throw new Violation(`message ${id} has another count: ${facts}`);
    }
    if (!possible.some((state) => (state?.dueAtMs ?? 0) <= takenAtMs)) {
      throw new Violation(`message ${id} comes too early: ${facts}`);
    }
    const dues = possible.map((state) => state?.dueAtMs ?? 0).filter((ms) => ms <= takenAtMs);
    // What did not come at once waits.
    const dueAtMs = takenAtMs < startedMs + WAIT_MS ? 0 : Math.max(...dues);
    this.#add(id, { place: "queue", deliveryCount, dueAtMs, position: 0 });
  }

  #add(id: number, state: State): void {
    if (this.#found.has(id)) throw new Violation(`message ${id} is there twice`);
    if (!this.#possible(id).some((possible) => possible?.place === state.place)) {
      throw new Violation(`message ${id} is in ${state.place}, where it can't be`);
    }
    this.#found.set(id, state);
  }
}

/** The model goes on from what was found. */
function adopt(model: Map<number, Tracked>, found: ReadonlyMap<number, State>): void {
  for (const tracked of model.values()) {
    const state = found.get(tracked.id);
    const gone: State = { place: "gone", deliveryCount: 0, dueAtMs: 0, position: 0 };
    tracked.states = [state ?? gone];
    // The log never had it: another message may get its number.
    if (state === undefined) tracked.sequence = undefined;
  }
}
