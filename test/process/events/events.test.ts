// The broker tells of itself as RabbitMQ does: events, traced messages and log lines, compared with recordings.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventNames } from "../../../src/broker/events.ts";
import { LeveretProcess } from "../leveret-process.ts";
import { type Observed, observe, type Told } from "./observe.ts";

const ctl = fileURLToPath(new URL("../../../dist/leveretctl.js", import.meta.url));
const file = fileURLToPath(new URL("recorded.json", import.meta.url));
const recorded: Observed = JSON.parse(readFileSync(file, "utf8"));
const directory = mkdtempSync(join(tmpdir(), "leveret-events-"));
let broker: LeveretProcess;
let observed: Observed;

beforeAll(async () => {
  const data = join(directory, "data");
  broker = LeveretProcess.start(
    ...["--data-dir", data, "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "leveret.plugins=rabbitmq_event_exchange", "--set", "log.exchange=true"],
  );
  const port = await broker.port("amqp");
  observed = await observe(
    `amqp://guest:guest@127.0.0.1:${port}/`,
    (...words) =>
      new Promise((resolve) => {
        execFile(process.execPath, [ctl, "--data-dir", data, ...words], () => resolve(undefined));
      }),
  );
});

afterAll(async () => {
  await broker?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** RabbitMQ's events there are none of here, and why. */
const ABSENT_EVENTS: Readonly<Record<string, string>> = {
  "vhost.down": "a vhost is there or deleted",
};
function headersOf(events: readonly Told[], key: string): ReadonlySet<string> {
  return new Set(
    events.filter((event) => event.key === key).flatMap((e) => Object.keys(e.headers)),
  );
}

/** Headers of which each has one kind of value on both sides. */
const COMPARED_KINDS = [
  ...["auth_mechanism", "connection_name", "host", "ssl", "metadata", "component", "vhost", "name"],
];

const recordedKeys = [...new Set(recorded.events.map(({ key }) => key))].sort();

test.each(recordedKeys)("%s is told with RabbitMQ's headers", (key) => {
  if (ABSENT_EVENTS[key] !== undefined) {
    expect(eventNames).not.toContain(key);
    return;
  }
  const ours = headersOf(observed.events, key);
  const theirs = headersOf(recorded.events, key);
  const missing = [...theirs].filter((name) => !ours.has(name));
  expect(ours.size, "it is told").toBeGreaterThan(0);
  expect(missing).toEqual([]);
  const kinds = ({ events }: Observed) => {
    const { headers } = events.find((event) => event.key === key)!;
    const names = COMPARED_KINDS.filter((name) => theirs.has(name));
    return names.map((name) => [name, headers[name]]);
  };
  expect(kinds(observed)).toEqual(kinds(recorded));
});

test("limits and operator policies are told as parameters too, as RabbitMQ keeps them", () => {
  const parameters = ({ events }: Observed, key: string) =>
    events
      .filter((event) => event.key === key && event.headers.vhost === "string")
      .filter(({ headers }) => headers.value === "object" || key === "parameter.cleared").length;
  expect(parameters(observed, "parameter.set")).toBe(parameters(recorded, "parameter.set"));
  expect(parameters(observed, "parameter.cleared")).toBeGreaterThanOrEqual(2);
});

test("a global parameter is told as set, when it is cleared too: to nothing", () => {
  const told = ({ events }: Observed) =>
    events
      .filter(({ key, headers }) => /^parameter\./.test(key) && headers.vhost === undefined)
      .map(({ key, headers }) => [key, headers.value]);
  expect(told(observed)).toEqual(told(recorded));
});

test("events have RabbitMQ's properties and no body", () => {
  const names = ({ properties }: Told) => Object.keys(properties).sort();
  expect(names(observed.events[0]!)).toEqual(names(recorded.events[0]!));
  expect(observed.events.every(({ body }) => body === "")).toBe(true);
});

/** Messages about the queue and the exchange of this test; what differs from run to run taken out. */
function tracedHere({ traced }: Observed) {
  return traced
    .filter(({ key }) => key.includes("told"))
    .map(({ key, body, properties, values }) => {
      const { node, connection, ...rest } = values as Record<string, unknown>;
      expect([typeof node, typeof connection]).toEqual(["string", "string"]);
      return { key, body, properties, values: rest };
    });
}

test("messages are traced exactly as RabbitMQ traces them", () => {
  expect(tracedHere(observed)).toEqual(tracedHere(recorded));
  expect(tracedHere(observed).map(({ key }) => key)).toEqual([
    ...["publish.told", "deliver.told-queue"],
    ...["publish.told", "publish.told", "deliver.told-queue"],
  ]);
});

test("log lines are published with their level as routing key", () => {
  const accepted = ({ logged }: Observed) =>
    logged.find(({ body }) => body.includes("accepting AMQP connection"));
  const [ours, theirs] = [accepted(observed)!, accepted(recorded)!];
  expect(ours.key).toBe(theirs.key);
  expect(Object.keys(ours.properties)).toEqual(Object.keys(theirs.properties));
  expect(ours.properties.contentType).toBe(theirs.properties.contentType);
  expect(Object.keys(ours.headers)).toContain("node");
  expect(ours.body).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00 \[info\] <[\d.]+> accep.*\n$/,
  );
});
