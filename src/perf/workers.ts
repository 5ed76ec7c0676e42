// Opens the publishers and consumers of a run, each on a channel of its own.

import { AckBatch } from "./ack-batch.ts";
import { BatchSchedule } from "./batch-schedule.ts";
import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { openConnection } from "./client/handshake.ts";
import { ConfirmWindow } from "./confirm-window.ts";
import { Consumer } from "./consumer.ts";
import type { LoadPlan } from "./plan.ts";
import { Poller } from "./poller.ts";
import { Publisher } from "./publisher.ts";
import { SequenceCheck } from "./sequence-check.ts";
import type { Tally } from "./tally.ts";

const CONSUMER_TAG = "c";
/** Connections opened at the same time. */
const OPENING_MAX = 32;

export interface RunningConsumer {
  readonly consumer: Consumer;
  readonly channel: ClientChannel;
  start(): Promise<void>;
  /** No more deliveries; what has arrived is acknowledged. */
  stop(): Promise<void>;
}

/** Runs `open` for 0 to count - 1, a few at a time, and answers the results in order. */
export async function openAll<Result>(
  count: number,
  open: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(count);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(OPENING_MAX, count) }, worker));
  return results;
}

export function openConnections(
  plan: LoadPlan,
  count: number,
  role: string,
): Promise<ClientConnection[]> {
  const { targets } = plan;
  return openAll(count, (index) => {
    const target = targets[index % targets.length]!;
    return openConnection(target, `${plan.id} ${role} ${index}`);
  });
}

export async function openPublishers(
  plan: LoadPlan,
  connections: readonly ClientConnection[],
  run: number,
  tally: Tally,
): Promise<Publisher[]> {
  const { publish } = plan;
  return openAll(connections.length * publish.channels, async (index) => {
    const connection = connections[Math.floor(index / publish.channels)]!;
    const channel = await ClientChannel.open(connection, 1 + (index % publish.channels));
    const window =
      publish.confirmWindow === undefined ? undefined : new ConfirmWindow(publish.confirmWindow);
    if (window !== undefined) {
      await channel.call({ name: "confirm.select", noWait: false }, "confirm.select-ok");
    }
    const { frameMax } = connection;
    const place = { channel: channel.number, frameMax, run, publisher: index };
    const batches = new BatchSchedule(shapeFor(plan, index), place, publish);
    const limits = {
      messages: publish.messages,
      rate: publish.rate,
      lagMax: publish.lagMax,
    };
    return new Publisher(channel, batches, window, limits, tally);
  });
}

function shapeFor(plan: LoadPlan, index: number) {
  const { publish, exchange, queues } = plan;
  const queue = queues.names[index % queues.names.length]!;
  return {
    exchange: exchange.name,
    routingKey: exchange.routingKey ?? queue,
    varyKey: exchange.varyKey,
    mandatory: publish.mandatory,
    properties: publish.properties,
    sizeBytes: publish.sizeBytes,
    randomBody: publish.randomBody,
    bodies: publish.bodies,
  };
}

export async function openConsumers(
  plan: LoadPlan,
  connections: readonly ClientConnection[],
  run: number,
  tally: Tally,
): Promise<RunningConsumer[]> {
  const { consume, queues } = plan;
  const count = connections.length * consume.channels;
  const isAlone = count <= queues.names.length;
  return openAll(count, async (index) => {
    const connection = connections[Math.floor(index / consume.channels)]!;
    const channel = await ClientChannel.open(connection, 1 + (index % consume.channels));
    await setPrefetch(channel, consume.prefetch, false);
    await setPrefetch(channel, consume.channelPrefetch, true);
    const ackEvery = ackEveryWithin(plan);
    const acks = consume.autoAck
      ? undefined
      : new AckBatch(connection, channel.number, ackEvery > 1, consume.settlement);
    const { ratePerSecond, workUs } = consume;
    const options = { acks, ackEvery, ratePerSecond, workUs };
    const check = new SequenceCheck(run, isAlone, tally);
    const consumer = new Consumer(channel, options, check, tally);
    const queue = queues.names[index % queues.names.length]!;
    return consume.polling
      ? pollingConsumer(plan, consumer, channel, queue)
      : pushedConsumer(plan, consumer, channel, queue);
  });
}

/** Waiting for more deliveries than the prefetch allows would wait for ever. */
function ackEveryWithin({ consume }: LoadPlan): number {
  const limits = [consume.prefetch, consume.channelPrefetch].filter((limit) => limit > 0);
  return Math.min(consume.ackEvery, ...limits);
}

async function setPrefetch(
  channel: ClientChannel,
  prefetchCount: number,
  global: boolean,
): Promise<void> {
  if (prefetchCount === 0) return;
  await channel.call({ name: "basic.qos", prefetchSize: 0, prefetchCount, global }, "basic.qos-ok");
}

function pushedConsumer(
  plan: LoadPlan,
  consumer: Consumer,
  channel: ClientChannel,
  queue: string,
): RunningConsumer {
  return {
    consumer,
    channel,
    async start() {
      await channel.call(
        {
          name: "basic.consume",
          queue,
          consumerTag: CONSUMER_TAG,
          noLocal: false,
          noAck: plan.consume.autoAck,
          exclusive: false,
          noWait: false,
          arguments: plan.consume.arguments,
        },
        "basic.consume-ok",
      );
    },
    async stop() {
      await channel.call(
        { name: "basic.cancel", consumerTag: CONSUMER_TAG, noWait: false },
        "basic.cancel-ok",
      );
      consumer.ackRest();
    },
  };
}

function pollingConsumer(
  plan: LoadPlan,
  consumer: Consumer,
  channel: ClientChannel,
  queue: string,
): RunningConsumer {
  const { autoAck, pollingPauseMs } = plan.consume;
  const poller = new Poller(channel, consumer, {
    queue,
    noAck: autoAck,
    emptyPauseMs: pollingPauseMs,
  });
  return {
    consumer,
    channel,
    async start() {
      poller.ask();
    },
    async stop() {
      poller.stop();
      consumer.ackRest();
    },
  };
}
