// Definitions go both ways: files of RabbitMQ 3.10 and 4.3 into ours, ours into a real RabbitMQ.

import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { call } from "./http-client.ts";
import { isRabbitMqInstalled, startRabbitMq } from "./real-rabbitmq.ts";

type Objects = readonly Readonly<Record<string, unknown>>[];
type Definitions = Readonly<Record<string, Objects>>;

let broker: EmbeddedBroker | undefined;
afterEach(() => broker?.stop());

function file(name: string): string {
  return readFileSync(new URL(`data/${name}`, import.meta.url), "utf8");
}

async function api(port: number, method: string, path: string, body?: string) {
  return call({
    port,
    method,
    path: `/api${path}`,
    credentials: "guest:guest",
    headers: { "content-type": "application/json" },
    body,
  });
}

/** What a file says of an object, without what only one of the brokers writes. */
function named(definitions: Definitions, section: string): string[] {
  return (definitions[section] ?? [])
    .map(({ vhost, name, user, source, destination, component }) =>
      JSON.stringify([vhost, name, user, source, destination, component]),
    )
    .sort();
}
const SECTIONS = ["users", "vhosts", "permissions", "topic_permissions", "policies"].concat([
  "queues",
  "exchanges",
  "bindings",
]);

test.each(["definitions-rabbitmq-3.10.json", "definitions-rabbitmq-4.3.json"])(
  "%s is imported, and everything in it is exported again",
  async (name) => {
    broker = await startEmbedded({ management: true });
    const text = file(name);
    const answer = await api(broker.httpPort, "POST", "/definitions", text);
    expect(answer.status, answer.text).toBe(204);
    const theirs = JSON.parse(text) as Definitions;
    // The file has brought a guest of its own, with the same password.
    const exported = (await api(broker.httpPort, "GET", "/definitions")).body as Definitions;
    for (const section of SECTIONS) {
      expect(named(exported, section), section).toEqual(
        expect.arrayContaining(named(theirs, section)),
      );
    }
    const hash = (all: Definitions) =>
      all.users?.find((user) => user.name === "ann")?.password_hash;
    expect(hash(exported)).toBe(hash(theirs));
    expect(hash(exported)).toBeTypeOf("string");
    const parameters = exported.parameters?.map(({ component }) => component);
    expect(parameters).toEqual(expect.arrayContaining(["operator_policy", "vhost-limits"]));
  },
);

test("the password of an imported hash opens the door", async () => {
  broker = await startEmbedded({ management: true });
  await api(broker.httpPort, "POST", "/definitions", file("definitions-rabbitmq-3.10.json"));
  const asking = (credentials: string) =>
    call({ port: broker!.httpPort, method: "GET", path: "/api/whoami", credentials });
  expect((await asking("ann:secret")).status).toBe(200);
  expect((await asking("ann:wrong")).status).toBe(401);
});

test.skipIf(!isRabbitMqInstalled())(
  "ours is imported by a real RabbitMQ, where one is installed",
  async () => {
    broker = await startEmbedded({ management: true });
    await api(broker.httpPort, "POST", "/definitions", file("definitions-rabbitmq-3.10.json"));
    const ours = await api(broker.httpPort, "GET", "/definitions");
    const http = await freePort();
    const rabbit = await startRabbitMq({
      plugins: ["rabbitmq_management"],
      configuration: [`management.tcp.port = ${http}`],
    });
    try {
      const answer = await api(http, "POST", "/definitions", ours.text);
      expect(answer.status, answer.text).toBe(204);
      const theirs = (await api(http, "GET", "/definitions")).body as Definitions;
      for (const section of SECTIONS) {
        expect(named(theirs, section), section).toEqual(
          expect.arrayContaining(named(ours.body as Definitions, section)),
        );
      }
      const asking = { port: http, method: "GET", path: "/api/whoami", credentials: "ann:secret" };
      expect((await call(asking)).status).toBe(200);
    } finally {
      await rabbit.stop();
    }
  },
  90_000,
);
