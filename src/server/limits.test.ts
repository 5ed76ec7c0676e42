import { expect, test } from "vitest";
import { configWith } from "../config/testing.ts";
import { limitsOf } from "./limits.ts";

function limitsWith(...settings: string[]) {
  return limitsOf(configWith(...settings));
}

test("limits are what the configuration says, or left as they are", () => {
  expect(limitsWith()).not.toHaveProperty("residentPageBytesMax");
  expect(limitsWith("leveret.memory.resident=100KiB", "vhost_max=7")).toMatchObject({
    ...{ residentPageBytesMax: 102_400, vhostsMax: 7 },
  });
});
