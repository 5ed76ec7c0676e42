// How many clients a second can log in: real handshakes over AMQP, each connection closed again; and requests to the
// HTTP API, each with its password. `npm run bench:logins`; ends with 1 below 1,000 AMQP logins a second.

import { readFileSync } from "node:fs";
import { openConnection } from "../src/perf/client/handshake.ts";
import { parseTarget } from "../src/perf/target.ts";
import { startLeveret } from "./brokers.ts";

const LOGINS_A_SECOND = 1_000;
const SECONDS = 5;
const AT_ONCE = 16;
const USERS = 20_000;

const broker = await startLeveret();
const api = `http://127.0.0.1:${broker.httpPort}/api`;
const authorization = `Basic ${btoa("guest:guest")}`;

/** Users who have not logged in before, so that every password is hashed. */
async function addUsers(): Promise<void> {
  // SHA-256 of salt 00000000 and "secret", as RabbitMQ stores it.
  const salt = new Uint8Array(4);
  const secret = new TextEncoder().encode("secret");
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([...salt, ...secret]));
  const hash = btoa(String.fromCharCode(...salt, ...new Uint8Array(digest)));
  const names = Array.from({ length: USERS }, (_, index) => `user-${index}`);
  const users = names.map((name) => ({ name, password_hash: hash, tags: "management" }));
  const permissions = names.map((user) => ({
    ...{ user, vhost: "/", configure: "", write: "", read: "" },
  }));
  const body = JSON.stringify({ users, permissions });
  const answer = await fetch(`${api}/definitions`, {
    method: "POST",
    headers: { authorization },
    body,
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** User and system time of the broker so far, in seconds (Linux counts hundredths). */
function processorSeconds(): number {
  const fields = readFileSync(`/proc/${broker.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A second, and for each second of the broker's own processor time: what a free core would do. */
interface Rate {
  readonly elapsed: number;
  readonly processor: number;
}

async function rate(work: (number: number) => Promise<void>): Promise<Rate> {
  let count = 0;
  const usedBefore = processorSeconds();
  const start = performance.now();
  const until = start + SECONDS * 1_000;
  const one = async () => {
    while (performance.now() < until) await work(count++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return {
    elapsed: count / ((performance.now() - start) / 1_000),
    processor: count / (processorSeconds() - usedBefore),
  };
}

function shown({ elapsed, processor }: Rate): string {
  return `${elapsed.toFixed(0)} a second, ${processor.toFixed(0)} a second of the broker's processor`;
}

const target = parseTarget(broker.uri);
const logIn = async (user: string, password: string) => {
  const connection = await openConnection({ ...target, user, password }, "bench");
  await connection.close();
};

let slowest = Number.POSITIVE_INFINITY;
try {
  await addUsers();
  for (const [what, work] of [
    ["AMQP, each user for the first time", (n: number) => logIn(`user-${n % USERS}`, "secret")],
    ["AMQP, the same user", () => logIn("guest", "guest")],
  ] as const) {
    const found = await rate(work);
    slowest = Math.min(slowest, found.elapsed);
    console.log(`${what}: ${shown(found)}`);
  }
  const http = await rate(async () => {
    const answer = await fetch(`${api}/whoami`, { headers: { authorization } });
    await answer.arrayBuffer();
  });
  console.log(`HTTP, the same user: ${shown(http)}`);
} finally {
  await broker.stop();
}
process.exit(slowest < LOGINS_A_SECOND ? 1 : 0);
