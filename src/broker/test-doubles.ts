// For tests of this folder: a clock that stands still, numbers that count, and a queue that only remembers.

import type { Clock, Random } from "../env/env.ts";
import { nodeHashing } from "../env/node-hashing.ts";
import { Memory } from "../lib/memory.ts";
import { openAuthorizer, type User } from "./access/user.ts";
import { Broker, type BrokerOptions } from "./broker.ts";
import type { ConnectionIdentity } from "./connection-registry.ts";
import type { QueueFactory } from "./context.ts";
import { defaultLimits } from "./limits.ts";
import type { Engine } from "./ports.ts";
import { Enqueued, type Queue, type QueueDefinition } from "./queue/queue.ts";
import type { EffectiveSettings } from "./settings/effective.ts";

export class StillClock implements Clock {
  now = 1_700_000_000_000;
  nowMs(): number {
    return this.now;
  }
  monotonicMs(): number {
    return this.now;
  }
  setTimer(): object {
    return {};
  }
  clearTimer(): void {}
  nextTurn(): void {}
}

/** Bytes that count up, so that every name is another one. */
export class CountingRandom implements Random {
  #next = 0;
  fill(into: Uint8Array): void {
    this.#next++;
    for (let i = 0; i < into.length; i++) into[i] = (this.#next >> ((i % 4) * 8)) & 255;
  }
  integer(bound: number): number {
    this.#next++;
    return this.#next % bound;
  }
}

/** Counts what it is given; `outcome` is what publish answers. */
export class RecordingQueue {
  readonly kind = "queue";
  routeMark = 0;
  inTurn = false;
  readonly definition: QueueDefinition;
  settings: EffectiveSettings;
  received = 0;
  outcome: Enqueued = Enqueued.accepted;
  ready = 0;
  consumerCount = 0;
  touched = 0;
  state: Queue["state"] = "running";
  deletedBecause: string | undefined = undefined;
  lastSequence = 0;

  constructor(definition: QueueDefinition, settings: EffectiveSettings) {
    this.definition = definition;
    this.settings = settings;
  }

  get depth() {
    return { ready: this.ready };
  }
  publish(): Enqueued {
    this.received++;
    this.lastSequence++;
    return this.outcome;
  }
  touch(): void {
    this.touched++;
  }
  purge(): number {
    const purged = this.ready;
    this.ready = 0;
    return purged;
  }
  applySettings(settings: EffectiveSettings): void {
    this.settings = settings;
  }
  delete(reason: string): void {
    this.deletedBecause = reason;
    this.state = "deleted";
  }
}

export const recordingQueues: QueueFactory = (_vhost, definition, settings) =>
  new RecordingQueue(definition, settings) as unknown as Queue;

export function recording(queue: Queue): RecordingQueue {
  return queue as unknown as RecordingQueue;
}

/** Keeps nothing and never answers. */
function silentEngine(): Engine {
  const log = {
    position: 0,
    durablePosition: 0,
    congested: false,
    append: () => 0,
    commit() {},
    handler: { onDurable() {}, onRelieved() {}, onFailed() {} },
  };
  const pager = { capacityBytes: 0, write() {}, read() {}, release() {} };
  return { log, pager };
}

export function newTestBroker(options: Partial<BrokerOptions> = {}): Broker {
  return new Broker({
    clock: new StillClock(),
    random: new CountingRandom(),
    memory: new Memory({ arenaBytes: 16 * 1_048_576 }),
    engine: silentEngine(),
    limits: defaultLimits,
    nodeName: "rabbit@test",
    clusterName: "rabbit@test",
    createQueue: recordingQueues,
    hashing: nodeHashing,
    ...options,
  });
}

export function connectionNamed(name: string, user = "guest"): ConnectionIdentity {
  return { name, user, protocol: "AMQP 0-9-1", peer: { address: "127.0.0.1", port: 1 } };
}

/** Somebody who may do everything. */
export const anybody: User = { name: "guest", tags: [], authorizer: openAuthorizer };
