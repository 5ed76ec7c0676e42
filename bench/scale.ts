// How far one broker goes: idle connections, queues, bindings, fan-out, large bodies, and what an idle process takes.
// npm run bench:scale [-- --quick --cases a,b --uri URI --pid PID]; without a URI Leveret is started for each case.
// Broker and client are separate processes; Node raises the soft limit of open files to the hard one in both.

import { parseArgs } from "node:util";
import { runCrowd } from "../src/perf/crowd.ts";
import { planFrom } from "../src/perf/load-options.ts";
import { LoadRun } from "../src/perf/load-run.ts";
import { processMemory } from "../src/perf/process-usage.ts";
import { parseTarget } from "../src/perf/target.ts";
import { type RunningBroker, startLeveret } from "./brokers.ts";
import { publishLargeBodies } from "./large-bodies.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    cases: { type: "string" },
    uri: { type: "string" },
    pid: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const KIB = 1024;
const MIB = 1024 * KIB;
/** A tenth of everything with --quick. */
const share = values.quick ? 0.1 : 1;

interface Finding {
  readonly text: string;
  /** Undefined where the figure is only told. */
  readonly reached: boolean | undefined;
}

interface ScaleCase {
  readonly name: string;
  readonly wanted: string;
  run(broker: RunningBroker): Promise<Finding[]>;
}

const cases: readonly ScaleCase[] = [
  { name: "idle", wanted: "idle process at most 70 MB, 100 MB with management loaded", run: idle },
  {
    name: "connections",
    wanted: "20,000 idle connections, at most 25 KB each",
    run: (broker) => connections(broker, 20_000, 0, 25),
  },
  {
    name: "channels",
    wanted: "2,000 connections with 10 channels, at most 25 KB + 5 KB a channel",
    run: (broker) => connections(broker, 2_000, 10, 75),
  },
  { name: "queues", wanted: "100,000 queues, at most 5 KB each", run: queues },
  {
    name: "bindings",
    wanted: "1,000,000 bindings; topic routing costs the same with them",
    run: bindings,
  },
  { name: "durable-binds", wanted: "5,000 durable binds a second", run: durableBinds },
  { name: "fan-out", wanted: "1 KiB to 1,000 queues, 200 publishes a second", run: fanOut },
  {
    name: "large-bodies",
    wanted: "ten bodies of 128 MiB at once within 256 MB",
    run: largeBodies,
  },
];

async function idle(broker: RunningBroker): Promise<Finding[]> {
  const findings = values.uri === undefined ? [await idleWithoutManagement()] : [];
  await sleep(3_000);
  findings.push(memoryFinding("management loaded", resident(broker), 100));
  if (broker.httpPort === undefined) return findings;
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  for (const path of ["overview", "queues", "connections", "nodes"]) {
    const url = `http://127.0.0.1:${broker.httpPort}/api/${path}`;
    await (await fetch(url, { headers: { authorization } })).text();
  }
  await sleep(1_000);
  findings.push(memoryFinding("management used", resident(broker), 100));
  return findings;
}

async function idleWithoutManagement(): Promise<Finding> {
  const off = ["leveret.management.enabled=false", "leveret.prometheus.enabled=false"];
  const broker = await startLeveret({
    args: off.flatMap((setting) => ["--set", setting]),
    hasManagement: false,
  });
  try {
    await sleep(3_000);
    return memoryFinding("idle, without management", resident(broker), 70);
  } finally {
    await broker.stop();
  }
}

async function connections(
  broker: RunningBroker,
  count: number,
  channels: number,
  kilobytesEach: number,
): Promise<Finding[]> {
  const result = await runCrowd(crowd(broker, "connection", count, { channels }));
  const each = (result.bytesEach ?? 0) / 1e3;
  const stopped = result.stoppedBy === undefined ? "" : `; stopped by: ${result.stoppedBy}`;
  return [
    {
      text: `${result.made} connections at ${perSecond(result.made, result.seconds)}${stopped}`,
      reached: result.made === result.wanted || result.stoppedBy !== undefined,
    },
    {
      text: `${each.toFixed(1)} KB each`,
      reached: result.bytesEach !== undefined && each <= kilobytesEach,
    },
  ];
}

async function queues(broker: RunningBroker): Promise<Finding[]> {
  const result = await runCrowd(crowd(broker, "queue", 100_000));
  const each = (result.bytesEach ?? 0) / 1e3;
  return [
    {
      text: `${result.made} queues at ${perSecond(result.made, result.seconds)}`,
      reached: result.made === result.wanted,
    },
    { text: `${each.toFixed(2)} KB each`, reached: each <= 5 },
  ];
}

async function bindings(broker: RunningBroker): Promise<Finding[]> {
  await routingCost(broker);
  const before = await routingCost(broker);
  let after = before;
  const result = await runCrowd(crowd(broker, "binding", 1_000_000), async () => {
    after = await routingCost(broker);
  });
  const slower = after / before;
  return [
    {
      text: `${result.made} bindings at ${perSecond(result.made, result.seconds)}, ${((result.bytesEach ?? 0) / 1e3).toFixed(2)} KB each`,
      reached: result.made === result.wanted,
    },
    {
      text: `topic routing ${before.toFixed(2)} us of CPU a message without, ${after.toFixed(2)} with them`,
      reached: slower < 1.5,
    },
  ];
}

/** Broker CPU of a publish to a topic exchange with keys that are not in any cache, in us. */
async function routingCost(broker: RunningBroker): Promise<number> {
  const plan = planFrom({
    ...usualFlags(broker),
    ...{ exchange: "amq.topic", type: "topic", routingKey: "scale.here", varyRoutingKey: true },
    ...{ bindingKey: "scale.*.#", consumers: "0", confirm: "2000", size: "16", batchBytes: "2m" },
    ...{ time: "2", warmUp: "0.5", queueArgs: "x-max-length=1000" },
  });
  const { brokerCpuSeconds, counts } = await new LoadRun(plan).execute();
  return ((brokerCpuSeconds ?? 0) / counts.confirmed) * 1e6;
}

async function durableBinds(broker: RunningBroker): Promise<Finding[]> {
  const result = await runCrowd(crowd(broker, "binding", 20_000, { durable: true }));
  const rate = result.made / result.seconds;
  return [{ text: perSecond(result.made, result.seconds), reached: rate >= 5_000 }];
}

async function fanOut(broker: RunningBroker): Promise<Finding[]> {
  const plan = planFrom({
    ...usualFlags(broker),
    ...{ exchange: "scale-fanout", type: "fanout", size: "1k", autoack: true, confirm: "20" },
    ...{ consumers: "10", consumerChannelCount: "100" },
    ...{ queuePattern: "scale-fanout-%", queuePatternTo: "1000" },
    ...{ time: values.quick ? "2" : "5", warmUp: "1" },
  });
  const { counts, seconds, gaps, reordered, lost } = await new LoadRun(plan).execute();
  const rate = counts.confirmed / seconds;
  return [
    {
      text: `${rate.toFixed(0)} publishes/s, ${(counts.received / seconds / 1e3).toFixed(0)} k deliveries/s`,
      reached: rate >= 200,
    },
    {
      text: `gaps ${gaps}, reordered ${reordered}, lost ${lost}`,
      reached: gaps + reordered + (lost ?? 0) === 0,
    },
  ];
}

async function largeBodies(broker: RunningBroker): Promise<Finding[]> {
  const sizeBytes = values.quick ? 16 * MIB : 128 * MIB;
  const seconds = await publishLargeBodies(broker.uri, { count: 10, sizeBytes });
  const peak = processMemory(broker.pid)?.peakBytes ?? 0;
  return [
    {
      text: `10 x ${sizeBytes / MIB} MiB there and back in ${seconds.toFixed(1)} s`,
      reached: undefined,
    },
    memoryFinding("peak", peak, 256),
  ];
}

function crowd(
  broker: RunningBroker,
  kind: "connection" | "queue" | "binding",
  count: number,
  more: { readonly channels?: number; readonly durable?: boolean } = {},
) {
  return {
    target: parseTarget(broker.uri),
    kind,
    count: Math.round(count * share),
    channels: more.channels ?? 0,
    durable: more.durable ?? false,
    workers: 10,
    holdSeconds: 2,
    brokerPid: broker.pid,
  };
}

function resident(broker: RunningBroker): number {
  return processMemory(broker.pid)?.residentBytes ?? 0;
}

function memoryFinding(what: string, bytes: number, megabytesMax: number): Finding {
  const megabytes = bytes / 1e6;
  return { text: `${what}: ${megabytes.toFixed(0)} MB`, reached: megabytes <= megabytesMax };
}

function perSecond(count: number, seconds: number): string {
  return `${Math.round(count / seconds)}/s`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function brokerFor(): Promise<RunningBroker> {
  if (values.uri === undefined) return startLeveret();
  const stop = async (): Promise<void> => {};
  const pid = Number(values.pid ?? 0);
  return { name: "broker", uri: values.uri, pid, httpPort: undefined, stop };
}

let missed = 0;
const report: Record<string, readonly Finding[]> = {};
for (const { name, wanted, run } of cases) {
  if (values.cases !== undefined && !values.cases.split(",").includes(name)) continue;
  const broker = await brokerFor();
  if (!values.json) console.log(`${name}: ${wanted}${share < 1 ? " (a tenth)" : ""}`);
  try {
    const findings = await run(broker);
    report[name] = findings;
    for (const { text, reached } of findings) {
      if (reached === false) missed++;
      const mark = reached === undefined ? " " : reached ? "ok" : "!!";
      if (!values.json) console.log(`  ${mark.padEnd(3)}${text}`);
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
