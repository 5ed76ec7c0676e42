import { expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { limitsOf } from "./limits.ts";

function limitsWith(...settings: string[]) {
  const { config } = loadConfig({
    flags: { configFile: "none", settings },
    env: {},
    readFile: () => undefined,
    listDirectory: () => [],
    isDirectory: () => false,
  } as never);
  return limitsOf(config);
}

test("limits are what the configuration says, or left as they are", () => {
  expect(limitsWith()).not.toHaveProperty("residentPageBytesMax");
  expect(limitsWith("leveret.memory.resident=100KiB", "vhost_max=7")).toMatchObject({
    ...{ residentPageBytesMax: 102_400, vhostsMax: 7 },
  });
});
