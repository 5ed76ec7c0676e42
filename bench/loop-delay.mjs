// Loaded into a broker by `node --import`: tells, over a socket whose path is in LEVERET_LOOP_DELAYS, the longest time
// its event loop was held up since somebody asked last. What a busy machine withholds from the process is not counted:
// of the time between two ticks only what the process has spent computing.

import { createServer } from "node:net";
import { cpuUsage } from "node:process";

const path = process.env.LEVERET_LOOP_DELAYS;
if (path !== undefined && process.argv[1]?.endsWith("leveret.js")) {
  let lastMs = performance.now();
  let lastCpu = cpuUsage();
  let maxMs = 0;
  let wallMaxMs = 0;
  const tick = () => {
    const nowMs = performance.now();
    const { user, system } = cpuUsage(lastCpu);
    wallMaxMs = Math.max(wallMaxMs, nowMs - lastMs);
    maxMs = Math.max(maxMs, Math.min(nowMs - lastMs, (user + system) / 1_000));
    lastMs = nowMs;
    lastCpu = cpuUsage();
  };
  setInterval(tick, 1).unref();
  createServer((socket) => {
    tick();
    socket.end(JSON.stringify({ maxMs, wallMaxMs }));
    maxMs = 0;
    wallMaxMs = 0;
  })
    .listen(path)
    .unref();
}
