// The broker without sockets: core, queues, journal put together on an engine. Server, test kit and simulation start here.

import { Broker } from "./broker/broker.ts";
import { Journal } from "./broker/journal.ts";
import { defaultLimits, type Limits } from "./broker/limits.ts";
import type { Engine } from "./broker/ports.ts";
import type { QueueContext } from "./broker/queue/context.ts";
import { createQueue } from "./broker/queue/work-queue.ts";
import type { Clock, Random } from "./env/env.ts";
import { nodeHashing } from "./env/node-hashing.ts";
import { nodePatternRunner } from "./env/node-pattern-runner.ts";
import type { Memory } from "./lib/memory.ts";

export interface CoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly engine: Engine;
  readonly limits?: Partial<Limits>;
  /** "rabbit@host", as shown. */
  readonly nodeName: string;
  readonly clusterName: string;
}

/** A broker with nothing in it: no vhost, no user. */
export function createCore(options: CoreOptions): Broker {
  const { clock, random, memory, engine, nodeName, clusterName } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const journal = new Journal(engine.log, memory.arena);
  const broker: Broker = new Broker({
    clock,
    random,
    memory,
    engine,
    limits,
    nodeName,
    clusterName,
    journal,
    hashing: nodeHashing,
    patternRunner: nodePatternRunner,
    createQueue: (vhost, definition, settings) => {
      const context: QueueContext = {
        memory,
        turn: broker.turn,
        clock,
        timers: broker.timers,
        limits,
        journal,
        pager: engine.pager,
        bodies: broker.bodies,
        keeper: vhost,
        deadLetters: { move: () => true },
      };
      return createQueue(context, definition, settings);
    },
  });
  return broker;
}
