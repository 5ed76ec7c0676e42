// Streams: is publishing as fast as to a classic queue, and how fast do many readers get what lies there?
// npm run bench:streams [-- --quick --peer]; --peer measures RabbitMQ too, where it is installed.

import { parseArgs } from "node:util";
import { type LoadFlags, planFrom } from "../src/perf/load-options.ts";
import { type LoadResult, LoadRun } from "../src/perf/load-run.ts";
import { hasRabbitmq, type RunningBroker, startLeveret, startRabbitmq } from "./brokers.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    peer: { type: "boolean", default: false },
    rounds: { type: "string" },
    readers: { type: "string", default: "100" },
    size: { type: "string", default: "1024" },
  },
});

const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const seconds = values.quick ? 2 : 4;
const size = values.size;
/** Enough that 100 readers do not come to the end while they are measured. */
const STORED = values.quick ? 200_000 : 400_000;

type Flags = Partial<LoadFlags>;

const PUBLISH: Flags = {
  ...{ consumers: "0", confirm: "256", flag: ["persistent"], size, warmUp: "1" },
};

interface Figure {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

async function load(broker: RunningBroker, flags: Flags): Promise<LoadResult> {
  return new LoadRun(planFrom({ ...usualFlags(broker), ...flags })).execute();
}

function figureOf(result: LoadResult, count: number): Figure {
  const perCpuSecond = count / (result.brokerCpuSeconds ?? Number.NaN);
  return { perSecond: count / result.seconds, perCpuSecond };
}

async function publish(broker: RunningBroker, flags: Flags): Promise<Figure> {
  const result = await load(broker, { ...PUBLISH, time: String(seconds), ...flags });
  return figureOf(result, result.counts.published);
}

/** Everybody reads from the first message on. */
async function fanOut(broker: RunningBroker, readers: number): Promise<Figure> {
  const queue = `fan-out-${readers}`;
  const stored = { ...PUBLISH, queue, streamQueue: true, keep: true, pmessages: String(STORED) };
  await load(broker, { ...stored, warmUp: "0" });
  const result = await load(broker, {
    ...{ queue, streamQueue: true, producers: "0", consumers: String(readers) },
    ...{ consumerArgs: "x-stream-offset=first", qos: "1000", multiAckEvery: "200" },
    ...{ time: String(readers === 1 ? 60 : seconds), warmUp: "0", purge: false },
    // One reader is done before its time is up.
    ...(readers === 1 ? { cmessages: String(STORED) } : {}),
  });
  return figureOf(result, result.counts.received);
}

const cases: readonly { readonly name: string; run(broker: RunningBroker): Promise<Figure> }[] = [
  {
    name: `${size} B persistent, confirms, window 256: classic queue`,
    run: (broker) => publish(broker, { queue: "classic" }),
  },
  {
    name: `${size} B persistent, confirms, window 256: stream`,
    run: (broker) => publish(broker, { queue: "stream", streamQueue: true }),
  },
  {
    name: `${size} B, one reader of what is stored`,
    run: (broker) => fanOut(broker, 1),
  },
  {
    name: `${size} B, ${values.readers} readers of what is stored, all together`,
    run: (broker) => fanOut(broker, Number(values.readers)),
  },
];

async function measure(start: () => Promise<RunningBroker>): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>();
  for (let round = 0; round < rounds; round++) {
    const broker = await start();
    try {
      for (const { name, run } of cases) {
        figures.set(name, [...(figures.get(name) ?? []), await run(broker)]);
      }
    } finally {
      await broker.stop();
    }
  }
  return figures;
}

function textOf(figures: readonly Figure[]): string {
  const spread = (values: number[]) => {
    const sorted = [...values].sort((a, b) => a - b);
    const thousands = (value: number | undefined) => `${((value ?? 0) / 1_000).toFixed(0)} k`;
    const median = thousands(sorted[sorted.length >> 1]);
    return `${median}/s [${thousands(sorted[0])}-${thousands(sorted.at(-1))}]`;
  };
  const wall = spread(figures.map(({ perSecond }) => perSecond));
  return `${wall.padEnd(26)} per CPU ${spread(figures.map(({ perCpuSecond }) => perCpuSecond))}`;
}

const peers: [string, () => Promise<RunningBroker>][] = [["leveret", () => startLeveret()]];
if (values.peer && hasRabbitmq()) peers.push(["rabbitmq", () => startRabbitmq()]);
for (const [name, start] of peers) {
  for (const [title, figures] of await measure(start)) {
    console.log(`${name.padEnd(9)} ${title.padEnd(64)} ${textOf(figures)}`);
  }
}
