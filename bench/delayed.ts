// Messages that wait, many of them: how fast they are taken, what they cost while they wait, and how fast and how late
// they come when all are due within ten seconds. npm run bench:delayed [-- --count N --size BYTES]

import { parseArgs } from "node:util";
import { connect } from "amqplib";
import { processMemory } from "../src/perf/process-usage.ts";
import { startLeveret } from "./brokers.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    size: { type: "string", default: "100" },
  },
});
const count = Number(values.count);
const body = Buffer.alloc(Number(values.size), 120);
/** All are due within this span. */
const SPAN_MS = 10_000;
/** Unconfirmed publishes at most. */
const WINDOW = 2_000;
/** A publisher like this one manages so many a second; the first is due when all are in. */
const PUBLISHED_PER_SECOND_MIN = 10_000;

const broker = await startLeveret();
const megabytes = () => Math.round((processMemory(broker.pid)?.residentBytes ?? 0) / 1e6);
try {
  const connection = await connect(broker.uri);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange("later", "x-delayed-message", {
    arguments: { "x-delayed-type": "fanout" },
  });
  await channel.assertQueue("due");
  await channel.bindQueue("due", "later", "");
  console.log(`before: ${megabytes()} MB`);
  const from = Date.now();
  const firstDueMs = from + 5_000 + (count / PUBLISHED_PER_SECOND_MIN) * 1_000;
  for (let i = 0; i < count; i++) {
    // Scattered, so that the order in which they are due is not the order in which they came.
    const dueMs = firstDueMs + ((i * 7_919) % SPAN_MS);
    const headers = { "x-delay": Math.round(dueMs - Date.now()), due: Math.round(dueMs) };
    channel.publish("later", "", body, { persistent: true, headers });
    if (i % WINDOW === WINDOW - 1) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  const seconds = (Date.now() - from) / 1_000;
  console.log(`published ${count} in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)}/s`);
  console.log(`waiting: ${megabytes()} MB, first due in ${firstDueMs - Date.now()} ms`);
  let received = 0;
  let early = 0;
  const lateMs: number[] = [];
  let firstAtMs = 0;
  await new Promise<void>((resolve) => {
    void channel.consume(
      "due",
      (message) => {
        const nowMs = Date.now();
        if (received === 0) firstAtMs = nowMs;
        const late = nowMs - Number(message?.properties.headers?.due);
        if (late < 0) early++;
        lateMs.push(late);
        if (++received === count) resolve();
      },
      { noAck: true },
    );
  });
  const tookMs = Date.now() - firstAtMs;
  lateMs.sort((a, b) => a - b);
  const at = (share: number) => lateMs[Math.floor((lateMs.length - 1) * share)];
  console.log(
    `came in ${tookMs} ms: ${Math.round((count * 1_000) / tookMs)}/s; before their time: ${early}`,
  );
  console.log(`late: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`);
  console.log(`after: ${megabytes()} MB`);
  await connection.close();
} finally {
  await broker.stop();
}
