// How fast do thousands of readers get what lies in one stream, beside a process that only reads the same files, which
// are in the system's cache, and writes them to as many sockets? The clients are a process of their own. Both run in
// turn; what clients cost is said, too, because those of a broker take AMQP apart and acknowledge. A second bare process
// is bound as the broker is: it is only so far ahead of a client, which tells it every so often what it has got.
// npm run bench:readers [-- --readers 1000,2000 --seconds 10 --rounds 5 --prefetch 10000]

import { parseArgs } from "node:util";
import { planFrom } from "../src/perf/load-options.ts";
import { LoadRun } from "../src/perf/load-run.ts";
import { type RunningBroker, startLeveret } from "./brokers.ts";
import { type Figures, floorOf, peakMiB, type Window } from "./reader-floor.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "100,1000,2000" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    /** What a client of the broker lets it send ahead; it acknowledges a fifth of it at a time. */
    prefetch: { type: "string", default: "1000" },
  },
});

const SIZE_BYTES = 1_024;
const STORED = 200_000;
const FLOOR_FILE_BYTES = STORED * SIZE_BYTES;
const QUEUE = "readers";

const PREFETCH = Number(values.prefetch);
const ACK_EVERY = PREFETCH / 5;
/** The same for the bare process: a message has about as many bytes of frames besides its body. */
const FRAMES_BYTES = 128;
const BOUND: Window = {
  windowBytes: PREFETCH * (SIZE_BYTES + FRAMES_BYTES),
  ackEveryBytes: ACK_EVERY * (SIZE_BYTES + FRAMES_BYTES),
};

await main();

interface BrokerFigures extends Figures {
  /** What the reader served least got, of what the mean one did. */
  readonly slowestShare: number;
}

async function main(): Promise<void> {
  const seconds = Number(values.seconds);
  for (const readers of values.readers.split(",").map(Number)) {
    const floors: Figures[] = [];
    const boundFloors: Figures[] = [];
    const brokers: BrokerFigures[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      floors.push(await floorOf(readers, seconds, FLOOR_FILE_BYTES));
      boundFloors.push(await floorOf(readers, seconds, FLOOR_FILE_BYTES, BOUND));
      brokers.push(await brokerOf(readers, seconds));
    }
    console.log(`${readers} readers`);
    console.log(`  broker  ${shown(brokers)}, at most ${most(brokers)} MiB`);
    console.log(
      `    slowest reader: ${percent(brokers.map((one) => one.slowestShare))} of the mean`,
    );
    tell("bare process", floors, brokers);
    tell("bare process, bound as the broker is", boundFloors, brokers);
  }
}

/** What a bare process came to, and the broker's share of it. */
function tell(name: string, floors: readonly Figures[], brokers: readonly Figures[]): void {
  const shares = brokers.map(({ perSecond }, at) => perSecond / floors[at]!.perSecond);
  const cpuShares = brokers.map(({ perCpuSecond }, at) => perCpuSecond / floors[at]!.perCpuSecond);
  console.log(`  ${name}  ${shown(floors)}, at most ${most(floors)} MiB`);
  console.log(`    share: ${percent(shares)} by wall clock, ${percent(cpuShares)} per CPU second`);
}

async function brokerOf(readers: number, seconds: number): Promise<BrokerFigures> {
  const broker = await startLeveret();
  try {
    await store(broker);
    const result = await new LoadRun(
      planFrom({
        ...usualFlags(broker),
        ...{ queue: QUEUE, streamQueue: true, producers: "0", consumers: String(readers) },
        ...{
          consumerArgs: "x-stream-offset=first",
          qos: String(PREFETCH),
          multiAckEvery: String(ACK_EVERY),
        },
        ...{ time: String(seconds), warmUp: "1", purge: false },
      }),
    ).execute();
    if (result.gaps + result.reordered > 0) throw new Error("messages are missing or out of order");
    const bytes = result.counts.received * SIZE_BYTES;
    const each = result.receivedByConsumer;
    const mean = each.reduce((sum, count) => sum + count, 0) / each.length;
    return {
      slowestShare: Math.min(...each) / mean,
      perSecond: bytes / result.seconds,
      perCpuSecond: bytes / (result.brokerCpuSeconds ?? 1),
      perClientCpuSecond: bytes / result.clientCpuSeconds,
      residentMiB: peakMiB(broker.pid),
    };
  } finally {
    await broker.stop();
  }
}

async function store(broker: RunningBroker): Promise<void> {
  const flags = { queue: QUEUE, streamQueue: true, keep: true, pmessages: String(STORED) };
  await new LoadRun(
    planFrom({
      ...{ ...usualFlags(broker), ...flags, consumers: "0", confirm: "256" },
      ...{ flag: ["persistent"], size: String(SIZE_BYTES), warmUp: "0" },
    }),
  ).execute();
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number;
}

function range(all: readonly number[], text: (value: number) => string): string {
  return `${text(median(all))} [${text(Math.min(...all))}-${text(Math.max(...all))}]`;
}

function percent(all: readonly number[]): string {
  return `${range(all, (share) => (100 * share).toFixed(0))} %`;
}

function shown(all: readonly Figures[]): string {
  const megabytes = (value: number): string => (value / 1e6).toFixed(0);
  return (
    `${range(
      all.map(({ perSecond }) => perSecond),
      megabytes,
    )} MB/s, ` +
    `${range(
      all.map(({ perCpuSecond }) => perCpuSecond),
      megabytes,
    )} per CPU second of it, ` +
    `${range(
      all.map(({ perClientCpuSecond }) => perClientCpuSecond),
      megabytes,
    )} of its clients`
  );
}

function most(all: readonly Figures[]): number {
  return Math.max(...all.map(({ residentMiB }) => residentMiB));
}
