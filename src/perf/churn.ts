// Churn: how fast things come and go. Each worker has a connection and repeats one operation, one at a time.

import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { openConnection } from "./client/handshake.ts";
import { Histogram } from "./histogram.ts";
import { monotonicUs } from "./monotonic.ts";
import { ownCpuSeconds, processCpuSeconds } from "./process-usage.ts";
import type { Target } from "./target.ts";
import { openAll } from "./workers.ts";

export interface ChurnPlan {
  readonly target: Target;
  readonly kind: ChurnKind;
  /** Connections that work at the same time. */
  readonly workers: number;
  /** Durable queues (bindings of durable queues are durable). */
  readonly durable: boolean;
  readonly seconds: number;
  readonly brokerPid: number | undefined;
}

export interface ChurnResult {
  readonly seconds: number;
  /** Things made and unmade again. */
  readonly operations: number;
  readonly latency: Histogram;
  readonly clientCpuSeconds: number;
  readonly brokerCpuSeconds: number | undefined;
}

/** What one worker works with. */
interface Bench {
  readonly plan: ChurnPlan;
  readonly connection: ClientConnection;
  readonly channel: ClientChannel;
  readonly queue: string;
  count: number;
}

type Operation = (bench: Bench) => Promise<void>;

const operations = {
  connection: async ({ plan, queue }) => {
    const connection = await openConnection(plan.target, queue);
    await ClientChannel.open(connection, 1);
    await connection.close();
  },
  channel: async ({ connection }) => {
    const channel = await ClientChannel.open(connection, 2);
    await channel.close();
  },
  queue: async ({ plan, channel, queue, count }) => {
    await declareQueue(channel, `${queue}-${count}`, plan.durable);
    await deleteQueue(channel, `${queue}-${count}`);
  },
  bind: async ({ channel, queue, count }) => {
    const exchange = "amq.topic";
    const routingKey = `${queue}.key.${count}`;
    const table = { arguments: EMPTY_TABLE };
    await channel.call(
      { name: "queue.bind", queue, exchange, routingKey, noWait: false, ...table },
      "queue.bind-ok",
    );
    await channel.call(
      { name: "queue.unbind", queue, exchange, routingKey, ...table },
      "queue.unbind-ok",
    );
  },
  consumer: async ({ channel, queue }) => {
    const answer = await channel.call(
      {
        name: "basic.consume",
        queue,
        consumerTag: "",
        noLocal: false,
        noAck: true,
        exclusive: false,
        noWait: false,
        arguments: EMPTY_TABLE,
      },
      "basic.consume-ok",
    );
    await channel.call(
      { name: "basic.cancel", consumerTag: answer.consumerTag, noWait: false },
      "basic.cancel-ok",
    );
  },
} satisfies Record<string, Operation>;

export type ChurnKind = keyof typeof operations;
export const churnKinds = Object.keys(operations) as readonly ChurnKind[];

/** Repeats the operation with every worker until the time is over. */
export async function runChurn(
  plan: ChurnPlan,
  onInterval: (operationsPerSecond: number) => void,
): Promise<ChurnResult> {
  const latency = new Histogram();
  const prefix = `perf-churn-${process.pid}`;
  const benches = await openAll(plan.workers, (index) => openBench(plan, `${prefix}-${index}`));
  const startedUs = monotonicUs();
  const own = ownCpuSeconds();
  const broker = brokerCpu(plan);
  const endUs = startedUs + plan.seconds * 1e6;
  let before = 0;
  const ticker = setInterval(() => {
    onInterval(latency.count - before);
    before = latency.count;
  }, 1000);
  try {
    await Promise.all(benches.map((bench) => work(bench, endUs, latency)));
  } finally {
    clearInterval(ticker);
  }
  const result: ChurnResult = {
    seconds: (monotonicUs() - startedUs) / 1e6,
    operations: latency.count,
    latency,
    clientCpuSeconds: ownCpuSeconds() - own,
    brokerCpuSeconds: broker === undefined ? undefined : brokerCpu(plan)! - broker,
  };
  await Promise.all(benches.map(closeBench));
  return result;
}

async function work(bench: Bench, endUs: number, latency: Histogram): Promise<void> {
  const operation: Operation = operations[bench.plan.kind];
  let fromUs = monotonicUs();
  while (fromUs < endUs) {
    await operation(bench);
    bench.count++;
    const toUs = monotonicUs();
    latency.record(toUs - fromUs, 1);
    fromUs = toUs;
  }
}

function brokerCpu({ brokerPid }: ChurnPlan): number | undefined {
  return brokerPid === undefined ? undefined : processCpuSeconds(brokerPid);
}

async function openBench(plan: ChurnPlan, queue: string): Promise<Bench> {
  const connection = await openConnection(plan.target, queue);
  const channel = await ClientChannel.open(connection, 1);
  await declareQueue(channel, queue, plan.durable);
  return { plan, connection, channel, queue, count: 0 };
}

async function closeBench({ channel, connection, queue }: Bench): Promise<void> {
  await deleteQueue(channel, queue);
  await connection.close();
}

/** Declares a queue without arguments. */
export async function declareQueue(
  channel: ClientChannel,
  queue: string,
  durable: boolean,
): Promise<void> {
  await channel.call(
    {
      name: "queue.declare",
      queue,
      passive: false,
      durable,
      exclusive: false,
      autoDelete: false,
      noWait: false,
      arguments: EMPTY_TABLE,
    },
    "queue.declare-ok",
  );
}

export async function deleteQueue(channel: ClientChannel, queue: string): Promise<void> {
  await channel.call(
    { name: "queue.delete", queue, ifUnused: false, ifEmpty: false, noWait: false },
    "queue.delete-ok",
  );
}
