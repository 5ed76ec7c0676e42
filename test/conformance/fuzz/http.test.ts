// Random requests to every route of a broker that runs as users run it, by an administrator, with clients at work, one by
// one and many at a time: nothing is answered with an error of ours, nothing hangs, nothing is logged as a bug, and a
// kill -9 changes no definition. FUZZ_RUNS=50000 looks longer; a failure prints what repeats it.

import { request } from "node:http";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { chosenSeed } from "../../chosen-seed.ts";
import { FREE_PORTS, LeveretProcess } from "../../process/leveret-process.ts";
import { ownFolder } from "../../process/set-up.ts";
import { WireConnection } from "../wire.ts";
import { anySession, type Piece } from "./input.ts";
import { type AnyRequest, anyRequest } from "./requests.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500);
/** Requests of one life of the broker. */
const LIFE_REQUESTS = 500;
const ADMINISTRATOR = "fuzzer:fuzzer";
/** Only ends what hangs. */
const HANGS_MS = 30_000;
/** Queues that expire soon have expired. */
const EXPIRES_MS = 600;

interface Answer {
  readonly status: number;
  readonly text: string;
}

const folder = ownFolder("http-fuzz");
let leveret: LeveretProcess | undefined;
afterAll(() => leveret?.kill());

async function start(): Promise<{ readonly http: number; readonly amqp: number }> {
  leveret = LeveretProcess.start(...FREE_PORTS, "--data-dir", folder);
  return { http: await leveret.port("http"), amqp: await leveret.port("amqp") };
}

function ask(
  port: number,
  { method, path, body }: AnyRequest,
  credentials = ADMINISTRATOR,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization = `Basic ${btoa(credentials)}`;
    const options = { host: "127.0.0.1", port, method, path, headers: { authorization } };
    const timer = setTimeout(() => sent.destroy(new Error("no answer")), HANGS_MS);
    const sent = request(options, (response) => {
      const status = response.statusCode ?? 0;
      const end = (text: string) => {
        clearTimeout(timer);
        resolve({ status, text });
      };
      // Feeds never end: that they have begun will do.
      if (/^\/api\/(livelog|events|tap)/.test(path) && status === 200) {
        end("");
        sent.destroy();
        return;
      }
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => end(Buffer.concat(parts).toString("utf8")));
    });
    sent.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end(body);
  });
}

/** Every object that outlives the process, in one order. */
async function definitions(port: number): Promise<Readonly<Record<string, readonly string[]>>> {
  const { text } = await ask(port, { method: "GET", path: "/api/definitions", body: undefined });
  const all = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(
    (entry): entry is [string, Record<string, unknown>[]] => Array.isArray(entry[1]),
  );
  const transient = new Set<string>();
  for (const [section, objects] of all) {
    for (const { durable, vhost, name } of objects) {
      if (durable === false) transient.add(`${section} ${vhost}/${name}`);
    }
  }
  const lasts = (one: Record<string, unknown>) =>
    one.durable !== false &&
    !transient.has(`exchanges ${one.vhost}/${one.source}`) &&
    !transient.has(`${one.destination_type}s ${one.vhost}/${one.destination}`);
  return Object.fromEntries(
    all.map(([name, section]) => [
      name,
      section
        .filter(lasts)
        .map((one) => JSON.stringify(one))
        .sort(),
    ]),
  );
}

/** What later requests need, should an earlier one have taken it away. */
async function putBack(port: number): Promise<void> {
  for (const vhost of ["%2F", "v1"]) {
    await ask(port, { method: "PUT", path: `/api/vhosts/${vhost}`, body: "{}" });
    const body = '{"configure":".*","write":".*","read":".*"}';
    await ask(port, { method: "PUT", path: `/api/permissions/${vhost}/fuzzer`, body });
  }
}

/** Somebody whose connection, channels and messages can be asked for. */
async function clientAtWork(port: number, pieces: readonly Piece[]): Promise<WireConnection> {
  const connection = await WireConnection.connect("127.0.0.1", port);
  const credentials = { user: "fuzzer", password: "fuzzer", vhost: "/" };
  await connection.open({ ...credentials, channels: 2 }).catch(() => {});
  for (const { bytes } of pieces) connection.send(bytes);
  return connection;
}

/** Answers the requests that were answered with an error of ours, or not at all. */
async function askAll(port: number, requests: readonly AnyRequest[], atOnce: number) {
  const waiting = [...requests];
  const wrong: string[] = [];
  const work = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { path } = one;
      const { status, text } = await ask(port, one).catch((error: Error) => ({
        ...{ status: 0, text: String(error) },
      }));
      const isHealth = status === 503 && path.startsWith("/api/health");
      if (status >= 100 && (status < 500 || isHealth)) continue;
      wrong.push(`${status} ${text}: ${JSON.stringify(one).slice(0, 3_000)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return wrong;
}

it("answers whatever an administrator asks", async () => {
  console.log(`repeat with SEED=${chosenSeed} FUZZ_RUNS=${RUNS}`);
  const requests = fc.sample(anyRequest, { numRuns: RUNS, seed: chosenSeed });
  const sessions = fc.sample(anySession, { numRuns: Math.ceil(RUNS / 50), seed: chosenSeed });
  let ports = await start();
  const body = '{"password":"fuzzer","tags":"administrator"}';
  const path = "/api/users/fuzzer";
  expect((await ask(ports.http, { method: "PUT", path, body }, "guest:guest")).status).toBe(201);
  for (let life = 0; requests.length > 0; life++) {
    const clients: WireConnection[] = [];
    for (let count = 0; count < LIFE_REQUESTS; count += 50) {
      await putBack(ports.http);
      clients.push(await clientAtWork(ports.amqp, sessions.pop() ?? []));
      expect(await askAll(ports.http, requests.splice(0, 50), life % 2 === 0 ? 1 : 8)).toEqual([]);
    }
    for (const client of clients) client.disconnect();
    await new Promise((resolve) => setTimeout(resolve, EXPIRES_MS));
    const before = await definitions(ports.http);
    await leveret?.kill();
    expect(leveret?.stdout).not.toMatch(/"level":"error".*"category":"(node|storage)"/);
    expect(leveret?.stderr).toBe("");
    ports = await start();
    expect(await definitions(ports.http)).toEqual(before);
  }
}, 3_600_000);
