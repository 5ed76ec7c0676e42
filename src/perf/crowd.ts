// Crowds: many idle connections, channels, queues or bindings, and what each costs the broker in memory.

import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { declareQueue, deleteQueue } from "./churn.ts";
import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { openConnection } from "./client/handshake.ts";
import { monotonicUs } from "./monotonic.ts";
import { processMemory } from "./process-usage.ts";
import type { Target } from "./target.ts";
import { openAll } from "./workers.ts";

export interface CrowdPlan {
  readonly target: Target;
  readonly kind: CrowdKind;
  /** How many to make. */
  readonly count: number;
  /** Channels on each idle connection. */
  readonly channels: number;
  readonly durable: boolean;
  /** Connections that make queues or bindings at the same time. */
  readonly workers: number;
  /** How long to keep them before looking at the memory. */
  readonly holdSeconds: number;
  readonly brokerPid: number | undefined;
}

export interface CrowdResult {
  readonly wanted: number;
  /** Fewer than wanted when a limit was met. */
  readonly made: number;
  readonly seconds: number;
  /** Resident memory of the broker for each, or undefined. */
  readonly bytesEach: number | undefined;
  /** Why no more were made. */
  readonly stoppedBy: string | undefined;
}

interface Made {
  count: number;
  stoppedBy: string | undefined;
  readonly connections: ClientConnection[];
}

type Maker = (plan: CrowdPlan, made: Made) => Promise<() => Promise<void>>;

/** Requests each channel has under way: answers come in order. */
const PIPELINED = 16;
const PREFIX = `perf-crowd-${process.pid}`;
const nothing = async (): Promise<void> => {};

const makers = {
  connection: async (plan, made) => {
    await openAll(plan.count, async (index) => {
      if (made.stoppedBy !== undefined) return;
      try {
        const connection = await openConnection(plan.target, `${PREFIX} ${index}`);
        made.connections.push(connection);
        for (let number = 1; number <= plan.channels; number++) {
          await ClientChannel.open(connection, number);
        }
        made.count++;
      } catch (error) {
        made.stoppedBy ??= (error as Error).message;
      }
    });
    return nothing;
  },
  queue: async (plan, made) => {
    const channels = await workerChannels(plan, made);
    await share(plan, channels, made, (channel, index) =>
      declareQueue(channel, `${PREFIX}-${index}`, plan.durable),
    );
    return () =>
      share(plan, channels, undefined, (channel, index) =>
        deleteQueue(channel, `${PREFIX}-${index}`),
      );
  },
  binding: async (plan, made) => {
    const channels = await workerChannels(plan, made);
    await declareQueue(channels[0]!, PREFIX, plan.durable);
    await share(plan, channels, made, async (channel, index) => {
      await channel.call(
        {
          name: "queue.bind",
          queue: PREFIX,
          exchange: "amq.topic",
          routingKey: `crowd.${index % 1000}.*.${index}`,
          noWait: false,
          arguments: EMPTY_TABLE,
        },
        "queue.bind-ok",
      );
    });
    return () => deleteQueue(channels[0]!, PREFIX);
  },
} satisfies Record<string, Maker>;

export type CrowdKind = keyof typeof makers;
export const crowdKinds = Object.keys(makers) as readonly CrowdKind[];

/** Makes the crowd, looks, and takes it away again (`keep`: runs with the crowd in place before that). */
export async function runCrowd(
  plan: CrowdPlan,
  keep: () => Promise<void> = nothing,
): Promise<CrowdResult> {
  const made: Made = { count: 0, stoppedBy: undefined, connections: [] };
  const before = residentBytes(plan);
  const startedUs = monotonicUs();
  const maker: Maker = makers[plan.kind];
  const remove = await maker(plan, made);
  const seconds = (monotonicUs() - startedUs) / 1e6;
  if (made.stoppedBy !== undefined && plan.kind === "connection" && made.count > 1) {
    // This process may have no descriptor left, and looking at the broker's memory takes one.
    made.connections.pop()?.destroy();
    made.count--;
  }
  await new Promise((resolve) => setTimeout(resolve, plan.holdSeconds * 1e3));
  const after = residentBytes(plan);
  await keep();
  await remove();
  for (const connection of made.connections) connection.destroy();
  return {
    wanted: plan.count,
    made: made.count,
    seconds,
    bytesEach:
      before === undefined || after === undefined ? undefined : (after - before) / made.count,
    stoppedBy: made.stoppedBy,
  };
}

function workerChannels(plan: CrowdPlan, made: Made): Promise<ClientChannel[]> {
  return openAll(plan.workers, async (index) => {
    const connection = await openConnection(plan.target, `${PREFIX} worker ${index}`);
    made.connections.push(connection);
    return ClientChannel.open(connection, 1);
  });
}

/** Runs `make` for 0 to count - 1, shared among the channels. */
async function share(
  { count }: CrowdPlan,
  channels: readonly ClientChannel[],
  made: Made | undefined,
  make: (channel: ClientChannel, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (channel: ClientChannel): Promise<void> => {
    while (next < count) {
      await make(channel, next++);
      if (made !== undefined) made.count++;
    }
  };
  const workers = channels.flatMap((channel) => Array<ClientChannel>(PIPELINED).fill(channel));
  await Promise.all(workers.map(work));
}

function residentBytes({ brokerPid }: CrowdPlan): number | undefined {
  return brokerPid === undefined ? undefined : processMemory(brokerPid)?.residentBytes;
}
