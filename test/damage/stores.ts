// The stores that are damaged: small ones of which every written bit is known, and one with several files of each kind.

import { EMPTY_TABLE } from "../../src/broker/message/field-table.ts";
import { Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import type { FakeDisk } from "../../src/env/fake-disk.ts";
import { bodyOf } from "../simulation/bodies.ts";
import { definitionsOf } from "../simulation/clients.ts";
import { takeAll } from "../simulation/contents.ts";
import { Life, World } from "../simulation/life.ts";

/** What a store holds, and how its disk looks. */
export interface KnownStore {
  readonly name: string;
  /** Where it is opened again. */
  readonly world: World;
  readonly disk: FakeDisk;
  readonly definitions: string;
  /** Ids by queue, in their order. */
  readonly messages: ReadonlyMap<string, readonly number[]>;
  /** Acknowledged: damage may bring them back. */
  readonly settled: ReadonlySet<number>;
  /** The log position just behind the entry of each message. */
  readonly positions: ReadonlyMap<number, number>;
}

interface Plan {
  readonly name: string;
  readonly logFileBytes: number;
  /** Bytes of the body, and the queue, of each message. */
  readonly messages: readonly (readonly [queue: string, bodyBytes: number])[];
  /** So many at the head of queue "a" are acknowledged. */
  readonly settledCount: number;
  readonly messagesPerWrite: number;
  readonly end: "stopped" | "killed";
}

const some = (count: number, bodyBytes: number) =>
  Array.from({ length: count }, (_, i) => [i % 4 === 3 ? "b" : "a", bodyBytes] as const);

const small = { logFileBytes: 49_152, messagesPerWrite: 4 };
/** At most 8 KiB are written. */
export const smallPlans: readonly Plan[] = [
  // All of it lies in the log.
  { ...small, name: "killed", messages: some(8, 60), settledCount: 2, end: "killed" },
  // All of it lies in a checkpoint and a segment.
  { ...small, name: "stopped", messages: some(4, 60), settledCount: 1, end: "stopped" },
];

/** A page of several stretches with checksums of their own. */
export const pagedPlan: Plan = {
  ...small,
  ...{ name: "paged", messages: some(16, 600), settledCount: 2, end: "stopped" },
};

/** Several log files and segments. */
export const largePlan: Plan = {
  name: "large",
  logFileBytes: 131_072,
  messages: Array.from({ length: 900 }, (_, i) => [i % 2 === 0 ? "a" : "b", 1_100] as const),
  settledCount: 2,
  messagesPerWrite: 60,
  end: "killed",
};

/** Makes the store of a plan; the same every time. */
export async function makeStore(plan: Plan): Promise<KnownStore> {
  const sizes = { smallestBytes: plan.logFileBytes, largestBytes: plan.logFileBytes };
  const world = new World(1, sizes);
  const life = await Life.start(world);
  const { access } = life;
  life.declare("a", true);
  life.declare("b", true);
  access.declareExchange({
    ...{ name: "x", type: "fanout", durable: true, autoDelete: false, internal: false },
    arguments: EMPTY_TABLE,
  });
  access.bindQueue({
    source: "x",
    destination: "b",
    routingKey: "",
    arguments: EMPTY_TABLE,
  });
  await life.pass(200);
  const positions = new Map<number, number>();
  let id = 0;
  for (const [queue, bodyBytes] of plan.messages) {
    life.messages.publish(access, {
      exchange: "",
      routingKey: queue,
      body: bodyOf(++id, bodyBytes),
      properties: { deliveryMode: 2 },
    });
    positions.set(id, life.position);
    if (id % plan.messagesPerWrite === 0) await life.pass(30);
  }
  await life.pass(30);
  const settled = await settleFirst(life, plan.settledCount);
  // Until an empty batch vouches for the last one.
  await life.pass(500);
  const messages = await contentsOf(life);
  const definitions = definitionsOf(life);
  if (plan.end === "stopped") await life.stop();
  const disk = world.disk.copy();
  return { name: plan.name, world, disk, definitions, messages, settled, positions };
}

async function settleFirst(life: Life, count: number): Promise<Set<number>> {
  const queue = life.access.vhost.queues.get("a") as Queue;
  const taken = await takeAll(life, queue);
  for (const [i, { sequence, location, bodySizeBytes, deliveryCount }] of taken.entries()) {
    const outcome = i < count ? Outcome.accept : Outcome.requeue;
    queue.settle(undefined, sequence, location, bodySizeBytes, outcome, deliveryCount);
  }
  return new Set(taken.slice(0, count).map((x) => x.id));
}

/** Ids in every queue, whose messages go back to their places. Throws when a byte of one is wrong. */
export async function contentsOf(life: Life): Promise<Map<string, number[]>> {
  const contents = new Map<string, number[]>();
  for (const [name, queue] of life.access.vhost.queues) {
    const found = await takeAll(life, queue);
    for (const { sequence, location, bodySizeBytes, deliveryCount } of found) {
      queue.settle(undefined, sequence, location, bodySizeBytes, Outcome.requeue, deliveryCount);
    }
    contents.set(
      name,
      found.map((x) => x.id),
    );
  }
  return contents;
}
