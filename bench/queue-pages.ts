// What the queue layer alone costs: publish, deliver and settle, in nanoseconds of CPU per message.
// Run: npx tsx bench/queue-pages.ts [messages]      (with --trace-gc in NODE_OPTIONS: scavenges show allocations)

import type { Location, Sequence } from "../src/broker/numbers.ts";
import type { Consumer, DeliveryTarget } from "../src/broker/queue/consumer.ts";
import { createQueue } from "../src/broker/queue/create-queue.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  settingsOf,
} from "../src/broker/queue/fixture.ts";
import { type Delivery, Outcome, type Queue } from "../src/broker/queue/queue.ts";
import type { QueueSettings } from "../src/broker/settings/queue-settings.ts";

const TOTAL = Number(process.argv[2] ?? 4_000_000);
const BATCH = 2_000;

/** Keeps what settling needs, as a channel does. */
class RingTarget implements DeliveryTarget {
  readonly writable = true;
  readonly sequences = new Float64Array(BATCH);
  readonly locations = new Float64Array(BATCH);
  count = 0;

  deliver(_consumer: Consumer, delivery: Delivery): void {
    const at = this.count++ % BATCH;
    this.sequences[at] = delivery.sequence;
    this.locations[at] = delivery.location;
  }
  onCancelled(): void {}
}

interface Case {
  readonly name: string;
  readonly bodyBytes: number;
  readonly noAck: boolean;
  readonly settings?: Partial<QueueSettings>;
  readonly consumers?: number;
  readonly durable?: boolean;
}

const cases: readonly Case[] = [
  { name: "16 B, no acknowledgement", bodyBytes: 16, noAck: true },
  { name: "16 B, acknowledged", bodyBytes: 16, noAck: false },
  { name: "16 B, acknowledged, 4 consumers", bodyBytes: 16, noAck: false, consumers: 4 },
  { name: "16 B, acknowledged, durable", bodyBytes: 16, noAck: false, durable: true },
  { name: "16 B, with TTL", bodyBytes: 16, noAck: false, settings: { messageTtlMs: 60_000 } },
  { name: "16 B, max-length", bodyBytes: 16, noAck: false, settings: { maxLength: 1_000_000 } },
  { name: "16 B, 10 priorities", bodyBytes: 16, noAck: false, settings: { maxPriority: 9 } },
  { name: "1 KiB, acknowledged", bodyBytes: 1024, noAck: false },
];

function run(one: Case): void {
  const fixture = createFixture({}, 64);
  const durable = one.durable === true;
  const queue = createQueue(fixture.context, definitionOf({ durable }), settingsOf(one.settings));
  const target = new RingTarget();
  const consumers = Array.from({ length: one.consumers ?? 1 }, () =>
    consumerOf(queue, target, { noAck: one.noAck, prefetchMax: BATCH }),
  );
  for (const consumer of consumers) queue.consume(consumer);
  const message = fixture.publication(new Uint8Array(one.bodyBytes), { persistent: durable });
  const steps = { publish: 0, deliver: 0, settle: 0 };
  const round = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) {
      message.priority = i % 10;
      message.hasPriority = true;
      queue.publish(message);
    }
    const published = process.hrtime.bigint();
    fixture.clock.runTurns(1);
    const delivered = process.hrtime.bigint();
    if (!one.noAck) settleAll(queue, consumers, target, one.bodyBytes);
    const settled = process.hrtime.bigint();
    fixture.clock.runTurns(1);
    fixture.journal.settled.length = 0;
    target.count = 0;
    steps.publish += Number(published - start);
    steps.deliver += Number(delivered - published);
    steps.settle += Number(settled - delivered);
  };
  for (let i = 0; i < 200; i++) round();
  steps.publish = steps.deliver = steps.settle = 0;
  const rounds = Math.floor(TOTAL / BATCH);
  const heapBefore = process.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i++) round();
  const grown = process.memoryUsage().heapUsed - heapBefore;
  const each = (total: number) => (total / rounds / BATCH).toFixed(1).padStart(6);
  console.log(
    `${one.name.padEnd(34)} publish ${each(steps.publish)}  deliver ${each(steps.deliver)}  settle ${each(steps.settle)} ns   heap ${(grown / 1e6).toFixed(1)} MB`,
  );
}

function settleAll(queue: Queue, consumers: Consumer[], target: RingTarget, bytes: number): void {
  const { sequences, locations } = target;
  for (let i = 0; i < target.count; i++) {
    queue.settle(
      consumers[i % consumers.length],
      sequences[i] as Sequence,
      locations[i] as Location,
      bytes,
      Outcome.accept,
      0,
    );
  }
}

for (const one of cases) run(one);
