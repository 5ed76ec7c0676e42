// Opens a damaged store and judges: what was hit is found and named, what was not is all there, nothing is wrong.

import { InspectedContents } from "../../src/cli/inspect/contents.ts";
import type { FakeDisk } from "../../src/env/fake-disk.ts";
import { createCore } from "../../src/server/core.ts";
import type { Damage } from "../../src/store/damage.ts";
import { StoreRefusal } from "../../src/store/data-directory.ts";
import { inspect } from "../../src/store/inspection.ts";
import { MemoryEngine } from "../../src/store/memory-engine.ts";
import { definitionsOf } from "../simulation/clients.ts";
import { DIRECTORY, Life } from "../simulation/life.ts";
import type { DamageCase } from "./cases.ts";
import { contentsOf, type KnownStore } from "./stores.ts";

export interface VerdictOptions {
  /** Look with the inspection too. */
  readonly inspected: boolean;
  /** Stop and start once more. */
  readonly again: boolean;
}

/** Throws what is wrong. */
export async function judge(
  store: KnownStore,
  damage: DamageCase,
  options: VerdictOptions,
): Promise<void> {
  const disk = store.disk.copy();
  damage.apply(disk);
  const inspected = options.inspected ? await damageSeen(store, disk.copy()) : undefined;
  store.world.use(disk);
  store.world.notices.length = 0;
  const life = await startOf(store, damage);
  if (life === undefined) return;
  const contents = await contentsOf(life);
  const found = [...(life.durability.store?.damage ?? [])];
  if (life.report.torn) throw new Error("damage is taken for a write that was cut off");
  const isChanged = compare(store, damage, life, contents);
  if (isChanged && found.length === 0) throw new Error("something is missing, and nobody says so");
  checkNames(damage, found, "the log");
  for (const { file } of found) {
    if (!store.world.notices.some((notice) => notice.includes(file))) {
      throw new Error(`nobody is told of ${file}`);
    }
  }
  if (inspected !== undefined) {
    checkNames(damage, inspected, "the inspection");
    if (found.length > 0 && inspected.length === 0) throw new Error("the inspection sees nothing");
  }
  if (options.again) await startAgain(store, life, contents);
  else end(life);
}

/** Undefined when it may refuse, and does. */
async function startOf({ world }: KnownStore, damage: DamageCase): Promise<Life | undefined> {
  try {
    return await Life.start(world);
  } catch (error) {
    if (damage.mayRefuse === true && error instanceof StoreRefusal) return undefined;
    throw error;
  }
}

/** Whether the store is another one than it was. */
function compare(
  store: KnownStore,
  { unseen, ids }: DamageCase,
  life: Life,
  contents: ReadonlyMap<string, readonly number[]>,
): boolean {
  let isChanged = definitionsOf(life) !== store.definitions;
  if (isChanged && (unseen === true || ids !== undefined)) {
    throw new Error(`definitions are gone:\n${definitionsOf(life)}`);
  }
  for (const [queue, expected] of store.messages) {
    const found = contents.get(queue) ?? [];
    const missing = expected.filter((id) => !found.includes(id));
    const more = found.filter((id) => !expected.includes(id));
    const wrong = more.filter((id) => queue !== "a" || !store.settled.has(id));
    if (wrong.length > 0) throw new Error(`${queue} has ${wrong}, which were never there`);
    if (new Set(found).size !== found.length) throw new Error(`${queue} has messages twice`);
    if (found.some((id, i) => i > 0 && id < (found[i - 1] as number))) {
      throw new Error(`${queue} is out of order: ${found}`);
    }
    const tooMany = missing.filter((id) => ids !== undefined && !ids.includes(id));
    if (tooMany.length > 0) throw new Error(`${tooMany} are gone, which were not hit`);
    if (unseen === true && missing.length + more.length > 0) throw new Error("something changed");
    isChanged ||= missing.length + more.length > 0;
  }
  return isChanged;
}

function checkNames({ unseen, named }: DamageCase, found: readonly Damage[], where: string): void {
  if (unseen === true && found.length > 0) {
    throw new Error(`${where} says ${JSON.stringify(found)} of what nobody needs`);
  }
  if (named === undefined) return;
  const { file, offset } = named;
  const isNamed = found.some(
    (x) => x.file === file && x.fromOffset <= offset && offset < x.toOffset,
  );
  if (!isNamed) throw new Error(`${where} does not name it, but ${JSON.stringify(found)}`);
}

/** What `leveret inspect` would say. */
async function damageSeen(store: KnownStore, disk: FakeDisk): Promise<readonly Damage[]> {
  const { world } = store;
  world.use(disk);
  const before = imageOf(world.disk);
  const { clock, random, memory } = world;
  const broker = createCore({
    ...{ clock, random, memory },
    engine: new MemoryEngine({ memory, clock }),
    ...{ nodeName: "inspect", clusterName: "inspect" },
  });
  const handler = new InspectedContents(broker);
  try {
    const found = await clock.drive(
      inspect({ disk: world.disk, clock, random, memory, directory: DIRECTORY, handler }),
    );
    if (imageOf(world.disk) !== before) throw new Error("the inspection changed something");
    return found.damage;
  } catch (error) {
    if (!(error instanceof StoreRefusal)) throw error;
    return [{ file: "", fromOffset: 0, toOffset: 0, effect: error.message }];
  } finally {
    broker.timers.stop();
    broker.turn.stop();
  }
}

function imageOf(disk: FakeDisk): string {
  return disk
    .files()
    .map((path) => `${path} ${disk.bytesOf(path).length}`)
    .join();
}

/** What was found once stays found: the next start has the same, and no more of it is damaged. */
async function startAgain(
  { world }: KnownStore,
  life: Life,
  before: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  await life.stop();
  world.use(world.disk.copy());
  const next = await Life.start(world);
  const after = await contentsOf(next);
  if (JSON.stringify([...after]) !== JSON.stringify([...before])) {
    throw new Error(`a second start has ${JSON.stringify([...after])}`);
  }
  end(next);
}

function end({ broker }: Life): void {
  broker.timers.stop();
  broker.turn.stop();
}
