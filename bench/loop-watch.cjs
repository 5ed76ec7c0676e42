// Loaded into a broker that is measured (node --require): says on SIGUSR2 how late its event loop ran since the last time.

const { monitorEventLoopDelay } = require("node:perf_hooks");

const RESOLUTION_MS = 2;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
process.on("SIGUSR2", () => {
  const worstMs = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
  process.stderr.write(`loop delay ${worstMs.toFixed(1)} ms\n`);
  delays.reset();
});
