// Sends the same random session to two brokers and stops where their answers part:
//   npx tsx test/conformance/differential/compare.ts [--seed N] [--steps N] [--sessions N]
// One is a broker of ours in this process, the other a private RabbitMQ (the Debian package).

import { parseArgs } from "node:util";
import { SeededRandom } from "../../../src/env/fake-random.ts";
import { startEmbedded } from "../embedded.ts";
import { startRabbitMq } from "../real-rabbitmq.ts";
import { type Operation, Operations } from "./operations.ts";
import { Peer } from "./peer.ts";

export interface Broker {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  /** User and password alike. */
  readonly user: string;
}

const QUIET_MS = 8;
/** A difference counts only when it is still there after so many looks. */
const LOOKS = 20;
const LOOK_AGAIN_MS = 250;

/** Answers "" or where, after which operations, the two part. */
export async function compare(
  one: Broker,
  other: Broker,
  seed: number,
  steps: number,
): Promise<string> {
  const peers = [new Peer(one.name), new Peer(other.name)] as const;
  const [mine, theirs] = peers;
  await mine.open(one.host, one.port, one.vhost, one.user);
  await theirs.open(other.host, other.port, other.vhost, other.user);
  const operations = new Operations(new SeededRandom(seed));
  const done: Operation[] = [];
  const script = Operations.opening();
  try {
    for (let step = 0; step < steps; step++) {
      const operation = script.shift() ?? operations.next();
      done.push(operation);
      for (const peer of peers) peer.perform(operation);
      const difference = await answersPart(mine, theirs);
      if (difference !== "") {
        const last = done.slice(-8).map((operation) => `  ${shown(operation)}`);
        return `seed ${seed}, step ${step}:\n${last.join("\n")}\n${difference}`;
      }
    }
    return "";
  } finally {
    for (const peer of peers) peer.close();
  }
}

async function answersPart(mine: Peer, theirs: Peer): Promise<string> {
  const lines: [string[], string[]] = [[], []];
  const listen = async (quietMs: number) => {
    await Promise.all([mine.settleDown({ quietMs }), theirs.settleDown({ quietMs })]);
    lines[0].push(...mine.tell());
    lines[1].push(...theirs.tell());
  };
  await listen(QUIET_MS);
  for (let look = 0; look < LOOKS && !isEqual(...lines); look++) await listen(LOOK_AGAIN_MS);
  if (isEqual(...lines)) return "";
  const [ours, others] = lines;
  const only = (from: string[], there: string[]) =>
    from.filter((line) => !there.includes(line)).map((line) => `    ${line}`);
  return [
    `  only ${mine.name}:`,
    ...only(ours, others),
    `  only ${theirs.name}:`,
    ...only(others, ours),
  ].join("\n");
}

function isEqual(one: string[], other: string[]): boolean {
  return one.slice().sort().join("\n") === other.slice().sort().join("\n");
}

function shown(operation: Operation): string {
  return JSON.stringify(operation, (_, part: unknown) => {
    if (part instanceof Map) return [...part];
    if (typeof part === "bigint") return `${part}`;
    return typeof part === "string" && part.length > 40 ? `${part.slice(0, 40)}...` : part;
  });
}

/** Compares our broker with a private RabbitMQ, a vhost of its own for each session; answers the differences. */
export async function compareWithRabbitMq(
  seeds: readonly number[],
  steps: number,
): Promise<string[]> {
  const embedded = await startEmbedded();
  const rabbit = await startRabbitMq();
  const differences: string[] = [];
  try {
    for (const seed of seeds) {
      const vhost = `session-${seed}`;
      const { broker } = embedded.server;
      broker.addVhost(vhost);
      const everything = { configure: ".*", write: ".*", read: ".*" };
      broker.access.setPermissions({ user: "guest", vhost, ...everything }, "test");
      await rabbit.ctl("add_vhost", vhost);
      await rabbit.ctl("set_permissions", "-p", vhost, "guest", ".*", ".*", ".*");
      const at = (name: string, port: number): Broker => ({
        ...{ name, port, vhost, host: "127.0.0.1", user: "guest" },
      });
      const ours = at("Leveret", embedded.port);
      const difference = await compare(ours, at("RabbitMQ", rabbit.port), seed, steps);
      if (difference !== "") differences.push(difference);
      console.log(difference === "" ? `seed ${seed}: ${steps} steps alike` : difference);
    }
    differences.push(...embedded.bugs.map((bug) => String((bug as Error).stack)));
    return differences;
  } finally {
    await rabbit.stop();
    await embedded.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      steps: { type: "string", default: "400" },
      sessions: { type: "string", default: "1" },
    },
  });
  const seeds = Array.from({ length: Number(values.sessions) }, (_, i) => Number(values.seed) + i);
  const differences = await compareWithRabbitMq(seeds, Number(values.steps));
  process.exitCode = differences.length > 0 ? 1 : 0;
}

if (import.meta.url === `file://${process.argv[1]}`) await main();
