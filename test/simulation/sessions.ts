// One seed of clients that consume: several connections share queues of all types and a stream, get, acknowledge one or
// many, reject, give back, cancel, close channels and break off at work, with sockets that are full and pages that have
// left memory. Nobody is given what another holds, nothing comes behind a cancel or a close, tags and offsets have no
// gaps, and at the end everything confirmed is where it was left, before and after the power was gone.

import { EMPTY_TABLE, longString } from "../../src/broker/message/field-table.ts";
import { FakeNet } from "../../src/env/fake-net.ts";
import { Amqp091Acceptor } from "../../src/protocols/amqp091/acceptor.ts";
import { Client, testSettings } from "../../src/protocols/amqp091/testing.ts";
import { Violation } from "./checks.ts";
import { lookAtAll } from "./contents.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { anybody, Life, World } from "./life.ts";
import { Session } from "./session-client.ts";
import { ALL, FREE, QUEUES, queueArguments, SessionModel, STREAM } from "./session-model.ts";

const PORT = 5672;
const CONNECTIONS = 3;
/** Time within which everything that was begun has ended. */
// What waits for promises comes about a few times a round, however long that is.
const CALM_MS = 100;
const CALM_ROUNDS = 600;

/** Throws what went wrong. */
export async function runSessionHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { seed, imagesPerCrash } = options;
  const world = new World(seed);
  const model = new SessionModel(QUEUES);
  let life = await Life.start(world);
  const sessions = await Sessions.open(life, model);
  await sessions.live(40 + world.random.integer(160));
  // Or the power goes while they are at work.
  const atWork = world.random.chance(0.3);
  if (!atWork) {
    await sessions.end();
    await checkQueues(life, model, false);
  }
  for (const disk of Array.from({ length: imagesPerCrash }, () => world.possibleImage())) {
    world.use(disk);
    life = await Life.start(world);
    await checkQueues(life, model, true, atWork);
  }
  await life.stop();
  return { images: imagesPerCrash, trace: world.trace.digest };
}

async function checkQueues(
  life: Life,
  model: SessionModel,
  afterCrash: boolean,
  atWork = false,
): Promise<void> {
  for (const name of QUEUES) {
    if (name === FREE && afterCrash) continue;
    const queue = life.access.vhost.queueNamed(name);
    const ids = (await lookAtAll(life, queue)).map(({ id }) => id);
    model.check(name, ids, afterCrash, atWork);
    const { ready, unacknowledged } = queue.depth;
    if (unacknowledged !== 0) throw new Violation(`${name}: ${unacknowledged} with nobody`);
    if (ready !== ids.length) throw new Violation(`${name} has ${ids.length} and says ${ready}`);
  }
  const { ready } = life.access.vhost.queueNamed(STREAM).depth;
  const confirmed = [...model.streamed.values()].filter(({ isConfirmed }) => isConfirmed).length;
  if (ready < confirmed) throw new Violation(`${STREAM}: ${ready} of ${confirmed} confirmed`);
  const { damage } = life.durability.store ?? {};
  if (damage?.[0] !== undefined) throw new Violation("damage is reported");
}

class Sessions {
  readonly #life: Life;
  readonly #model: SessionModel;
  readonly #net: FakeNet;
  #connections: Session[] = [];
  #lastNumber = 0;

  private constructor(life: Life, model: SessionModel, net: FakeNet) {
    this.#life = life;
    this.#model = model;
    this.#net = net;
  }

  static async open(life: Life, model: SessionModel): Promise<Sessions> {
    const { broker, world, access } = life;
    const { random } = world;
    for (const name of QUEUES) life.declare(name, name !== FREE, queueArguments[name]);
    life.declare(STREAM, true, new Map([["x-queue-type", longString("stream")]]));
    const flags = { durable: true, autoDelete: false, internal: false, arguments: EMPTY_TABLE };
    access.declareExchange({ name: ALL, type: "fanout", ...flags });
    for (const destination of [...QUEUES, STREAM]) {
      access.bindQueue({ source: ALL, destination, routingKey: "", arguments: EMPTY_TABLE });
    }
    broker.turn.schedule();
    const net = new FakeNet(world.clock, random.fork(), broker.memory, {
      split: random.chance(0.5) ? "seeded" : "whole",
      latencyMs: random.integer(3),
      inFlight: random.chance(0.5) ? 0.3 : 0,
      windowBytes: random.chance(0.5) ? 4_096 : 65_536,
    });
    const acceptor = new Amqp091Acceptor(
      broker,
      testSettings(anybody, () => {}),
    );
    await net.listen({ port: PORT }, (socket) => acceptor.accept(socket));
    await life.pass(200);
    const sessions = new Sessions(life, model, net);
    for (let i = 0; i < CONNECTIONS; i++) sessions.#connect();
    return sessions;
  }

  #connect(): void {
    const client = new Client(this.#net.connect(PORT), () => {});
    this.#connections.push(new Session(this.#life, this.#model, client, `${++this.#lastNumber}`));
  }

  async live(steps: number): Promise<void> {
    const { random } = this.#life.world;
    for (let step = 0; step < steps; step++) {
      for (let count = 1 + random.integer(8); count > 0; count--) {
        const session = this.#connections[random.integer(CONNECTIONS)] as Session;
        session.step();
      }
      if (random.chance(0.03)) this.#breakOff();
      if (random.chance(0.05)) this.#life.durability.store?.wantCheckpoint();
      await this.#life.pass(random.chance(0.1) ? 100 : random.integer(6));
      for (const session of this.#connections) session.hear();
    }
  }

  #breakOff(): void {
    const at = this.#life.world.random.integer(CONNECTIONS);
    const [session] = this.#connections.splice(at, 1);
    session?.breakOff();
    this.#connect();
  }

  /** Everybody settles down, hears what is left, and goes. */
  async end(): Promise<void> {
    for (const session of this.#connections) session.calm();
    for (let round = 0; round < CALM_ROUNDS; round++) {
      await this.#life.pass(CALM_MS);
      for (const session of this.#connections) session.hear();
      if (!this.#connections.some((session) => session.isBusy)) break;
    }
    for (const session of this.#connections) session.ask();
    await this.#life.pass(CALM_MS);
    for (const session of this.#connections) session.hearAll();
    for (const session of this.#connections) session.breakOff();
    await this.#life.pass(CALM_MS);
  }
}
