// Ten thousand queues, imported, listed and scraped: how long the broker's event loop is held up, measured inside the real
// process. `npm run bench:lists`; ends with 1 when something holds it up longer than 50 ms.

import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startLeveret } from "./brokers.ts";

const QUEUES = 10_000;
const STALL_MS_MAX = 50;
const RUNS = Number(process.env.RUNS ?? 5);
const AUTHORIZATION = `Basic ${btoa("guest:guest")}`;

const directory = mkdtempSync(join(tmpdir(), "leveret-lists-"));
const socketPath = join(directory, "delays");
process.env.LEVERET_LOOP_DELAYS = socketPath;

interface Delays {
  readonly maxMs: number;
  /** With what other processes took. */
  readonly wallMaxMs: number;
}

/** Since the last call. */
function delays(): Promise<Delays> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(socketPath);
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("end", () => resolve(JSON.parse(text) as Delays));
    socket.on("error", reject);
  });
}

const loopDelay = fileURLToPath(new URL("loop-delay.mjs", import.meta.url));
const broker = await startLeveret({
  nodeArgs: ["--import", loopDelay, ...(process.env.NODE_ARGS?.split(" ") ?? [])],
});
const api = `http://127.0.0.1:${broker.httpPort}`;

async function read(path: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(api + path, { headers: { authorization: AUTHORIZATION }, ...init });
  const length = (await answer.arrayBuffer()).byteLength;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return length;
}

function definitions(): string {
  const queues = Array.from({ length: QUEUES }, (_, number) => ({
    name: `queue-${number}`,
    vhost: "/",
    durable: true,
    auto_delete: false,
    arguments: {},
  }));
  return JSON.stringify({ queues });
}

const WORK: readonly (readonly [string, () => Promise<number>])[] = [
  ["nothing", () => sleep(2_000).then(() => 0)],
  ["/api/queues", () => read("/api/queues")],
  ["/api/queues sorted by rate", () => read("/api/queues?sort=message_stats.publish_details.rate")],
  ["/api/queues, a page, a pattern", () => read("/api/queues?page=2&name=7&use_regex=true")],
  ["/api/queues with history", () => read("/api/queues?lengths_age=60&lengths_incr=5")],
  ["/api/bindings", () => read("/api/bindings")],
  ["/api/definitions", () => read("/api/definitions")],
  ["/metrics", () => read("/metrics")],
  ["/metrics/per-object", () => read("/metrics/per-object")],
  ["/metrics/detailed", () => read("/metrics/detailed?family=queue_metrics")],
];

let worst = 0;
try {
  await sleep(3_000);
  await delays();
  await read("/api/definitions", { method: "POST", body: definitions() });
  const { maxMs } = await delays();
  worst = maxMs;
  console.log(`import of ${QUEUES} queues: loop held up ${maxMs.toFixed(1)} ms at most`);
  for (const [name, work] of WORK) {
    const each: string[] = [];
    let most = 0;
    for (let run = 0; run < RUNS; run++) {
      await sleep(300);
      await delays();
      const start = performance.now();
      const bytes = await work();
      const tookMs = performance.now() - start;
      const { maxMs } = await delays();
      // The first run compiles the code; it counts too.
      most = Math.max(most, maxMs);
      each.push(maxMs.toFixed(1));
      if (run === RUNS - 1)
        console.log(
          `${name}: ${bytes} bytes in ${tookMs.toFixed(0)} ms; loop held up at most ${each.join(" ")} ms`,
        );
    }
    worst = Math.max(worst, most);
  }
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}
console.log(`worst: ${worst.toFixed(1)} ms`);
process.exit(worst > STALL_MS_MAX ? 1 : 0);
