import { defineConfig } from "vitest/config";

// Tests that measure time are named *.timed.test.ts: they run one by one, with nothing beside them (TIMED=1).
const timed = process.env.TIMED === "1";

export default defineConfig({
  test: {
    include: timed
      ? ["{src,test}/**/*.timed.test.ts"]
      : ["src/**/*.test.ts", "ui/src/**/*.test.ts"],
    exclude: timed ? [] : ["**/*.timed.test.ts"],
    setupFiles: ["test/property-seed.ts"],
    pool: "threads",
    maxWorkers: timed ? 1 : 2,
    fileParallelism: !timed,
    // Only ends what hangs: unit tests measure no time, and a busy machine must not fail a right program.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
