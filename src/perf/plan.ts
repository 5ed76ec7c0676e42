// What a throughput or latency run does, checked and with its defaults filled in.

import type { FieldTable } from "../broker/message/field-table.ts";
import type { MessageProperties } from "../broker/message/message-properties.ts";
import type { RateSchedule } from "./rate-schedule.ts";
import type { StepSchedule } from "./step-schedule.ts";
import type { Target } from "./target.ts";

export interface QueuePlan {
  readonly names: readonly string[];
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  readonly arguments: FieldTable;
  /** They exist; neither declare, purge nor delete them. */
  readonly predeclared: boolean;
  /** Empty them before the run. */
  readonly purge: boolean;
  /** Delete them afterwards. */
  readonly remove: boolean;
}

export interface ExchangePlan {
  /** "" is the default exchange: the routing key is the queue's name. */
  readonly name: string;
  readonly type: string;
  /** One key for all; undefined: each queue is bound with its own name. */
  readonly routingKey: string | undefined;
  /** Each message's key ends in a number of its own. */
  readonly varyKey: boolean;
  /** What queues are bound with instead of the key they are published to with. */
  readonly bindingKey: string | undefined;
}

export interface PublishPlan {
  readonly connections: number;
  readonly channels: number;
  readonly sizeBytes: number;
  /** Instead of the one size. */
  readonly sizes: StepSchedule | undefined;
  /** Instead of bodies of our own, in turn: they carry no number and no time, so order and latency are not measured. */
  readonly bodies: readonly Uint8Array[] | undefined;
  readonly randomBody: boolean;
  readonly properties: MessageProperties;
  readonly mandatory: boolean;
  /** Of each publisher; undefined = as many as possible. */
  readonly rate: RateSchedule | undefined;
  /** Unconfirmed messages allowed; undefined = no confirms. */
  readonly confirmWindow: number | undefined;
  /** The run fails when the oldest unconfirmed message has waited longer. */
  readonly confirmTimeoutSeconds: number;
  /** Messages of each publisher; Infinity = the time decides. */
  readonly messages: number;
  readonly lagMax: number;
  /** Bytes encoded ahead and sent with one write. */
  readonly batchBytes: number;
}

/** Acknowledged, or refused and dropped (or dead-lettered), or put back. */
export type Settlement = "ack" | "reject" | "requeue";

export interface ConsumePlan {
  readonly connections: number;
  readonly channels: number;
  readonly autoAck: boolean;
  /** How deliveries are settled. */
  readonly settlement: Settlement;
  readonly ackEvery: number;
  /** 0 = no limit. */
  readonly prefetch: number;
  readonly channelPrefetch: number;
  readonly ratePerSecond: number;
  /** Messages of each consumer; Infinity = the time decides. */
  readonly messages: number;
  readonly arguments: FieldTable;
  /** Microseconds that each consumer works on each message; undefined = none. */
  readonly workUs: StepSchedule | undefined;
  readonly polling: boolean;
  readonly pollingPauseMs: number;
}

export interface LoadPlan {
  /** Where queues are made and asked. */
  readonly target: Target;
  /** Where publishers and consumers connect, in turn. */
  readonly targets: readonly Target[];
  readonly id: string;
  /** 1 to 65,535, in every body: messages of other runs are not checked for order. */
  readonly runNumber: number;
  readonly queues: QueuePlan;
  readonly exchange: ExchangePlan;
  readonly publish: PublishPlan;
  readonly consume: ConsumePlan;
  /** Not counted, before the measured time. */
  readonly warmUpSeconds: number;
  /** Measured time; Infinity = until the counts are reached. */
  readonly seconds: number;
  readonly intervalSeconds: number;
  /** The run is over when consumers get nothing more, or when the queues are empty. */
  readonly exitWhen: "idle" | "empty" | undefined;
  /** Process to watch as "the broker". */
  readonly brokerPid: number | undefined;
}

/** How many copies of each message the queues get together. */
export function copiesPerMessage({ queues, exchange }: LoadPlan): number {
  if (exchange.name === "") return 1;
  const reachesAll = exchange.type === "fanout" || exchange.routingKey !== undefined;
  return reachesAll ? queues.names.length : 1;
}
