// Dead letters through a real broker: what arrives where, and with which story.

import { beforeEach, describe, expect, it } from "vitest";
import type { Broker } from "../../broker/broker.ts";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
  textOf,
} from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import type { Consumer } from "../../broker/queue/consumer.ts";
import { createQueue } from "../../broker/queue/create-queue.ts";
import {
  consumerOf,
  ManualClock,
  memoryOnlyPager,
  NotingJournal,
} from "../../broker/queue/fixture.ts";
import { type Delivery, Outcome, type Queue } from "../../broker/queue/queue.ts";
import { queueTypes } from "../../broker/queue/types.ts";
import { DeadLetterRouter } from "../../broker/routing/dead-letter.ts";
import { newTestBroker } from "../../broker/test-doubles.ts";
import type { Vhost } from "../../broker/vhost.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { Memory } from "../../lib/memory.ts";
import { readContentHeader, writeContentHeader } from "./codec/properties.ts";
import { MessageContent } from "./message-content.ts";

interface Arrived {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: MessageProperties;
  readonly body: string;
}

let broker: Broker;
let vhost: Vhost;
let clock: ManualClock;
let memory: Memory;
let content: MessageContent;

class MovingJournal extends NotingJournal {
  readonly congested = false;
  readonly moves: string[] = [];
  beginMove(): void {
    this.moves.push("begin");
  }
  endMove(): void {
    this.moves.push("end");
  }
  cancelMove(): void {
    this.moves.push("cancel");
  }
}
let journal: MovingJournal;

beforeEach(() => {
  clock = new ManualClock();
  memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  content = new MessageContent(memory.arena);
  journal = new MovingJournal();
  broker = newTestBroker({
    clock,
    memory,
    content,
    createQueue: (owner, definition, settings) =>
      createQueue(
        {
          memory,
          turn: broker.turn,
          clock,
          timers: broker.timers,
          limits: broker.limits,
          journal,
          pager: memoryOnlyPager,
          pageBudget: broker.pageBudget,
          streamPages: broker.streamPages,
          gates: broker.gates,
          bodies: broker.bodies,
          keeper: owner,
          deadLetters: new DeadLetterRouter(broker, memory, owner, content, journal),
          observers: owner.observers,
        },
        definition,
        settings,
      ),
  });
  vhost = broker.addVhost("/");
});

function addQueue(name: string, settings: Record<string, string | number>, durable = false): Queue {
  const fields = Object.entries(settings).map(([key, value]): [string, FieldValue] => [
    key,
    typeof value === "string" ? longString(value) : { type: "I", value },
  ]);
  return vhost.addQueue(
    { name, durable, exclusive: false, autoDelete: false, arguments: new Map(fields) },
    queueTypes.classic as never,
    undefined,
  );
}

function publish(
  exchange: string,
  routingKey: string,
  properties: MessageProperties = {},
  body = "body",
): void {
  const { arena, read } = memory;
  const key = Buffer.from(`\x00${exchange}\x00${routingKey}`);
  key[0] = exchange.length;
  key[exchange.length + 1] = routingKey.length;
  arena.u8.set(key, read.at);
  const contentAt = read.at + key.length;
  const writer = new ByteWriter(arena, contentAt, contentAt + 100_000);
  writeContentHeader(writer, 1, body.length, properties);
  const frame = Buffer.from(`\x03\x00\x01\x00\x00\x00\x00${body}\xce`, "latin1");
  frame.writeUInt32BE(body.length, 3);
  arena.u8.set(frame, writer.at);
  const { publication } = broker;
  publication.addressingAt = read.at;
  publication.addressingLength = key.length;
  publication.contentAt = contentAt;
  publication.contentLengthBytes = writer.at - contentAt + frame.length;
  publication.bodySizeBytes = body.length;
  publication.bodyReference = -1;
  content.describe(publication);
  const route = vhost.publishing.resolve(vhost.exchangeNamed(exchange), routingKey);
  vhost.publishing.publish(route, publication);
  clock.runTurns();
}

function arrivedOf(delivery: Delivery): Arrived {
  const { record } = delivery;
  const reader = new ByteReader();
  const payload = record.contentAt + 7;
  reader.reset(memory.arena, payload, payload + record.headerFrameLength - 8);
  const bodyAt = record.contentAt + record.headerFrameLength + 7;
  return {
    exchange: record.exchange,
    routingKey: record.routingKey,
    properties: readContentHeader(reader).properties,
    body: memory.arena.buffer.utf8Slice(bodyAt, bodyAt + record.bodySizeBytes),
  };
}

/** Takes one message out of the queue and settles it. */
function take(queue: Queue, outcome: Outcome = Outcome.accept): Arrived | undefined {
  let arrived: Arrived | undefined;
  const target = {
    writable: true,
    deliver(consumer: Consumer, delivery: Delivery) {
      arrived = arrivedOf(delivery);
      const { sequence, location, deliveryCount } = delivery;
      pending = () =>
        queue.settle(
          consumer,
          sequence,
          location,
          arrived?.body.length ?? 0,
          outcome,
          deliveryCount,
        );
    },
    onCancelled() {},
  };
  let pending = () => {};
  const consumer = consumerOf(queue, target, { prefetchMax: 1 });
  queue.consume(consumer);
  clock.runTurns();
  queue.cancel(consumer);
  pending();
  clock.runTurns();
  return arrived;
}

function deaths(arrived: Arrived | undefined): unknown {
  const value = arrived?.properties.headers?.get("x-death");
  if (value?.type !== "A") return undefined;
  return value.value.map((entry) =>
    entry.type === "F"
      ? Object.fromEntries([...entry.value].map(([k, v]) => [k, plain(v)]))
      : entry,
  );
}

function plain(field: FieldValue): unknown {
  if (field.type === "A") return field.value.map(plain);
  return textOf(field) ?? ("value" in field ? field.value : undefined);
}

function names(headers: FieldTable = EMPTY_TABLE): string[] {
  return [...headers.keys()].sort();
}

describe("dead letters", () => {
  it("go to the exchange under their old key, with their story and without their expiration", () => {
    const queue = addQueue("q", { "x-dead-letter-exchange": "amq.direct" });
    const graveyard = addQueue("graveyard", {});
    vhost.bind(vhost.exchangeNamed("amq.direct"), graveyard, "q", EMPTY_TABLE);
    publish("", "q", {
      expiration: "500",
      contentType: "text/plain",
      deliveryMode: 2,
      priority: 3,
    });
    clock.advance(600);
    expect(queue.depth.ready).toBe(0);
    const arrived = take(graveyard);
    expect(arrived).toMatchObject({
      exchange: "amq.direct",
      routingKey: "q",
      body: "body",
      properties: { contentType: "text/plain", deliveryMode: 2, priority: 3 },
    });
    expect(arrived?.properties.expiration).toBeUndefined();
    expect(deaths(arrived)).toEqual([
      {
        "original-expiration": "500",
        count: 1n,
        reason: "expired",
        queue: "q",
        time: 1_700_000_000n,
        exchange: "",
        "routing-keys": ["q"],
      },
    ]);
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("go under the queue's own key where it has one, and then to nobody's copy", () => {
    addQueue("q", { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" });
    const other = addQueue("other", {});
    const dead = addQueue("dead", {});
    const copies: FieldValue = { type: "A", value: [longString("other")] };
    const headers = new Map([
      ["CC", copies],
      ["BCC", copies],
      ["mine", longString("kept")],
    ]);
    publish("", "q", { headers });
    expect(take(other)?.body).toBe("body");
    take(vhost.queueNamed("q"), Outcome.discard);
    const arrived = take(dead);
    expect(arrived?.routingKey).toBe("dead");
    expect(names(arrived?.properties.headers)).not.toContain("CC");
    expect(names(arrived?.properties.headers)).not.toContain("BCC");
    expect(names(arrived?.properties.headers)).toContain("mine");
    expect(deaths(arrived)).toMatchObject([{ reason: "rejected", "routing-keys": ["q", "other"] }]);
    expect(other.depth.ready).toBe(0);
  });

  it("count in one entry however often they go round, as long as somebody rejects", () => {
    const work = addQueue("work", {
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": "wait",
    });
    addQueue("wait", {
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": "work",
      "x-message-ttl": 1000,
    });
    publish("", "work");
    for (let round = 1; round <= 3; round++) {
      take(work, Outcome.discard);
      clock.advance(1100);
    }
    expect(deaths(take(work))).toMatchObject([
      { queue: "wait", reason: "expired", count: 3n },
      { queue: "work", reason: "rejected", count: 3n },
    ]);
  });

  it("are dropped when they would go round with nobody rejecting", () => {
    const first = addQueue("first", {
      "x-message-ttl": 1000,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": "second",
    });
    const second = addQueue("second", {
      "x-message-ttl": 1000,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": "first",
    });
    publish("", "first");
    clock.advance(1100);
    expect(second.depth.ready).toBe(1);
    clock.advance(1100);
    expect([first.depth.ready, second.depth.ready]).toEqual([0, 0]);
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("come for messages over the length, and for refused ones where that is asked for", () => {
    const dead = addQueue("dead", {});
    const common = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" };
    addQueue("short", { ...common, "x-max-length": 1 });
    addQueue("full", { ...common, "x-max-length": 1, "x-overflow": "reject-publish-dlx" });
    publish("", "short", {}, "oldest");
    publish("", "short", {}, "newest");
    expect(take(dead)).toMatchObject({ body: "oldest" });
    publish("", "full", {}, "taken");
    publish("", "full", {}, "refused");
    const arrived = take(dead);
    expect(arrived).toMatchObject({ body: "refused" });
    expect(deaths(arrived)).toMatchObject([{ reason: "maxlen", queue: "full" }]);
    vhost.queueNamed("short").purge();
    vhost.queueNamed("full").purge();
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("vanish with a dead letter exchange that is not there", () => {
    const queue = addQueue("q", { "x-dead-letter-exchange": "nowhere" });
    publish("", "q");
    take(queue, Outcome.discard);
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("are one move for the log when it has the message", () => {
    const queue = addQueue(
      "q",
      { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "d" },
      true,
    );
    addQueue("d", {}, true);
    publish("", "q", { deliveryMode: 2 });
    take(queue, Outcome.discard);
    publish("", "q");
    take(queue, Outcome.discard);
    expect(journal.moves).toEqual(["begin", "end"]);
    expect(vhost.queueNamed("d").depth.ready).toBe(2);
  });
});
