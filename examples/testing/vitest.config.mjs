import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["**/amqplib.test.mjs", "**/nestjs/*.test.ts"], testTimeout: 30_000 },
});
