// A data directory with one of everything in it, how it is kept as one file, and what a broker must find in it.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { exportDefinitions } from "../../src/broker/definitions/export.ts";
import { importDefinitionsNow } from "../../src/broker/definitions/import.ts";
import type { PlainJson } from "../../src/broker/message/field-table-json.ts";
import { Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import type { FakeDisk } from "../../src/env/fake-disk.ts";
import { type ApiJson, toJsonText } from "../../src/management/api-json.ts";
import { bodyOf } from "../simulation/bodies.ts";
import { takeAll } from "../simulation/contents.ts";
import { DIRECTORY, Life, World } from "../simulation/life.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const logFileSizes = { smallestBytes: 32_768, largestBytes: 65_536 };

/** How the broker that wrote it came to its end. */
export const ends = ["stopped", "killed", "torn"] as const;
export type End = (typeof ends)[number];

/** What must be found: definitions, and in each queue the messages. */
export interface Expected {
  readonly definitions: PlainJson;
  readonly messages: Record<string, readonly ExpectedMessage[]>;
}

export interface ExpectedMessage {
  /** The body follows from it (see bodies.ts). */
  readonly id: number;
  readonly bodySizeBytes: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
}

/** What one version has left. */
export interface KeptDirectories {
  readonly version: string;
  readonly directories: Record<
    End,
    { readonly expected: Expected; readonly files: Record<string, string> }
  >;
}

/** Names of the files that are kept, one for each version. */
export function keptFiles(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".json.gz"));
}

export function readKept(name: string): KeptDirectories {
  return JSON.parse(gunzipSync(readFileSync(`${folder}${name}`)).toString()) as KeptDirectories;
}

/** Never writes over one that is there. */
export function keep(kept: KeptDirectories): string {
  const name = `${kept.version}.json.gz`;
  const bytes = gzipSync(JSON.stringify(kept), { level: 9 });
  writeFileSync(`${folder}${name}`, bytes, { flag: "wx" });
  return name;
}

const definitions = {
  users: [
    {
      name: "app",
      password_hash: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
      hashing_algorithm: "rabbit_password_hashing_sha256",
      tags: ["monitoring"],
      limits: { "max-connections": 7 },
    },
  ],
  vhosts: [{ name: "/" }, { name: "räume/2", description: "another", tags: ["x"] }],
  permissions: [{ user: "app", vhost: "räume/2", configure: "^app", write: ".*", read: "" }],
  topic_permissions: [
    { user: "app", vhost: "räume/2", exchange: "topics", write: "^a", read: "^b" },
  ],
  global_parameters: [{ name: "mqtt_port_to_vhost_mapping", value: { "1883": "räume/2" } }],
  parameters: [
    {
      ...{ vhost: "räume/2", component: "vhost-limits", name: "limits" },
      value: { "max-queues": 50 },
    },
  ],
  policies: [
    {
      ...{ vhost: "/", name: "ttl", pattern: "^short", "apply-to": "queues", priority: 2 },
      definition: { "message-ttl": 86_400_000 },
    },
  ],
  exchanges: ["direct", "fanout", "topic", "headers"].map((type) => ({
    ...{ name: `${type}s`, vhost: "/", type, durable: true, auto_delete: false, internal: false },
    arguments: type === "fanout" ? { "alternate-exchange": "topics" } : {},
  })),
  queues: [
    queue("plain", {}),
    queue("quorum", { "x-queue-type": "quorum", "x-delivery-limit": 5 }),
    queue("levels", { "x-max-priority": 5 }),
    queue("dying", { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" }),
    queue("dead", {}),
    queue("bounded", { "x-max-length": 3, "x-overflow": "drop-head" }),
    queue("large", {}),
  ],
  bindings: [
    binding("directs", "plain", "queue", "k", {}),
    binding("headerss", "levels", "queue", "", { "x-match": "all", n: 7, t: "text" }),
    binding("topics", "fanouts", "exchange", "a.#", {}),
  ],
};

function queue(name: string, queueArguments: Record<string, unknown>) {
  return { name, vhost: "/", durable: true, auto_delete: false, arguments: queueArguments };
}

function binding(
  source: string,
  destination: string,
  kind: string,
  routingKey: string,
  bindingArguments: Record<string, unknown>,
) {
  return {
    ...{ source, vhost: "/", destination, destination_type: kind, routing_key: routingKey },
    arguments: bindingArguments,
  };
}

/** Writes a directory with this version's code. */
export async function makeDirectory(end: End): Promise<KeptDirectories["directories"][End]> {
  const world = new World(1, logFileSizes);
  const life = await Life.start(world);
  importDefinitionsNow(life.broker, definitions as unknown as PlainJson, {
    ...{ vhost: undefined, by: "upgrade" },
    onDone: () => {},
    onFailed: (error) => {
      throw error;
    },
  });
  await life.pass(100);
  const publisher = new Publisher(life);
  await publisher.publishAll();
  // Half of it lies in segments, half in the log.
  life.durability.store?.wantCheckpoint();
  await life.pass(5_000);
  await publisher.publishAll();
  await life.pass(5_000);
  await publisher.settleSome();
  publisher.transaction();
  await life.pass(500);
  if (end === "torn") {
    // The newest write never ends, and has more sectors than chance will keep.
    publisher.publish("plain", 12_000);
    life.broker.turn.schedule();
    await life.pass(0);
  }
  const disk = await endOf(life, end);
  world.use(disk.copy());
  const files = Object.fromEntries(
    world.disk
      .files()
      .map((path) => [path, Buffer.from(world.disk.bytesOf(path)).toString("base64")]),
  );
  return { expected: await whatIsIn(world), files };
}

async function endOf(life: Life, end: End): Promise<FakeDisk> {
  if (end === "stopped") {
    await life.stop();
    return life.world.disk;
  }
  return life.world.disk.imageAfterCrash({}, end === "torn" ? "any" : "everything");
}

class Publisher {
  readonly #life: Life;
  #lastId = 0;

  constructor(life: Life) {
    this.#life = life;
  }

  publish(routingKey: string, bodyBytes: number, more: object = {}, exchange = ""): void {
    const { messages, access } = this.#life;
    const body = bodyOf(++this.#lastId, bodyBytes);
    const properties = { deliveryMode: 2, contentType: "text/plain", messageId: "m", ...more };
    messages.publish(access, { exchange, routingKey, body, properties });
  }

  async publishAll(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      for (const name of ["plain", "quorum", "dying", "bounded"]) this.publish(name, 50 + i * 300);
      this.publish("levels", 100, { priority: i });
      this.publish("plain", 40, { deliveryMode: 1 });
      this.publish("k", 60, { expiration: "4000000000" }, "directs");
    }
    this.publish("large", 66_000);
    await this.#life.pass(200);
  }

  /** Some are acknowledged, some come back, some are rejected. */
  async settleSome(): Promise<void> {
    const { queues } = this.#life.access.vhost;
    const outcomes = [Outcome.accept, Outcome.requeue, Outcome.discard];
    for (const name of ["plain", "quorum", "dying", "levels"]) {
      const each = queues.get(name) as Queue;
      const taken = await takeAll(this.#life, each);
      for (const [i, { sequence, location, bodySizeBytes, deliveryCount }] of taken.entries()) {
        const outcome = i < 3 ? (outcomes[i] as Outcome) : Outcome.requeue;
        const count = name === "quorum" && i === 1 ? deliveryCount + 1 : deliveryCount;
        each.settle(undefined, sequence, location, bodySizeBytes, outcome, count);
      }
    }
    await this.#life.pass(200);
  }

  transaction(): void {
    const { journal } = this.#life.broker;
    journal.beginTransaction();
    this.publish("plain", 70);
    this.publish("quorum", 80);
    journal.endTransaction();
    this.#life.broker.turn.schedule();
  }
}

/** A world whose disk holds a directory that was kept. */
export function worldOf(files: Record<string, string>): World {
  const world = new World(1, logFileSizes);
  for (const [path, text] of Object.entries(files)) {
    const name = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= name.length; depth++) {
      void world.disk.makeDirectory(name.slice(0, depth).join("/"));
    }
    world.clock.runFor(100);
    world.disk.setBytes(path, Buffer.from(text, "base64"));
  }
  return world;
}

/** Opens it and looks. */
export async function whatIsIn(world: World): Promise<Expected> {
  const life = await Life.start(world);
  if (life.report.damage.length > 0) throw new Error(JSON.stringify(life.report.damage));
  const facts = { rabbitVersion: "", productName: "", productVersion: "" };
  const exported = exportDefinitions(life.broker, facts);
  const messages: Record<string, ExpectedMessage[]> = {};
  for (const [name, each] of life.access.vhost.queues) {
    const found = await takeAll(life, each);
    messages[name] = found.map(({ id, bodySizeBytes, redelivered, deliveryCount }) => ({
      ...{ id, bodySizeBytes, redelivered, deliveryCount },
    }));
  }
  life.broker.timers.stop();
  life.broker.turn.stop();
  return { definitions: JSON.parse(toJsonText(exported as ApiJson)) as PlainJson, messages };
}

export { DIRECTORY };
