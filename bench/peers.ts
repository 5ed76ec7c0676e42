// Leveret beside RabbitMQ and the bare relay, in turn on one machine: npm run bench:peers [-- --quick --cases a,b]
// RabbitMQ comes from the Debian package rabbitmq-server; without it (or with --alone) only the rows against the relay
// have ratios.

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setEngineFlags } from "../src/cli/engine-flags.ts";
import { type Case, casesNamed } from "../src/perf/cases.ts";
import {
  compareOutcomes,
  figureText,
  type Outcome,
  optionalSpread,
  ratioText,
  runCase,
  type Spread,
  spreadOf,
} from "../src/perf/compare.ts";
import { parseSize } from "../src/perf/option-values.ts";
import {
  hasRabbitmq,
  type RunningBroker,
  startLeveret,
  startRabbitmq,
  startRelay,
} from "./brokers.ts";
import { type Bar, bars } from "./floors.ts";
import { loadRelay, publishedBytes } from "./relay-load.ts";

setEngineFlags();

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    cases: { type: "string" },
    rounds: { type: "string" },
    time: { type: "string" },
    /** Another Node to run Leveret (and the relay) with. */
    node: { type: "string" },
    json: { type: "boolean", default: false },
    /** Leave RabbitMQ out. */
    alone: { type: "boolean", default: false },
  },
});

const hasPeer = !values.alone && hasRabbitmq();
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
const seconds = Number(values.time ?? (values.quick ? 1 : 2));
const warmUpSeconds = values.quick ? 0.5 : 1;

interface Brokers {
  readonly leveret: RunningBroker;
  readonly rabbitmq: RunningBroker | undefined;
  readonly relay: RunningBroker & { readonly port: number };
}

interface Row {
  readonly name: string;
  readonly title: string;
  readonly leveret: Spread;
  readonly leveretPerCpuSecond: Spread | undefined;
  readonly rabbitmq: Spread | undefined;
  readonly rabbitmqPerCpuSecond: Spread | undefined;
  readonly wallTimes: Spread | undefined;
  readonly cpuTimes: Spread | undefined;
  readonly relayShare: Spread | undefined;
  /** CPU of the load generator per CPU second of Leveret: below 1, or the broker was not what was measured. */
  readonly clientShare: Spread | undefined;
  /** Floors it does not reach, and messages lost or out of order. */
  readonly faults: readonly string[];
}

async function measure(each: Case, brokers: Brokers): Promise<Row> {
  const { leveret, rabbitmq, relay } = brokers;
  const own: Outcome[] = [];
  const peer: Outcome[] = [];
  const shares: number[] = [];
  const relayed = bars[each.name]?.floor.relayShare !== undefined;
  const sizeBytes = parseSize(each.flags.size ?? "16");
  for (let round = 0; round < rounds; round++) {
    const run = { seconds, warmUpSeconds };
    own.push(await runCase(each, { uri: leveret.uri, pid: leveret.pid, ...run }));
    if (rabbitmq !== undefined) {
      peer.push(await runCase(each, { uri: rabbitmq.uri, pid: rabbitmq.pid, ...run }));
    }
    if (!relayed) continue;
    const { bytesPerCpuSecond } = await loadRelay(relay.port, relay.pid, sizeBytes, seconds / 2);
    const bytes = (own.at(-1)!.perCpuSecond ?? 0) * publishedBytes(sizeBytes);
    shares.push(bytes / bytesPerCpuSecond);
  }
  return rowOf(each, own, peer, shares);
}

function rowOf(
  each: Case,
  own: readonly Outcome[],
  peer: readonly Outcome[],
  shares: readonly number[],
): Row {
  // Without a peer the broker is compared with itself, and only its own figures are used.
  const compared = compareOutcomes(each, own, peer.length === 0 ? own : peer);
  const row = {
    name: each.name,
    title: each.title,
    leveret: compared.a,
    leveretPerCpuSecond: compared.aPerCpuSecond,
    rabbitmq: hasPeer ? compared.b : undefined,
    rabbitmqPerCpuSecond: hasPeer ? compared.bPerCpuSecond : undefined,
    wallTimes: hasPeer ? compared.ratio : undefined,
    cpuTimes: hasPeer ? compared.cpuRatio : undefined,
    relayShare: shares.length > 0 ? spreadOf(shares) : undefined,
    clientShare: optionalSpread(own.map(({ clientShare }) => clientShare)),
  };
  const wrong = compared.faults.filter((fault) => fault.startsWith("A: "));
  const faults = wrong.map((fault) => fault.slice(3));
  return { ...row, faults: [...faults, ...missedFloors(row), ...costlyLoad(row)] };
}

/** What costs as much as the broker measures itself. */
function costlyLoad({ clientShare }: Omit<Row, "faults">): string[] {
  if (clientShare === undefined || clientShare.median < 1) return [];
  const share = clientShare.median.toFixed(2);
  return [`the load generator used ${share} s of CPU a CPU second of leveret, not less than 1`];
}

function missedFloors(row: Omit<Row, "faults">): string[] {
  const floor: Bar = bars[row.name]?.floor ?? {};
  return (["wallTimes", "cpuTimes", "relayShare"] as const).flatMap((key) => {
    const reached = row[key]?.median;
    const wanted = floor[key];
    if (reached === undefined || wanted === undefined || reached >= wanted) return [];
    return [`below its floor: ${key} ${reached.toFixed(2)}, at least ${wanted}`];
  });
}

function print(row: Row): void {
  const unit = row.name === "latency" ? " ms" : "/s";
  const share = row.relayShare;
  const bar = bars[row.name];
  const wanted = (key: keyof Bar): string =>
    bar?.floor[key] === undefined ? "" : ` (floor ${bar.floor[key]}, goal ${bar.goal[key]})`;
  console.log(row.title);
  console.log(`  leveret   ${valueText(row.leveret, unit)}  ${cpuText(row.leveretPerCpuSecond)}`);
  if (row.rabbitmq !== undefined) {
    console.log(
      `  rabbitmq  ${valueText(row.rabbitmq, unit)}  ${cpuText(row.rabbitmqPerCpuSecond)}`,
    );
    console.log(`  wall      ${ratioText(row.wallTimes)}${wanted("wallTimes")}`);
    console.log(`  per CPU   ${ratioText(row.cpuTimes)}${wanted("cpuTimes")}`);
  }
  if (share !== undefined) {
    const percent = (value: number): string => `${Math.round(value * 100)} %`;
    const range = `[${percent(share.min)}-${percent(share.max)}]`;
    console.log(`  relay     ${percent(share.median)} ${range}${wanted("relayShare")}`);
  }
  if (row.clientShare !== undefined) {
    const { median, min, max } = row.clientShare;
    const range = `[${min.toFixed(2)}-${max.toFixed(2)}]`;
    console.log(`  load      ${median.toFixed(2)} s ${range} of CPU a CPU second of leveret`);
  }
  for (const fault of row.faults) console.log(`  !! ${fault}`);
}

function valueText({ median, min, max }: Spread, unit: string): string {
  return `${figureText(median)}${unit} [${figureText(min)}-${figureText(max)}]`;
}

function cpuText(perCpu: Spread | undefined): string {
  return perCpu === undefined ? "" : `${figureText(perCpu.median)} per CPU second`;
}

async function startAll(): Promise<Brokers> {
  const leveret = await startLeveret({ node: values.node });
  const relay = await startRelay(values.node);
  const rabbitmq = hasPeer ? await startRabbitmq() : undefined;
  return { leveret, rabbitmq, relay };
}

async function main(): Promise<void> {
  const processor = cpus()[0]?.model ?? "unknown processor";
  console.log(`${cpus().length} x ${processor}; node ${values.node ?? process.version}`);
  if (!hasPeer) console.log("Without RabbitMQ: rows against it have no ratio.");
  const brokers = await startAll();
  const rows: Row[] = [];
  try {
    for (const each of casesNamed(values.cases?.split(",") ?? [])) {
      const row = await measure(each, brokers);
      rows.push(row);
      if (!values.json) print(row);
    }
  } finally {
    await Promise.all([brokers.leveret.stop(), brokers.rabbitmq?.stop(), brokers.relay.stop()]);
  }
  if (values.json) console.log(JSON.stringify(rows));
  const missed = rows.filter(({ faults }) => faults.length > 0);
  console.log(missed.length === 0 ? "every row reaches its floor" : "rows with faults:");
  for (const { name, faults } of missed) console.log(`  ${name}: ${faults.join("; ")}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

await main();
