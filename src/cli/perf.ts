// `leveret perf`: the load generator's commands. Exit codes: 0 done, 1 failed or messages lost, 64 wrong usage.

import { Command, CommanderError } from "commander";
import { runBacklog } from "../perf/backlog.ts";
import { casesNamed } from "../perf/cases.ts";
import { type ChurnKind, churnKinds, runChurn } from "../perf/churn.ts";
import { compareCase, figureText, ratioText, type Side } from "../perf/compare.ts";
import { type CrowdKind, crowdKinds, runCrowd } from "../perf/crowd.ts";
import { type LoadFlags, planFrom } from "../perf/load-options.ts";
import { parseCount, parseSeconds } from "../perf/option-values.ts";
import {
  jsonResult,
  latencyFigures,
  MICROSECONDS,
  MILLISECONDS,
  sampleLine,
} from "../perf/report.ts";
import { parseTarget } from "../perf/target.ts";
import { Terminal } from "../perf/terminal.ts";
import { runThroughput } from "../perf/throughput.ts";
import { setEngineFlags } from "./engine-flags.ts";
import { addLoadOptions, addUri, withLongNames } from "./perf-load-options.ts";

const EXIT_USAGE = 64;
const EXIT_FAILED = 1;

interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly useMillis?: boolean;
  readonly metricsFormat?: string;
  readonly outputFile?: string;
}

interface ChurnFlags {
  readonly uri: string;
  readonly connections: string;
  readonly time: string;
  readonly durable?: boolean;
  readonly pid?: string;
  readonly json?: boolean;
}

interface CountFlags extends ChurnFlags {
  readonly channels: string;
}

interface CompareFlags {
  readonly cases?: string;
  readonly rounds: string;
  readonly time: string;
  readonly warmUp: string;
  readonly pidA?: string;
  readonly pidB?: string;
  readonly json?: boolean;
}

/** Runs one command; answers the exit code. */
export async function perf(args: readonly string[]): Promise<number> {
  setEngineFlags();
  const exit = { code: 0 };
  try {
    await commands(exit).parseAsync(withLongNames(args), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    process.stderr.write(`leveret perf: ${messageOf(error)}\n`);
    return EXIT_FAILED;
  }
  return exit.code;
}

function commands(exit: { code: number }): Command {
  const program = new Command("leveret perf")
    .description("Load any AMQP 0-9-1 broker and measure it.")
    .enablePositionalOptions()
    .helpOption("-?, --help", "print this")
    .exitOverride();
  addLoadOptions(
    program
      .command("throughput", { isDefault: true })
      .description("publish and consume as fast as the options allow"),
  ).action(async (flags: LoadFlags & OutputFlags) => {
    exit.code = await throughput(flags);
  });
  addLoadOptions(
    program
      .command("latency")
      .description("20,000 messages of 1 KiB a second for 10 s, unless options say otherwise"),
  ).action(async (flags: LoadFlags & OutputFlags, command: Command) => {
    exit.code = await throughput({ ...flags, ...latencyDefaults(command) });
  });
  addLoadOptions(
    program
      .command("backlog")
      .description("fill the queues with -C messages of each publisher, then drain them"),
  ).action(async (flags: LoadFlags & OutputFlags) => {
    exit.code = await backlog(flags);
  });
  for (const kind of churnKinds) addChurn(program, kind);
  for (const kind of crowdKinds) addCrowd(program, kind);
  addCompare(program, exit);
  return program;
}

function addChurn(program: Command, kind: ChurnKind): void {
  addUri(program.command(`${kind}-churn`).description(`make and unmake a ${kind}, again and again`))
    .option("-x, --connections <n>", "connections that do so at the same time", "1")
    .option("-z, --time <seconds>", "how long", "10")
    .option("--durable", "durable queues")
    .option("--pid <pid>", "the broker's process: reports its CPU")
    .option("-j, --json", "print the result as JSON and nothing else")
    .action((flags: ChurnFlags) => churn(kind, flags));
}

function addCrowd(program: Command, kind: CrowdKind): void {
  addUri(
    program
      .command(`${kind}-count`)
      .argument("<count>", "how many")
      .description(`make many ${kind}s and keep them a while`),
  )
    .option("-x, --connections <n>", "connections that make them at the same time", "10")
    .option("-Y, --channels <n>", "channels on each connection (connection-count)", "0")
    .option("-z, --time <seconds>", "how long to keep them", "2")
    .option("--durable", "durable queues and bindings")
    .option("--pid <pid>", "the broker's process: reports the memory each takes")
    .option("-j, --json", "print the result as JSON and nothing else")
    .action((count: string, flags: CountFlags) => crowd(kind, count, flags));
}

function addCompare(program: Command, exit: { code: number }): void {
  program
    .command("compare")
    .helpOption("-?, --help", "print this")
    .argument("<uri-a>", "the broker to judge")
    .argument("<uri-b>", "the broker to judge it by")
    .description("run the same cases on two brokers in turn and print how many times better A is")
    .option("--cases <names>", "only these, separated by commas")
    .option("--rounds <n>", "runs of each case on each broker", "5")
    .option("-z, --time <seconds>", "measured time of each run", "2")
    .option("--warm-up <seconds>", "before it", "0.5")
    .option("--pid-a <pid>", "process of A: compares per CPU second too")
    .option("--pid-b <pid>", "process of B")
    .option("-j, --json", "print the result as JSON and nothing else")
    .action(async (uriA: string, uriB: string, flags: CompareFlags) => {
      exit.code = await compare(uriA, uriB, flags);
    });
}

async function throughput(flags: LoadFlags & OutputFlags): Promise<number> {
  const plan = planFrom(flags);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  const inOrder = await runThroughput(plan, {
    stdout: process.stdout,
    json: flags.json === true,
    quiet: flags.quiet === true,
    unit: flags.useMillis === true ? MILLISECONDS : MICROSECONDS,
    compact: isCompact(flags.metricsFormat),
    csvFile: flags.outputFile,
    signal: interrupted.signal,
  });
  return inOrder ? 0 : EXIT_FAILED;
}

function isCompact(format = "default"): boolean {
  if (format === "compact" || format === "default") return format === "compact";
  throw new Error(`--metrics-format: default or compact, not "${format}"`);
}

/** An AggregateError (every address of a host refused) has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** What `latency` sets where nothing was typed. */
function latencyDefaults(command: Command): Partial<LoadFlags> {
  const defaults = { rate: "20000", size: "1k", time: "10", qos: "200", multiAckEvery: "20" };
  return Object.fromEntries(
    Object.entries(defaults).filter(([name]) => command.getOptionValueSource(name) !== "cli"),
  );
}

async function backlog(flags: LoadFlags & OutputFlags): Promise<number> {
  const plan = planFrom(flags);
  const terminal = new Terminal(process.stdout);
  const isSilent = flags.json === true || flags.quiet === true;
  const { messages, fill, drain } = await runBacklog(plan, (phase, phasePlan, sample) => {
    if (!isSilent) terminal.live(`${phase}: ${sampleLine(phasePlan, sample, MILLISECONDS)}`);
  });
  const missing = messages - drain.counts.received;
  if (flags.json === true) {
    const json = { messages, fill: jsonResult(plan, fill), drain: jsonResult(plan, drain) };
    terminal.line(JSON.stringify(json));
  } else {
    const perSecond = (count: number, seconds: number): number => Math.round(count / seconds);
    terminal.line(`filled ${messages} messages: ${perSecond(messages, fill.seconds)} msg/s`);
    terminal.line(`drained: ${perSecond(drain.counts.received, drain.seconds)} msg/s`);
    const megabytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);
    if (fill.brokerMemory !== undefined) {
      const { residentBytes, peakBytes } = fill.brokerMemory;
      terminal.line(
        `broker memory when full: ${megabytes(residentBytes)} MiB, peak ${megabytes(peakBytes)} MiB`,
      );
    }
    terminal.line(`gaps: ${drain.gaps}, reordered: ${drain.reordered}, missing: ${missing}`);
  }
  return missing > 0 || drain.gaps > 0 || drain.reordered > 0 ? EXIT_FAILED : 0;
}

async function churn(kind: ChurnKind, flags: ChurnFlags): Promise<void> {
  const terminal = new Terminal(process.stdout);
  const result = await runChurn(
    {
      target: parseTarget(flags.uri),
      kind,
      workers: parseCount(flags.connections, 1),
      durable: flags.durable === true,
      seconds: parseSeconds(flags.time),
      brokerPid: pidOf(flags.pid),
    },
    (perSecond) => {
      if (flags.json !== true) terminal.live(`${kind}s made and unmade: ${perSecond}/s`);
    },
  );
  const perSecond = result.operations / result.seconds;
  if (flags.json === true) {
    const { latency, ...figures } = result;
    const p99Ms = latency.percentileUs(99) / 1e3;
    const medianMs = latency.percentileUs(50) / 1e3;
    terminal.line(JSON.stringify({ kind, ...figures, perSecond, medianMs, p99Ms }));
    return;
  }
  terminal.line(`${kind}s made and unmade: ${Math.round(perSecond)}/s on average`);
  const figures = latencyFigures(result.latency, MICROSECONDS);
  terminal.line(`each min/median/75th/95th/99th/max: ${figures} µs`);
  const broker = result.brokerCpuSeconds;
  if (broker !== undefined) {
    terminal.line(`broker CPU: ${((broker / result.operations) * 1e6).toFixed(0)} µs each`);
  }
}

async function crowd(kind: CrowdKind, count: string, flags: CountFlags): Promise<void> {
  const result = await runCrowd({
    target: parseTarget(flags.uri),
    kind,
    count: parseCount(count, 1),
    channels: parseCount(flags.channels),
    durable: flags.durable === true,
    workers: parseCount(flags.connections, 1),
    holdSeconds: parseSeconds(flags.time),
    brokerPid: pidOf(flags.pid),
  });
  const terminal = new Terminal(process.stdout);
  if (flags.json === true) {
    terminal.line(JSON.stringify({ kind, ...result }));
    return;
  }
  const perSecond = Math.round(result.made / result.seconds);
  terminal.line(`${result.made} of ${result.wanted} ${kind}s, ${perSecond}/s`);
  if (result.stoppedBy !== undefined) terminal.line(`stopped by: ${result.stoppedBy}`);
  if (result.bytesEach !== undefined) {
    terminal.line(`broker memory for each: ${Math.round(result.bytesEach)} bytes`);
  }
}

async function compare(uriA: string, uriB: string, flags: CompareFlags): Promise<number> {
  const a: Side = { uri: uriA, pid: pidOf(flags.pidA) };
  const b: Side = { uri: uriB, pid: pidOf(flags.pidB) };
  const terminal = new Terminal(process.stdout);
  const options = {
    a,
    b,
    rounds: parseCount(flags.rounds, 1),
    seconds: parseSeconds(flags.time),
    warmUpSeconds: parseSeconds(flags.warmUp),
  };
  const comparisons = [];
  for (const each of casesNamed(flags.cases?.split(",") ?? [])) {
    const comparison = await compareCase(each, options);
    comparisons.push(comparison);
    if (flags.json === true) continue;
    const { figure } = comparison;
    const unit = figure === "latency p99" ? "ms p99" : `${figure}/s`;
    terminal.line(each.title);
    terminal.line(
      `  A ${figureText(comparison.a.median)} ${unit}, B ${figureText(comparison.b.median)} ${unit}`,
    );
    terminal.line(
      `  A is ${ratioText(comparison.ratio)} of B, per CPU second ${ratioText(comparison.cpuRatio)}`,
    );
    for (const fault of comparison.faults) terminal.line(`  FAULT ${fault}`);
  }
  if (flags.json === true) terminal.line(JSON.stringify(comparisons));
  return comparisons.some(({ faults }) => faults.length > 0) ? EXIT_FAILED : 0;
}

function pidOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseCount(text, 1);
}
