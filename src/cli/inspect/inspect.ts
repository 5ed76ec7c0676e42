// `leveret inspect`: what a data directory holds, and what is wrong with it. Changes nothing, also beside a running
// broker; the exit code tells damage.

import type { Broker } from "../../broker/broker.ts";
import { exportDefinitions } from "../../broker/definitions/export.ts";
import { DiskError } from "../../env/env.ts";
import { nodeClock, nodeRandom } from "../../env/node-clock.ts";
import { NodeDisk } from "../../env/node-disk.ts";
import { lockHolder } from "../../env/node-lock.ts";
import { Memory } from "../../lib/memory.ts";
import { type ApiJson, toJsonText } from "../../management/api-json.ts";
import { createCore } from "../../server/core.ts";
import { StoreRefusal } from "../../store/data-directory.ts";
import { type Inspection, inspect } from "../../store/inspection.ts";
import { MemoryEngine } from "../../store/memory-engine.ts";
import { LEVERET_VERSION, RABBITMQ_LEVEL } from "../../version.ts";
import { InspectedContents } from "./contents.ts";
import { reportText } from "./report.ts";

/** sysexits' EX_DATAERR: there is damage. */
const EXIT_DAMAGE = 65;
/** EX_NOINPUT: no data directory, or none that this version can read. */
const EXIT_NOTHING = 66;
const ARENA_BYTES = 16 * 1_048_576;
/** A running broker may give log files up while they are read. */
const ATTEMPTS_MAX = 5;

/** One queue as it would be after a start. */
export interface InspectedQueue {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly messages: number;
}

/** Everything that is printed. */
export interface Report extends Inspection {
  readonly directory: string;
  /** The process that runs on it now. */
  readonly usedByProcess: number | undefined;
  /** The broker went on so fast that no two looks saw the same: what is called damage may be none. */
  readonly unsteady: boolean;
  readonly queues: readonly InspectedQueue[];
  /** As RabbitMQ's tools export them. */
  readonly definitions: Record<string, ApiJson>;
}

/** Prints the report and answers the exit code. */
export async function inspectDirectory(
  directory: string,
  format: "table" | "json",
): Promise<number> {
  try {
    const report = await steadyReport(directory);
    const text = format === "json" ? `${toJsonText(jsonOf(report))}\n` : reportText(report);
    process.stdout.write(text);
    return report.damage.length > 0 && !report.unsteady ? EXIT_DAMAGE : 0;
  } catch (error) {
    if (!(error instanceof StoreRefusal) && !(error instanceof DiskError)) throw error;
    const isDamage = error instanceof StoreRefusal && error.code === "damaged";
    process.stderr.write(`leveret: ${error.message}\n`);
    return isDamage ? EXIT_DAMAGE : EXIT_NOTHING;
  }
}

async function steadyReport(directory: string): Promise<Report> {
  for (let attempt = 1; ; attempt++) {
    const report = await reportOf(directory);
    if (report.usedByProcess === undefined || report.damage.length === 0) return report;
    const again = await reportOf(directory);
    const isSteady = JSON.stringify(again.damage) === JSON.stringify(report.damage);
    if (isSteady) return again;
    if (attempt === ATTEMPTS_MAX) return { ...again, unsteady: true };
  }
}

async function reportOf(directory: string): Promise<Report> {
  const memory = new Memory({ arenaBytes: ARENA_BYTES });
  const disk = new NodeDisk(memory.arena);
  if ((await disk.stat(directory)) === undefined) {
    throw new DiskError("ENOENT", `${directory} is not there`);
  }
  const usedByProcess = await lockHolder(directory);
  const broker = emptyBroker(memory);
  const contents = new InspectedContents(broker);
  const found = await inspect({
    ...{ disk, memory, directory },
    ...{ clock: nodeClock, random: nodeRandom, handler: contents },
  });
  if (found.isNew) {
    throw new StoreRefusal("foreign", `${directory} is not a Leveret data directory: it is empty`);
  }
  contents.end();
  broker.timers.stop();
  broker.turn.stop();
  const queues = [...broker.vhosts.values()].flatMap((vhost) =>
    [...vhost.queues.values()].map(({ definition }) => ({
      vhost: vhost.name,
      name: definition.name,
      type: definition.type.name,
      messages: contents.messagesIn(definition.number),
    })),
  );
  return {
    ...found,
    ...{ directory, usedByProcess, unsteady: false, queues },
    definitions: definitionsOf(broker),
  };
}

/** A broker that only holds definitions. */
function emptyBroker(memory: Memory): Broker {
  return createCore({
    clock: nodeClock,
    random: nodeRandom,
    memory,
    engine: new MemoryEngine({ memory, clock: nodeClock }),
    nodeName: "inspect",
    clusterName: "inspect",
  });
}

function definitionsOf(broker: Broker): Record<string, ApiJson> {
  const facts = {
    rabbitVersion: RABBITMQ_LEVEL,
    productName: "Leveret",
    productVersion: LEVERET_VERSION,
  };
  const { explanation, original_cluster_name, ...definitions } = exportDefinitions(broker, facts);
  return definitions as Record<string, ApiJson>;
}

/** Ends of files are numbers in JSON too. */
function jsonOf(report: Report): ApiJson {
  const damage = report.damage.map((x) => ({
    ...x,
    toOffset: Number.isFinite(x.toOffset) ? x.toOffset : null,
  }));
  return { ...report, damage } as unknown as ApiJson;
}
