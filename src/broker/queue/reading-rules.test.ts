import { describe, expect, it } from "vitest";
import type { BrokerError } from "../errors.ts";
import type { FieldValue } from "../message/field-table.ts";
import { longString } from "../message/field-table.ts";
import type { Queue } from "./queue.ts";
import { checkConsume, checkGet } from "./reading-rules.ts";
import { queueTypes } from "./types.ts";

function queueOf(typeName: string): Queue {
  const type = queueTypes[typeName];
  return { definition: { name: "q", vhost: "/", type } } as unknown as Queue;
}

function refusal(act: () => void): string {
  try {
    act();
  } catch (error) {
    return `${(error as BrokerError).reason}: ${(error as BrokerError).message}`;
  }
  return "";
}

const asking = (offset?: FieldValue, more = {}) => ({
  ...{ noAck: false, prefetchMax: 10, ...more },
  arguments: new Map(offset === undefined ? [] : [["x-stream-offset", offset]]),
});

describe("reading a stream", () => {
  const stream = queueOf("stream");

  it("needs a prefetch limit and acknowledgements", () => {
    expect(refusal(() => checkConsume(stream, asking()))).toBe("");
    expect(refusal(() => checkConsume(stream, asking(undefined, { prefetchMax: 0 })))).toBe(
      "precondition-failed: consumer prefetch count is not set for 'queue 'q' in vhost '/''",
    );
    expect(refusal(() => checkConsume(stream, asking(undefined, { noAck: true })))).toBe(
      "not-implemented: automatic acknowledgement not supported by stream queues queue 'q' in vhost '/'",
    );
  });

  it("begins where it may", () => {
    const offsets: FieldValue[] = [
      longString("first"),
      longString("last"),
      longString("next"),
      longString("7D"),
      { type: "T", value: 1_700_000_000n },
      { type: "l", value: 0n },
    ];
    for (const offset of offsets)
      expect(refusal(() => checkConsume(stream, asking(offset)))).toBe("");
    expect(refusal(() => checkConsume(stream, asking({ type: "I", value: -1 })))).toBe(
      "precondition-failed: invalid arg 'x-stream-offset' for queue 'q' in vhost '/': {value_negative,-1}",
    );
    expect(refusal(() => checkConsume(stream, asking(longString("soon"))))).toContain(
      "invalid_offset",
    );
  });

  it("is not done with basic.get", () => {
    expect(refusal(() => checkGet(stream))).toBe(
      "not-implemented: basic.get not supported by stream queues queue 'q' in vhost '/'",
    );
  });
});

it("other queues ask for none of that", () => {
  const classic = queueOf("classic");
  const careless = asking({ type: "I", value: -1 }, { noAck: true, prefetchMax: 0 });
  expect(refusal(() => checkConsume(classic, careless))).toBe("");
  expect(refusal(() => checkGet(classic))).toBe("");
});
