// node:test + Celery: a worker is killed in the middle of a task, and another one does it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TestBroker } from "leveret/testing";

const cwd = fileURLToPath(new URL(".", import.meta.url));
// Debian's Celery belongs to Debian's Python.
const python = ["/usr/bin/python3", "python3"].find(
  (each) => spawnSync(each, ["-c", "import celery"]).status === 0,
);

let broker;
before(async () => {
  broker = await TestBroker.start();
});
after(() => broker.stop());

function run(args, env = {}) {
  const options = { cwd, env: { ...process.env, BROKER_URL: broker.url, ...env }, stdio: "ignore" };
  return spawn(python, args, options);
}

function startWorker(env) {
  const pool = ["--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"];
  return run(["-m", "celery", "-A", "tasks", "worker", "--loglevel", "ERROR", ...pool], env);
}

test("a task whose worker is killed is done by another", {
  skip: python ? false : "no Celery here",
}, async () => {
  const slow = startWorker({ SLOW: "1" });
  const within = { within: "30s" };
  await broker.queue("celery").expectConsumers(1, within);
  run(["-c", "import tasks; tasks.pack.delay(7)"]);
  await broker.queue("celery").expectMessage({ headers: { task: "shop.pack" } }, within);
  await broker.queue("celery").expectDepth(1);
  assert.equal(broker.queue("celery").unacknowledged, 1);

  slow.kill("SIGKILL");
  await broker.queue("celery").expectConsumers(0, within);
  const second = startWorker();
  await broker.queue("packed").expectMessage({ headers: { task: "shop.packed" } }, within);
  await broker.queue("celery").expectDepth(0, within);
  second.kill("SIGKILL");
});
