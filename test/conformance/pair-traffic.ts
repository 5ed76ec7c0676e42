// Messages between channels, exchanges and queues, and what the HTTP API tells of each pair of them.

import type { ChannelModel } from "amqplib";

/** The answer to a GET below /api. */
export type Get = (path: string) => Promise<unknown>;

const ROUNDS = 10;
const EXCHANGES = ["x.f", "x.h", "x.g", "amq.default"];
const QUEUES = ["q1", "q2", "empty"];
const LISTS = ["incoming", "outgoing", "deliveries", "publishes"];

/** One channel publishes to four exchanges, another consumes from one queue and gets from two. */
export async function runTraffic(connection: ChannelModel): Promise<void> {
  const publisher = await connection.createConfirmChannel();
  await publisher.assertExchange("x.f", "fanout");
  await publisher.assertExchange("x.h", "headers");
  await publisher.assertExchange("x.g", "fanout");
  for (const queue of QUEUES) await publisher.assertQueue(queue);
  await publisher.bindQueue("q1", "x.f", "");
  await publisher.bindQueue("q2", "x.f", "");
  await publisher.bindQueue("q1", "x.h", "", { a: "1" });
  await publisher.bindExchange("x.f", "x.g", "");
  for (let round = 0; round < ROUNDS; round++) {
    const body = Buffer.from("message");
    publisher.sendToQueue("q1", body);
    publisher.publish("x.f", "", body);
    publisher.publish("x.h", "", body, { headers: { a: "1" } });
    publisher.publish("x.g", "", body);
    publisher.publish("x.h", "nowhere", body, { mandatory: true });
    publisher.publish("x.h", "nowhere", body);
  }
  await publisher.waitForConfirms();
  const receiver = await connection.createChannel();
  let left = ROUNDS * 4;
  await new Promise<void>((resolve) => {
    void receiver.consume("q1", (message) => {
      if (message !== null) receiver.ack(message);
      if (--left === 0) resolve();
    });
  });
  for (let round = 0; round < ROUNDS; round++) {
    await receiver.get("q2", { noAck: true });
    await receiver.get("empty");
  }
  const got = await receiver.get("q2");
  if (got !== false) receiver.nack(got);
  const again = await receiver.get("q2");
  if (again !== false) receiver.ack(again);
  await receiver.assertQueue("q2");
}

/** What each object's details say of those it has to do with; names of connections left out. */
export async function readPairs(get: Get): Promise<Record<string, unknown>> {
  const pairs: Record<string, unknown> = {};
  const channels = (await get("/channels")) as { name: string; number: number }[];
  for (const { name, number } of channels) {
    pairs[`channel ${number}`] = listsOf(await get(`/channels/${encodeURIComponent(name)}`));
  }
  for (const name of EXCHANGES) {
    pairs[`exchange ${name}`] = listsOf(await get(`/exchanges/%2F/${name}`));
  }
  for (const name of QUEUES) pairs[`queue ${name}`] = listsOf(await get(`/queues/%2F/${name}`));
  return pairs;
}

type Entry = Record<string, Record<string, unknown>>;

function listsOf(details: unknown): Record<string, unknown> {
  const lists: Record<string, unknown> = {};
  for (const list of LISTS) {
    const entries = (details as Record<string, Entry[] | undefined>)[list];
    if (entries !== undefined) lists[list] = entries.map(plain).sort(byText);
  }
  return lists;
}

/** Counts stay; of rates, only that there are some. */
function plain(entry: Entry): Entry {
  const { stats, channel_details: channel, ...ends } = entry;
  const counts = Object.entries(stats ?? {}).map(([name, value]) =>
    typeof value === "object" ? [name, Object.keys(value ?? {})] : [name, value],
  );
  return {
    ...ends,
    ...(channel && {
      channel_details: { fields: Object.keys(channel).sort(), number: channel.number },
    }),
    stats: Object.fromEntries(counts.sort()),
  };
}

function byText(a: Entry, b: Entry): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
