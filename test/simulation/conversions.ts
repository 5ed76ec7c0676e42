// Histories of a queue that changes its type again and again while messages come and go: after every crash each message
// is there once, none that was confirmed is missing, none is back whose settlement was.

import { BrokerError } from "../../src/broker/errors.ts";
import { Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { bodyOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { type Found, lookAtAll, takeAll, takeOne } from "./contents.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { Life, World } from "./life.ts";

const LIVES = 3;
const NAME = "q";
const TYPES = ["classic", "quorum", "stream"];
const NEVER = Number.POSITIVE_INFINITY;
/** A conversion ends within this, with nothing else going on. */
const WAIT_LIMIT_MS = 20_000;

/** Log positions behind which it is published and settled. */
interface Known {
  readonly position: number;
  settledPosition: number;
}

interface Held {
  readonly queue: Queue;
  readonly found: Found;
}

class ConversionHistory {
  readonly #world: World;
  readonly #bodySizeMax: number;
  #life: Life;
  #messages = new Map<number, Known>();
  #held: Held[] = [];
  /** Settled since the last turn: their entry is gathered but not appended. */
  #gathered: Known[] = [];
  #lastId = 0;

  constructor(life: Life) {
    this.#life = life;
    this.#world = life.world;
    this.#bodySizeMax = this.#random.chance(0.1) ? 70_000 : 1_000;
  }

  get #random() {
    return this.#world.random;
  }
  get #queue(): Queue {
    return this.#life.access.vhost.queueNamed(NAME);
  }

  async setUp(): Promise<void> {
    this.#life.declare(NAME, true);
    this.#life.broker.turn.schedule();
    while (this.#life.broker.journal.durablePosition < this.#life.position) await this.#pass(1);
  }

  async live(): Promise<void> {
    for (let step = 5 + this.#random.integer(40); step > 0; step--) {
      const choice = this.#random.integer(100);
      if (choice < 45) this.#publish();
      else if (choice < 60) await this.#take();
      else if (choice < 75) this.#settle();
      else if (choice < 93) this.#convert();
      else this.#life.durability.store?.wantCheckpoint();
      await this.#pass(this.#random.fraction() * (step < 4 ? 0.3 : 3));
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.#life.pass(ms);
    for (const known of this.#gathered.splice(0)) known.settledPosition = this.#life.position;
  }

  #publish(): void {
    for (let count = 1 + this.#random.integer(30); count > 0; count--) {
      const { broker } = this.#life;
      if (broker.memory.pages.freeBytes < broker.memory.pages.sizeBytes / 3) return;
      if (broker.journal.position - broker.journal.durablePosition > 600_000) return;
      const id = ++this.#lastId;
      const priority = this.#random.chance(0.2) ? { priority: this.#random.integer(6) } : {};
      const message = {
        ...{ exchange: "", routingKey: NAME, properties: { deliveryMode: 2, ...priority } },
        body: bodyOf(id, 8 + this.#random.integer(this.#bodySizeMax)),
      };
      try {
        this.#life.messages.publish(this.#life.access, message);
      } catch (error) {
        // As a protocol would: a message there is no memory for is refused.
        if (error instanceof BrokerError && error.reason === "resource-error") return;
        throw error;
      }
      this.#messages.set(id, { position: this.#life.position, settledPosition: NEVER });
    }
  }

  async #take(): Promise<void> {
    for (let count = this.#random.integer(12); count > 0; count--) {
      const queue = this.#queue;
      const found = await takeOne(this.#life, queue);
      if (found === undefined) return;
      if (!this.#messages.has(found.id)) throw new Violation(`${found.id} was never published`);
      this.#held.push({ queue, found });
    }
  }

  #settle(): void {
    for (let count = this.#random.integer(12); count > 0 && this.#held.length > 0; count--) {
      const at = this.#random.integer(this.#held.length);
      const [{ queue, found }] = this.#held.splice(at, 1) as [Held];
      const isDone = this.#random.chance(0.6);
      const { sequence, location, bodySizeBytes, deliveryCount, id } = found;
      const outcome = isDone ? Outcome.accept : Outcome.requeue;
      queue.settle(undefined, sequence, location, bodySizeBytes, outcome, deliveryCount);
      if (isDone) this.#gathered.push(this.#messages.get(id) as Known);
    }
  }

  #convert(): void {
    const queue = this.#queue;
    if (queue.state === "converting" || queue.transfer?.partner !== undefined) return;
    const type = TYPES[this.#random.integer(TYPES.length)] as string;
    const { name, traits } = queue.definition.type;
    if (name === type && !traits.settlesRemove) return;
    this.#life.access.convertQueue(NAME, type, new Map());
  }

  /** Several disks that a crash may have left; it goes on with the last. Answers how many. */
  async crash(images: number): Promise<number> {
    const confirmed = this.#life.broker.journal.durablePosition;
    if (this.#random.chance(0.15)) {
      await this.#life.stop();
      await this.#look(this.#world.disk.copy(), Number.MAX_VALUE);
      return 1;
    }
    const disks = Array.from({ length: images }, () => this.#world.possibleImage());
    const before = this.#messages;
    for (const disk of disks) {
      this.#messages = new Map(before);
      await this.#look(disk, confirmed);
    }
    return images;
  }

  async #look(disk: World["disk"], confirmed: number): Promise<void> {
    this.#world.use(disk);
    this.#life = await Life.start(this.#world);
    this.#held = [];
    this.#gathered = [];
    await this.#settled();
    const { settlesRemove } = this.#queue.definition.type.traits;
    const all = await (settlesRemove ? takeAll : lookAtAll)(this.#life, this.#queue);
    const found = new Set<number>();
    for (const { id } of all) {
      const known = this.#messages.get(id);
      if (known === undefined) throw new Violation(`message ${id} was never published`);
      if (found.has(id)) throw new Violation(`message ${id} is there twice`);
      if (known.settledPosition <= confirmed) throw new Violation(`settled ${id} is back`);
      found.add(id);
    }
    for (const [id, { position, settledPosition }] of this.#messages) {
      if (position > confirmed || settledPosition !== NEVER || found.has(id)) continue;
      throw new Violation(`message ${id} is missing`);
    }
    this.#messages = new Map();
    for (const each of all) {
      this.#messages.set(each.id, { position: 0, settledPosition: NEVER });
      if (settlesRemove) this.#held.push({ queue: this.#queue, found: each });
    }
    if (this.#life.durability.store?.damage[0] !== undefined) throw new Violation("damage");
  }

  /** Waits until a conversion that was under way has ended. */
  async #settled(): Promise<void> {
    for (let ms = 0; ms < WAIT_LIMIT_MS; ms += 50) {
      const queue = this.#queue;
      if (queue.state === "running" && queue.transfer?.partner === undefined) {
        const { vhost } = this.#life.access;
        const count = [...vhost.numberedQueues()].length;
        if (count !== 1) throw new Violation(`${count} queues are left of one`);
        return;
      }
      await this.#life.pass(50);
    }
    throw new Violation("a conversion does not end");
  }

  end(): Promise<void> {
    return this.#life.stop();
  }
}

/** Throws what went wrong. */
export async function runConversionHistory(options: HistoryOptions): Promise<HistoryResult> {
  const world = new World(options.seed);
  const history = new ConversionHistory(await Life.start(world));
  await history.setUp();
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    await history.live();
    images += await history.crash(options.imagesPerCrash);
  }
  await history.end();
  return { images, trace: world.trace.digest };
}
