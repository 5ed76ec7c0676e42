// Suites that need a whole broker: real clients, recorded answers. Slower than the unit tests, and run apart from them.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/*.timed.test.ts"],
    setupFiles: ["test/property-seed.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
