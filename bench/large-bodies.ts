// Several very large messages at once, each on its own connection, through one queue each and back.

import { EMPTY_TABLE } from "../src/broker/message/field-table.ts";
import { ClientChannel } from "../src/perf/client/channel.ts";
import type { ClientConnection } from "../src/perf/client/connection.ts";
import { openConnection } from "../src/perf/client/handshake.ts";
import { Consumer } from "../src/perf/consumer.ts";
import { MessageBatch } from "../src/perf/message-batch.ts";
import { monotonicUs } from "../src/perf/monotonic.ts";
import { SequenceCheck } from "../src/perf/sequence-check.ts";
import { Tally } from "../src/perf/tally.ts";
import { parseTarget } from "../src/perf/target.ts";

export interface LargeBodies {
  readonly count: number;
  readonly sizeBytes: number;
}

/** Bytes handed to a socket at once: nothing that large is copied on this side either. */
const PIECE_BYTES = 1 << 20;
const PATIENCE_MS = 120_000;

/** Resolves with the seconds from the first byte sent to the last one received; rejects when some are missing. */
export async function publishLargeBodies(
  uri: string,
  { count, sizeBytes }: LargeBodies,
): Promise<number> {
  const target = parseTarget(uri);
  const queues = Array.from({ length: count }, (_, index) => `large-${index}`);
  const tally = new Tally();
  const connections: ClientConnection[] = [];
  const control = await openConnection(target, "large bodies");
  connections.push(control);
  const channel = await ClientChannel.open(control, 1);
  for (const queue of queues) await makeQueue(channel, queue);
  for (const queue of queues) {
    const connection = await openConnection(target, `consumer of ${queue}`);
    connections.push(connection);
    await consume(connection, queue, tally);
  }
  const startedUs = monotonicUs();
  const senders: Promise<void>[] = [];
  for (const queue of queues) {
    const connection = await openConnection(target, `publisher to ${queue}`);
    connections.push(connection);
    await ClientChannel.open(connection, 1);
    senders.push(send(connection, encoded(queue, sizeBytes, connection.frameMax)));
  }
  await Promise.all(senders);
  await arrived(tally, count, sizeBytes, connections);
  const seconds = (monotonicUs() - startedUs) / 1e6;
  for (const queue of queues) {
    await channel.call(
      { name: "queue.delete", queue, ifUnused: false, ifEmpty: false, noWait: false },
      "queue.delete-ok",
    );
  }
  for (const connection of connections) connection.destroy();
  return seconds;
}

let template: { readonly bytes: Uint8Array; readonly queue: string } | undefined;

/** One message for that queue. All queue names are equally long, so one encoded body serves them all. */
function encoded(queue: string, sizeBytes: number, frameMax: number): Uint8Array[] {
  const shape = {
    exchange: "",
    routingKey: queue,
    varyKey: false,
    mandatory: false,
    properties: {},
    sizeBytes,
    randomBody: false,
  };
  const place = { channel: 1, frameMax, run: 1, publisher: 1 };
  template ??= { bytes: new MessageBatch(shape, place, 0).fill(1, 1, 0), queue };
  const head = new MessageBatch({ ...shape, sizeBytes: 0 }, place, 0).fill(1, 1, 0);
  const methodBytes = new DataView(head.buffer).getUint32(3) + 8;
  return [head.slice(0, methodBytes), template.bytes.subarray(methodBytes)];
}

async function send(connection: ClientConnection, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    for (let from = 0; from < part.length; from += PIECE_BYTES) {
      connection.write(part.subarray(from, from + PIECE_BYTES));
      while (connection.isBusy) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function makeQueue(channel: ClientChannel, queue: string): Promise<void> {
  await channel.call(
    {
      name: "queue.declare",
      queue,
      passive: false,
      durable: false,
      exclusive: false,
      autoDelete: false,
      noWait: false,
      arguments: EMPTY_TABLE,
    },
    "queue.declare-ok",
  );
}

async function consume(connection: ClientConnection, queue: string, tally: Tally): Promise<void> {
  const channel = await ClientChannel.open(connection, 1);
  const options = { acks: undefined, ackEvery: 1, ratePerSecond: 0 };
  new Consumer(channel, options, new SequenceCheck(1, true, tally), tally);
  await channel.call(
    {
      name: "basic.consume",
      queue,
      consumerTag: "c",
      noLocal: false,
      noAck: true,
      exclusive: false,
      noWait: false,
      arguments: EMPTY_TABLE,
    },
    "basic.consume-ok",
  );
}

async function arrived(
  tally: Tally,
  count: number,
  sizeBytes: number,
  connections: readonly ClientConnection[],
): Promise<void> {
  let failure: Error | undefined;
  for (const connection of connections) {
    connection.onFailure = (error) => {
      failure ??= error;
    };
  }
  const untilUs = monotonicUs() + PATIENCE_MS * 1e3;
  while (tally.received < count) {
    if (failure !== undefined) throw failure;
    if (monotonicUs() > untilUs) throw new Error(`${tally.received} of ${count} bodies arrived`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (tally.receivedBytes !== count * sizeBytes) throw new Error("bodies came back shortened");
}
