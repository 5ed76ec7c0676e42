// Loaded into a broker by `node --import`: tells, over a socket whose path is in LEVERET_LOOP_DELAYS, the longest time
// its event loop was held up since somebody asked last.

import { createServer } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

const path = process.env.LEVERET_LOOP_DELAYS;
if (path !== undefined && process.argv[1]?.endsWith("leveret.js")) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  createServer((socket) => {
    socket.end(JSON.stringify({ maxMs: delays.max / 1e6, p99Ms: delays.percentile(99) / 1e6 }));
    delays.reset();
  })
    .listen(path)
    .unref();
}
