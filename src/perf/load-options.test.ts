import { describe, expect, test } from "vitest";
import { usual } from "./cases.ts";
import { planFrom } from "./load-options.ts";

describe("planFrom", () => {
  test("large messages are sent in larger batches, unless it is said how much", () => {
    const batchBytes = (flags: { size: string; batchBytes?: string }): number =>
      planFrom({ ...usual, uri: "amqp://localhost", ...flags }).publish.batchBytes;
    expect(batchBytes({ size: "16" })).toBe(65_536);
    expect(batchBytes({ size: "8k" })).toBe(131_072);
    expect(batchBytes({ size: "16k" })).toBe(262_144);
    expect(batchBytes({ size: "1m" })).toBe(262_144);
    expect(batchBytes({ size: "16k", batchBytes: "32k" })).toBe(32_768);
  });
});
