// The same requests a real RabbitMQ 3.10.8 was asked: ours has every field its records have, with the same kind of
// value, and answers changes with the same status and words. What differs on purpose is listed with its reason.

import { readFileSync } from "node:fs";
import amqp from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { call } from "./http-client.ts";
import { declareObjects, putObjects } from "./recorded-objects.ts";

interface Recording {
  readonly method: string;
  readonly path: string;
  readonly request?: unknown;
  readonly status: number;
  readonly body: unknown;
}

const recordings = ["http-recordings.json", "http-recordings-2.json"].flatMap((name) => {
  const text = readFileSync(new URL(`data/${name}`, import.meta.url), "utf8");
  return (JSON.parse(text) as { recordings: Recording[] }).recordings;
});
const RECORDED_CONNECTION = "127.0.0.1%3A45322%20-%3E%20127.0.0.1%3A5692";
const RECORDED_NODE = "rec@localhost";

/** Fields of RabbitMQ's records that mean nothing here. */
const ABSENT: Readonly<Record<string, string>> = {
  backing_queue_status: "figures of RabbitMQ's queue implementation",
  net_ticktime: "",
  ssl_opts: "",
  cowboy_opts: "names RabbitMQ's web server",
  socket_opts: "options of Erlang's sockets",
  idle_since: "is there only while nobody uses the queue or channel",
  message_stats: "is there only once something was counted; our traffic differs",
  rabbit_version: "",
  connection_readers: "RabbitMQ's parts of memory",
  javascript: "extensions of RabbitMQ's web pages",
  internal_cluster_id: "the permanent id has no meaning on one node",
  single_active_consumer_ctag: "quorum queues use the name classic queues use",
  open_files: "is RabbitMQ's Raft log",
  disk_reads: "the channels' sums do not include the disk",
  disk_reads_details: "",
  disk_writes: "the channels' sums do not include the disk",
  disk_writes_details: "",
  owner_pid_details: "",
  drop_unroutable: "is there only once something was dropped",
  drop_unroutable_details: "",
  total: "",
};
/** Their fields are the user's, not RabbitMQ's. */
const FREE = new Set(["arguments", "cluster_state", "limits", "value", "definition"]);
/** Requests that are not about the shape of one object. */
const OTHER_PATHS = [
  // A file of one virtual host leaves its name out, as RabbitMQ 4 does.
  /^\/definitions\/rec/,
  /^\/nodes\/.*\/memory/,
  /^\/extensions/,
  /^\/auth$/,
  /^\/nodes\/absent/,
  /^\/global-parameters$/,
  /^\/consumers/,
  /^\/aliveness-test\/rec/,
  /^\/auth\/attempts/,
  /^\/health\/checks\/p/,
  /^\/parameters$/,
  /^\/trace/,
];

/** Changes whose answers differ on purpose. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "POST /queues/tmpv/q/get bogus": "RabbitMQ answers 500 to an unknown ackmode, we 400",
  "GET /auth/hash_password/abc": "RabbitMQ 3.10 has no such path, 4.x has",
  "GET /nodes/absent@x": "RabbitMQ 3.10 answers 500, we 404",
  "GET /connections/absent/channels": "RabbitMQ 3.10 answers 500, we 404",
  "GET /definitions/absent": "RabbitMQ 3.10 answers 400, we 404",
  "GET /trace-files/absent": "the broker of this test keeps nothing on disk, and says so",
  "POST /queues/tmpv/q/get": "the first message's payload differs in nothing but redelivered",
};

let broker: EmbeddedBroker;
let connection: amqp.ChannelModel;
let names: Map<string, string>;

async function api(method: string, path: string, body?: unknown) {
  return call({
    port: broker.httpPort,
    method,
    path: `/api${path}`,
    credentials: "guest:guest",
    body: body === undefined || body === null ? undefined : JSON.stringify(body),
  });
}

/** What the recordings were made with. */
beforeAll(async () => {
  broker = await startEmbedded({ management: true });
  await putObjects(api);
  connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${broker.port}/rec`, {
    clientProperties: { connection_name: "recorder" },
  });
  // The last recorded request closes it.
  connection.on("error", () => {});
  await declareObjects(connection);
  const [only] = (await api("GET", "/connections")).body as { name: string }[];
  names = new Map([
    [RECORDED_CONNECTION, encodeURIComponent(only!.name)],
    ["{connection}", encodeURIComponent(only!.name)],
  ]);
});
afterAll(async () => {
  await connection?.close().catch(() => {});
  await broker?.stop();
});

function ours(path: string): string {
  let own = path.replaceAll(RECORDED_NODE, broker.server.broker.nodeName);
  for (const [recorded, name] of names) own = own.replaceAll(recorded, name);
  return own.replace("port-listener/5692", `port-listener/${broker.port}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Paths of fields that are missing or of another kind. */
function differences(recorded: unknown, own: unknown, path: string): string[] {
  if (kindOf(recorded) === "nothing" || kindOf(own) === "nothing") return [];
  if (kindOf(recorded) !== kindOf(own))
    return [`${path}: ${kindOf(recorded)} there, ${kindOf(own)} here`];
  if (Array.isArray(recorded)) {
    const first = recorded[0];
    const [ownFirst] = own as unknown[];
    return first === undefined || ownFirst === undefined
      ? []
      : differences(first, ownFirst, `${path}[0]`);
  }
  if (typeof recorded !== "object") return [];
  return Object.entries(recorded as object).flatMap(([name, value]) => {
    if (name in ABSENT || FREE.has(name)) return [];
    const found = (own as Record<string, unknown>)[name];
    if (found === undefined && value !== null) return [`${path}.${name}: missing`];
    return differences(value, found, `${path}.${name}`);
  });
}

const looked = recordings.filter(
  ({ method, status, path }) =>
    method === "GET" &&
    status === 200 &&
    !OTHER_PATHS.some((other) => other.test(path)) &&
    !path.includes("stream") &&
    !path.includes("tmpv") &&
    !path.includes("/two") &&
    !path.includes("tmpu"),
);

describe("records", () => {
  test.each(looked)("$path has every field RabbitMQ's has", async ({ path, body }) => {
    const answer = await api("GET", ours(path));
    expect(answer.status, answer.text).toBe(200);
    expect(differences(body, answer.body, "")).toEqual([]);
  });
});

const refused = recordings.filter(({ method, status }) => method === "GET" && status >= 400);

describe("refusals", () => {
  test.each(refused)("$path is refused alike", async ({ method, path, status, body }) => {
    if (`${method} ${path}` in DIFFERENT) return;
    const answer = await api(method, ours(path));
    expect(answer.status, answer.text).toBe(status);
    if (body !== null && status !== 503 && !path.includes("page=9"))
      expect(answer.body).toEqual(body);
  });
});

test("changes are answered alike, one after the other", async () => {
  const wrong: string[] = [];
  for (const recording of recordings) {
    const { method, path, request, status, body } = recording;
    const isAfterwards = method === "GET" && /tmpv|\/two/.test(path) && status < 400;
    if (method === "GET" && !isAfterwards) continue;
    const answer = await api(method, ours(path), request);
    const label = `${method} ${path} ${JSON.stringify(request) ?? ""}`;
    if (isListedDifference(recording)) continue;
    if (answer.status !== status)
      wrong.push(`${label}: ${status} there, ${answer.status} here ${answer.text}`);
    else if (status >= 400 && !sameReason(body, answer.body)) {
      wrong.push(`${label}: ${JSON.stringify(body)} there, ${answer.text} here`);
    }
  }
  expect(wrong).toEqual([]);
  expect(broker.bugs).toEqual([]);
});

/** Differences on purpose, with the reason. */
const ON_PURPOSE: readonly (readonly [RegExp, string])[] = [
  [/^POST \/queues\/tmpv\/q\/get .*bogus/, "RabbitMQ answers 500 to an unknown ackmode"],
  [
    /^PUT \/policies\/tmpv\/p .*"apply-to":"bogus"/,
    "RabbitMQ 4 has more targets to choose from, and so has the text",
  ],
  [/^POST \/definitions /, "our texts say which object is wrong"],
  [/^(PUT|GET|DELETE) \/trace/, "the broker of this test keeps nothing on disk, and says so"],
  [/^POST \/vhosts\/absent\/start/, "RabbitMQ answers 400 with an Erlang term"],
  [/^PUT \/topic-permissions\/.*"write":"\("/, "JavaScript's words for a broken pattern"],
  [/^PUT \/parameters\/bogus/, "a text without the line break"],
  [/^PUT \/policies\/tmpv\/p .*"pattern":"\("/, "JavaScript's words for a broken pattern"],
];

function isListedDifference({ method, path, request }: Recording): boolean {
  const label = `${method} ${path} ${JSON.stringify(request) ?? ""}`;
  return ON_PURPOSE.some(([pattern]) => pattern.test(label));
}

/** RabbitMQ 3.10 escapes texts as HTML, which 4 does not. */
function sameReason(recorded: unknown, own: unknown): boolean {
  const plain = (value: unknown) =>
    JSON.stringify(value ?? null)
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replace(/\s|\\n/g, "");
  return plain(recorded) === plain(own);
}
