// Is everybody served while others press hard? npm run bench:fairness [-- --quick --cases a,b --uri URI]
// Broker, loads and the polite client they are measured by are separate processes: what it waits for is the broker.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LoadFlags } from "../src/perf/load-options.ts";
import { planFrom } from "../src/perf/load-options.ts";
import { type LoadResult, LoadRun } from "../src/perf/load-run.ts";
import { monotonicUs } from "../src/perf/monotonic.ts";
import { type RunningBroker, startLeveret } from "./brokers.ts";
import { endWithUs } from "./left-behind.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    cases: { type: "string" },
    uri: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const seconds = values.quick ? 2 : 6;
/** No message of a polite client may wait longer: a stall of the loop, or its turn not coming. */
const STALL_MS_MAX = 50;

type Flags = Partial<LoadFlags>;

/** A steady, light load that anybody should be able to run beside the others: options of `leveret perf`. */
const POLITE = ["--queue", "polite", "--rate", "200", "--qos", "50", "--size", "64"];
/** The loads are at full swing by then. */
const POLITE_STARTS_AFTER_MS = 1_500;

interface Member {
  readonly name: string;
  readonly flags: Flags;
  /** Each of its consumers must get at least this part of the mean. */
  readonly evenShare?: number;
}

interface FairnessCase {
  readonly name: string;
  readonly title: string;
  readonly members: readonly Member[];
  /** The management API is asked for lists all the time. */
  readonly pollsManagement?: boolean;
}

const cases: readonly FairnessCase[] = [
  {
    name: "fifty",
    title: "50 publishers, 50 consumers, 50 queues beside a polite client",
    members: [
      {
        name: "fifty",
        evenShare: 0.5,
        flags: {
          ...{ producers: "50", consumers: "50", queuePattern: "fair-%", queuePatternTo: "50" },
          ...{ confirm: "100", qos: "200", multiAckEvery: "20" },
        },
      },
    ],
  },
  {
    name: "flood",
    title: "one flooding publisher beside a polite client",
    members: [{ name: "flood", flags: { autoack: true, queue: "flood" } }],
  },
  {
    name: "slow-consumers",
    title: "ten slow consumers of a long queue beside a polite client",
    members: [
      {
        name: "slow",
        flags: { consumers: "10", consumerRate: "200", qos: "20", queue: "slow", rate: "50000" },
      },
    ],
  },
  {
    name: "mixed-sizes",
    title: "1 MiB messages beside 64 B ones",
    members: [
      {
        name: "large",
        flags: { size: "1m", queue: "large", qos: "4", confirm: "4", producers: "2" },
      },
    ],
  },
  {
    name: "management",
    title: "1,000 queues listed over HTTP all the time beside a load and a polite client",
    pollsManagement: true,
    members: [
      {
        name: "load",
        flags: {
          ...{ queuePattern: "listed-%", queuePatternTo: "1000", rate: "20000", consumers: "20" },
          ...{ consumerChannelCount: "50", autoack: true },
        },
      },
    ],
  },
];

interface Finding {
  readonly text: string;
  readonly reached: boolean;
}

/** What the polite client's process prints: see `jsonResult`. */
interface PoliteResult {
  readonly received: number;
  readonly gaps: number;
  readonly reordered: number;
  readonly lost: number;
  readonly latency_median_ms: number;
  readonly latency_p99_ms: number;
  readonly latency_p999_ms: number;
  readonly latency_max_ms: number;
}

async function run(each: FairnessCase, broker: RunningBroker): Promise<Finding[]> {
  const polling = each.pollsManagement === true ? poll(broker) : undefined;
  const time = { time: String(seconds), warmUp: "1" };
  const loads = each.members.map((member) => {
    const plan = planFrom({ ...usualFlags(broker), id: member.name, ...member.flags, ...time });
    return new LoadRun(plan).execute();
  });
  const polite = runPolite(broker);
  const results = await Promise.all(loads);
  const findings = each.members.flatMap((member, index) => findingsOf(member, results[index]!));
  findings.push(...politeFindings(await polite));
  const asked = await polling?.stop();
  if (asked !== undefined) findings.push(asked);
  return findings;
}

async function runPolite({ uri }: RunningBroker): Promise<PoliteResult> {
  await new Promise((resolve) => setTimeout(resolve, POLITE_STARTS_AFTER_MS));
  const program = join(fileURLToPath(new URL("..", import.meta.url)), "dist", "leveret.js");
  const time = ["--time", String(seconds - 1), "--warm-up", "0.2"];
  const args = [program, "perf", "--uri", uri, "--json", ...POLITE, ...time];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const forget = endWithUs(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (piece) => {
    text += piece;
  });
  await new Promise((resolve) => child.once("close", resolve));
  forget();
  return JSON.parse(text) as PoliteResult;
}

function politeFindings(result: PoliteResult): Finding[] {
  const { gaps, reordered, lost, received } = result;
  const percentiles = [result.latency_median_ms, result.latency_p99_ms, result.latency_p999_ms];
  const texts = percentiles.map((ms) => ms.toFixed(1)).join(" / ");
  return [
    {
      text: `polite: ${received} received, gaps ${gaps}, reordered ${reordered}, lost ${lost}`,
      reached: gaps + reordered + lost === 0,
    },
    {
      text: `polite: p50 / p99 / p99.9 ${texts} ms, at most ${result.latency_max_ms.toFixed(1)} ms`,
      reached: result.latency_p99_ms <= STALL_MS_MAX,
    },
  ];
}

function findingsOf(member: Member, result: LoadResult): Finding[] {
  const { counts, gaps, reordered, lost } = result;
  const rate = Math.round(counts.received / result.seconds);
  const findings: Finding[] = [
    {
      text: `${member.name}: ${rate}/s, gaps ${gaps}, reordered ${reordered}, lost ${lost ?? 0}`,
      reached: gaps + reordered + (lost ?? 0) === 0,
    },
  ];
  if (member.evenShare !== undefined) {
    const received = result.receivedByConsumer;
    const mean = received.reduce((sum, each) => sum + each, 0) / received.length;
    const least = Math.min(...received) / mean;
    findings.push({
      text: `${member.name}: the consumer served least got ${Math.round(least * 100)} % of the mean`,
      reached: least >= member.evenShare,
    });
  }
  return findings;
}

/** Lists queues and connections over HTTP, one request after the other, until stopped. */
function poll({ httpPort }: RunningBroker): { stop(): Promise<Finding> } {
  let isRunning = httpPort !== undefined;
  let count = 0;
  let slowestMs = 0;
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const work = async (): Promise<void> => {
    const paths = ["queues", "connections", "channels", "overview"];
    while (isRunning) {
      const startedUs = monotonicUs();
      const url = `http://127.0.0.1:${httpPort}/api/${paths[count % paths.length]}`;
      await (await fetch(url, { headers: { authorization } })).arrayBuffer();
      slowestMs = Math.max(slowestMs, (monotonicUs() - startedUs) / 1e3);
      count++;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const done = work();
  return {
    async stop() {
      isRunning = false;
      await done;
      return {
        text: `management: ${count} lists, the slowest took ${slowestMs.toFixed(0)} ms`,
        reached: count > 0,
      };
    },
  };
}

async function brokerFor(): Promise<RunningBroker> {
  if (values.uri === undefined) return startLeveret();
  const stop = async (): Promise<void> => {};
  return { name: "broker", uri: values.uri, pid: 0, httpPort: undefined, stop };
}

let missed = 0;
const report: Record<string, readonly Finding[]> = {};
for (const each of cases) {
  if (values.cases !== undefined && !values.cases.split(",").includes(each.name)) continue;
  const broker = await brokerFor();
  if (!values.json) console.log(`${each.name}: ${each.title}`);
  try {
    const findings = await run(each, broker);
    report[each.name] = findings;
    for (const { text, reached } of findings) {
      if (!reached) missed++;
      if (!values.json) console.log(`  ${(reached ? "ok" : "!!").padEnd(3)}${text}`);
    }
  } catch (error) {
    missed++;
    console.log(`  !! ${(error as Error).message}`);
  } finally {
    await broker.stop();
  }
}
if (values.json) console.log(JSON.stringify(report));
process.exitCode = missed === 0 ? 0 : 1;
