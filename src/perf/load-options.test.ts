import { describe, expect, test } from "vitest";
import { usual } from "./cases.ts";
import { type LoadFlags, planFrom } from "./load-options.ts";

describe("planFrom", () => {
  test("a rate, none, several in turn, or one message that often", () => {
    const dueAfter = (seconds: number, flags: Partial<LoadFlags>): number | undefined =>
      planFrom({ ...usual, uri: "amqp://localhost", ...flags }).publish.rate?.dueAfter(seconds);
    expect(dueAfter(2, { rate: "0" })).toBeUndefined();
    expect(dueAfter(2, { rate: "-1" })).toBeUndefined();
    expect(dueAfter(2, { rate: "100" })).toBe(200);
    expect(dueAfter(2, { rate: "100", variableRate: ["10:1", "0:1"] })).toBe(10);
    expect(dueAfter(11, { publishingInterval: "5" })).toBe(2);
  });

  test("what becomes of deliveries, and when it ends", () => {
    const plan = (flags: Partial<LoadFlags>) =>
      planFrom({ ...usual, uri: "amqp://localhost", ...flags });
    expect(plan({}).consume.settlement).toBe("ack");
    expect(plan({ nack: true }).consume.settlement).toBe("requeue");
    expect(plan({ nack: true, requeue: "false" }).consume.settlement).toBe("reject");
    expect(plan({ exitWhen: "empty" }).exitWhen).toBe("empty");
    expect(() => plan({ exitWhen: "tired" })).toThrow("--exit-when");
  });

  test("larger messages are sent in larger batches, unless it is said how much", () => {
    const batchBytes = (flags: Partial<LoadFlags>): number =>
      planFrom({ ...usual, uri: "amqp://localhost", ...flags }).publish.batchBytes;
    expect(batchBytes({ size: "16" })).toBe(65_536);
    expect(batchBytes({ size: "1k" })).toBe(131_072);
    expect(batchBytes({ size: "16k" })).toBe(262_144);
    expect(batchBytes({ size: "1k", confirm: "256" })).toBe(65_536);
    expect(batchBytes({ size: "8k", confirm: "256" })).toBe(131_072);
    expect(batchBytes({ size: "1m" })).toBe(262_144);
    expect(batchBytes({ size: "16k", batchBytes: "32k" })).toBe(32_768);
  });
});
