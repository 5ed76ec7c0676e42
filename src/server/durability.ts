// Puts a broker on its engine: memory alone, or the store in a data directory, from which it hears what was before.

import type { Broker } from "../broker/broker.ts";
import { definitionHead, definitionSections } from "../broker/definitions/export.ts";
import { BrokerCheckpoint } from "../broker/journal/checkpoint-source.ts";
import { Replay } from "../broker/journal/replay.ts";
import type { Engine } from "../broker/ports.ts";
import type { Clock, Disk, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { type ApiJson, toJsonText } from "../management/api-json.ts";
import type { LogFileSizes } from "../store/log-files.ts";
import { MemoryEngine } from "../store/memory-engine.ts";
import { type RecoveryReport, Store } from "../store/store.ts";
import { LEVERET_VERSION, RABBITMQ_LEVEL } from "../version.ts";

export interface DurabilityOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly disk: Disk;
  readonly directory: string;
  readonly logFileSizes?: LogFileSizes;
  readonly segmentBytes?: number;
  /** Space kept so that a full disk can be drained. */
  readonly reserveBytes?: number;
  /** One sentence people should know: damage, trouble that passes. */
  readonly onNotice: (text: string) => void;
}

/** What a broker runs on, and how it starts and ends. */
export interface Durability {
  readonly engine: Engine;
  /** The store behind it; undefined in memory. */
  readonly store: Store | undefined;
  /** Brings back what was. To be called once, before anybody uses the broker. */
  recover(broker: Broker): Promise<RecoveryReport | undefined>;
  /** Afterwards everything is on disk, and the next start is quick. */
  close(): Promise<void>;
}

/** So many definitions are put into words in one slice: about a millisecond. */
const DEFINITIONS_PER_SLICE = 128;

/** For people and other tools, in RabbitMQ's format; never read at start. */
function* definitionsFile(broker: Broker): Generator<void, string> {
  const facts = {
    rabbitVersion: RABBITMQ_LEVEL,
    productName: "Leveret",
    productVersion: LEVERET_VERSION,
  };
  const pieces = [toJsonText(definitionHead(broker, facts, undefined) as ApiJson).slice(0, -1)];
  let inSlice = 0;
  for (const [section, objects] of definitionSections(broker, undefined)) {
    pieces.push(`,"${section}":[`);
    let separator = "";
    for (const object of objects) {
      pieces.push(separator, toJsonText(object as ApiJson));
      separator = ",";
      if (++inSlice % DEFINITIONS_PER_SLICE === 0) yield;
    }
    pieces.push("]");
  }
  pieces.push("}");
  return pieces.join("");
}

/** A broker that restarts empty. */
export function inMemory(options: { readonly memory: Memory; readonly clock: Clock }): Durability {
  return {
    engine: new MemoryEngine(options),
    store: undefined,
    recover: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

/** A broker on a data directory. Rejects with a StoreRefusal when the directory is not to be used. */
export async function onDisk(options: DurabilityOptions): Promise<Durability> {
  const store = await Store.open(options);
  return {
    engine: store,
    store,
    recover: async (broker) => {
      store.onDiskFull = (isFull) => {
        if (isFull) broker.alarms.set("disk", "the disk is full", "store");
        else broker.alarms.clear("disk", "store");
      };
      const replay = new Replay(broker);
      const report = await store.replay(replay);
      replay.end();
      store.begin(new BrokerCheckpoint(broker, () => definitionsFile(broker)));
      return report;
    },
    close: () => store.close(),
  };
}
