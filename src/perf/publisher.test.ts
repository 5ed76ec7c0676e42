import { beforeEach, describe, expect, test, vi } from "vitest";
import { BatchSchedule } from "./batch-schedule.ts";
import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { readSentAt, readSequence } from "./message-stamp.ts";
import { Publisher } from "./publisher.ts";
import { RateSchedule } from "./rate-schedule.ts";
import { Tally } from "./tally.ts";

const clock = vi.hoisted(() => ({ us: 0 }));
vi.mock("./monotonic.ts", () => ({ monotonicUs: () => clock.us }));

const STARTED_AT_US = 5_000_000;
const SIZE_BYTES = 32;

/** A publisher of 1,000 messages a second, whose connection only remembers what was written. */
function fixture(rate: RateSchedule | undefined) {
  const written: { sequence: number; sentAtUs: number }[] = [];
  const connection = {
    isBusy: false,
    addWriteListener() {},
    write(bytes: Uint8Array) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      // The body of the last frame of each message lies before the frame's end octet.
      const messages = bytes.length / strideBytes;
      for (let index = 1; index <= messages; index++) {
        const at = index * strideBytes - 1 - SIZE_BYTES;
        written.push({ sequence: readSequence(view, at), sentAtUs: readSentAt(view, at) });
      }
    },
  };
  const channel = new ClientChannel(connection as unknown as ClientConnection, 1);
  const shape = {
    exchange: "",
    routingKey: "q",
    varyKey: false,
    mandatory: false,
    properties: {},
    sizeBytes: SIZE_BYTES,
    randomBody: false,
  };
  const place = { channel: 1, frameMax: 4096, run: 1, publisher: 0 };
  const batches = new BatchSchedule(shape, place, { sizes: undefined, batchBytes: 65_536 });
  const { strideBytes } = batches.at(0);
  const limits = { messages: Infinity, rate, lagMax: 0 };
  const publisher = new Publisher(channel, batches, undefined, limits, new Tally());
  clock.us = STARTED_AT_US;
  publisher.start();
  const pumpAt = (us: number): number[] => {
    written.length = 0;
    clock.us = STARTED_AT_US + us;
    publisher.pump();
    return written.map(({ sentAtUs }) => sentAtUs - STARTED_AT_US);
  };
  return { connection, pumpAt, sequences: () => written.map(({ sequence }) => sequence) };
}

describe("Publisher at a rate", () => {
  beforeEach(() => {
    clock.us = 0;
  });

  test("messages sent about when they are due count from then on", () => {
    const { pumpAt } = fixture(RateSchedule.steady(1_000));
    expect(pumpAt(1_000)).toEqual([1_000]);
    expect(pumpAt(2_900)).toEqual([2_900]);
    expect(pumpAt(4_100)).toEqual([4_100, 4_100]);
  });

  test("what was held up counts from when it was due", () => {
    const { connection, pumpAt, sequences } = fixture(RateSchedule.steady(1_000));
    expect(pumpAt(2_000)).toEqual([2_000, 2_000]);
    connection.isBusy = true;
    expect(pumpAt(5_000)).toEqual([]);
    connection.isBusy = false;
    expect(pumpAt(7_500).map(Math.round)).toEqual([3_000, 4_000, 5_000, 7_500, 7_500]);
    expect(sequences()).toEqual([3, 4, 5, 6, 7]);
    expect(pumpAt(8_000)).toEqual([8_000]);
  });

  test("a pause of the schedule is not a delay", () => {
    const { pumpAt } = fixture(
      new RateSchedule([
        { ratePerSecond: 1_000, seconds: 0.002 },
        { ratePerSecond: 0, seconds: 0.1 },
      ]),
    );
    expect(pumpAt(2_000)).toEqual([2_000, 2_000]);
    expect(pumpAt(103_000)).toEqual([103_000]);
    expect(pumpAt(110_000).map(Math.round)).toEqual([104_000]);
  });
});
