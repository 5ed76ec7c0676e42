// node:test + rabbitmq-client: a publisher that must survive a bad network without losing a job.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { TestBroker } from "leveret/testing";
import { Connection } from "rabbitmq-client";

let broker;
let empty;
before(async () => {
  broker = await TestBroker.start();
  empty = await broker.snapshot();
});
beforeEach(() => broker.restore(empty));
after(() => broker.stop());

/** The program under test: a job counts as added when it is confirmed, and is published again until it is. */
function newJobs(url) {
  const connection = new Connection({ url, retryLow: 20, retryHigh: 50 });
  connection.on("error", () => {});
  const options = { confirm: true, maxAttempts: 20, queues: [{ queue: "jobs", durable: true }] };
  const publisher = connection.createPublisher(options);
  return {
    add: (job) => publisher.send({ routingKey: "jobs", durable: true, messageId: job }, job),
    close: async () => {
      await publisher.close();
      await connection.close();
    },
  };
}

test("a job whose confirm is lost is published again", async () => {
  const jobs = newJobs(broker.url);
  broker.faults.holdConfirms(true);
  const added = jobs.add("invoice-1");
  await broker.queue("jobs").expectMessage({ messageId: "invoice-1" });
  broker.faults.cutConnections();
  broker.faults.holdConfirms(false);
  await added;
  // At least once: the first one was taken in, only its confirm was lost. A worker must expect it twice.
  const messages = await broker.queue("jobs").messages();
  assert.deepEqual(
    messages.map(({ messageId }) => messageId),
    ["invoice-1", "invoice-1"],
  );
  await jobs.close();
});

test("jobs added while the broker is away arrive when it is back", async () => {
  const jobs = newJobs(broker.url);
  await jobs.add("first");
  broker.faults.refuseConnections(true);
  broker.faults.cutConnections();
  const added = jobs.add("second");
  await broker.queue("jobs").expectNoMessage({ body: "second" });
  broker.faults.refuseConnections(false);
  await added;
  await broker.queue("jobs").expectMessage({ body: "second" });
  await jobs.close();
});
