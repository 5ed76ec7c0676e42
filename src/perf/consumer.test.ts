import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../lib/byte-reader.ts";
import { ByteWriter } from "../lib/byte-writer.ts";
import { writeBodyFrames } from "../protocols/amqp091/codec/frames.ts";
import {
  decodeClientMethod,
  writeServerMethod,
} from "../protocols/amqp091/codec/methods.generated.ts";
import { writeContentHeader } from "../protocols/amqp091/codec/properties.ts";
import { AckBatch } from "./ack-batch.ts";
import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { READ_AT, readBlock } from "./client/read-region.ts";
import { Consumer } from "./consumer.ts";
import { writeOrigin, writeSentAt, writeSequence } from "./message-stamp.ts";
import { SequenceCheck } from "./sequence-check.ts";
import { Tally } from "./tally.ts";

const RUN = 3;
const CHANNEL = 5;
const SENT_AT_US = 1000;
const READ_AT_US = 1500;

interface Acked {
  readonly tag: number;
  readonly multiple: boolean;
}

/** A consumer whose connection only remembers what was written. */
function fixture(ackEvery: number) {
  const written: Uint8Array[] = [];
  const connection = {
    readAtUs: READ_AT_US,
    isBusy: false,
    write: (bytes: Uint8Array) => written.push(Uint8Array.from(bytes)),
  } as unknown as ClientConnection;
  const channel = new ClientChannel(connection, CHANNEL);
  const tally = new Tally();
  const acks = ackEvery === 0 ? undefined : new AckBatch(connection, CHANNEL, ackEvery > 1);
  const check = new SequenceCheck(RUN, true, tally);
  const consumer = new Consumer(channel, { acks, ackEvery, ratePerSecond: 0 }, check, tally);
  return { consumer, tally, acked: () => written.flatMap(acksIn) };
}

function acksIn(bytes: Uint8Array): Acked[] {
  const acks: Acked[] = [];
  for (let at = 0; at < bytes.length; at += 21) {
    const reader = ByteReader.of(bytes.slice(at + 7, at + 20));
    const method = decodeClientMethod(reader);
    if (method.name !== "basic.ack") throw new Error(method.name);
    acks.push({ tag: method.deliveryTag, multiple: method.multiple });
  }
  return acks;
}

/** Deliveries with those body sizes, as a broker frames them. */
function deliveries(sizes: readonly number[], frameMax: number): Uint8Array {
  const writer = new ByteWriter();
  sizes.forEach((size, index) => {
    writeServerMethod(writer, CHANNEL, {
      name: "basic.deliver",
      consumerTag: "tag",
      deliveryTag: index + 1,
      redelivered: false,
      exchange: "",
      routingKey: "queue",
    });
    writeContentHeader(writer, CHANNEL, size, { deliveryMode: 2, contentType: "a/b" });
    const body = new Uint8Array(size);
    const view = new DataView(body.buffer);
    if (size >= 8) {
      writeOrigin(view, 0, RUN, 9);
      writeSequence(view, 0, index + 1);
    }
    if (size >= 16) writeSentAt(view, 0, SENT_AT_US);
    writeBodyFrames(writer, CHANNEL, body, frameMax);
  });
  return writer.toBytes();
}

/** Hands the bytes over in pieces of those lengths, the unfinished rest in front of the next piece. */
function feed(consumer: Consumer, bytes: Uint8Array, lengths: readonly number[]): void {
  let from = 0;
  let end = 0;
  let turn = 0;
  let rest = false;
  while (end < bytes.length) {
    end = Math.min(bytes.length, end + lengths[turn++ % lengths.length]!);
    if (from > end) continue;
    if (from > end) continue;
    if (rest) consumer.onRest();
    rest = false;
    readBlock.u8.set(bytes.subarray(from, end), READ_AT);
    let at = READ_AT;
    const stop = READ_AT + end - from;
    for (;;) {
      const next = consumer.take(at, stop);
      if (next === at) break;
      at = next;
      rest = at > stop;
      if (rest) break;
    }
    from += at - READ_AT;
    consumer.onReadEnd();
  }
}

describe("Consumer", () => {
  test("sees the same messages however the input is split", () => {
    const size = fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(20_000));
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 30 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 9000 })), {
          minLength: 1,
          maxLength: 10,
        }),
        fc.constantFrom(512, 131_072),
        (sizes, lengths, frameMax) => {
          const { consumer, tally } = fixture(0);
          feed(consumer, deliveries(sizes, frameMax), lengths);
          expect(tally.received).toBe(sizes.length);
          expect(tally.receivedBytes).toBe(sizes.reduce((sum, each) => sum + each, 0));
          const unnumbered = sizes.some((each) => each < 8);
          if (!unnumbered) expect(tally.gaps).toBe(0);
          expect(tally.latency.count).toBe(sizes.filter((each) => each >= 16).length);
        },
      ),
    );
  });

  test("the rest of a large body is passed over, and the message counts when it is there", () => {
    const { consumer, tally } = fixture(0);
    const bytes = deliveries([16_384], 131_072);
    readBlock.u8.set(bytes.subarray(0, 8000), READ_AT);
    let at = READ_AT;
    for (let turn = 0; turn < 3; turn++) at = consumer.take(at, READ_AT + 8000);
    expect(at).toBe(READ_AT + bytes.length);
    expect(tally.received).toBe(0);
    consumer.onRest();
    expect(tally.received).toBe(1);
    consumer.onReadEnd();
    expect(tally.latency.count).toBe(1);
    expect(tally.gaps).toBe(0);
  });

  test("latency runs from the stamp to the read", () => {
    const { consumer, tally } = fixture(0);
    feed(consumer, deliveries([16, 16], 4096), [1 << 20]);
    expect(tally.latency.minUs).toBe(READ_AT_US - SENT_AT_US);
    expect(tally.latency.count).toBe(2);
  });

  test("a missing delivery is a gap", () => {
    const { consumer, tally } = fixture(0);
    const three = deliveries([16, 16, 16], 4096);
    const one = three.length / 3;
    const bytes = new Uint8Array([...three.slice(0, one), ...three.slice(2 * one)]);
    feed(consumer, bytes, [1 << 20]);
    expect(tally.gaps).toBe(1);
  });

  test("acknowledges each delivery, or every so many with multiple", () => {
    const each = fixture(1);
    feed(each.consumer, deliveries([16, 0, 5000], 4096), [1 << 20]);
    expect(each.acked()).toEqual([1, 2, 3].map((tag) => ({ tag, multiple: false })));
    const some = fixture(2);
    feed(some.consumer, deliveries([16, 16, 16, 16, 16], 4096), [1 << 20]);
    expect(some.acked().map(({ tag }) => tag)).toEqual([2, 4]);
    some.consumer.ackRest();
    expect(some.acked()).toEqual([2, 4, 5].map((tag) => ({ tag, multiple: true })));
  });

  test("refuses instead, and puts back or not", () => {
    for (const [settlement, requeue] of [
      ["requeue", true],
      ["reject", false],
    ] as const) {
      const written: Uint8Array[] = [];
      const connection = {
        isBusy: false,
        write: (bytes: Uint8Array) => written.push(Uint8Array.from(bytes)),
      } as unknown as ClientConnection;
      const acks = new AckBatch(connection, CHANNEL, true, settlement);
      acks.add(0, 7);
      acks.flush();
      const reader = ByteReader.of(written[0]!.slice(7, 20));
      const nack = { name: "basic.nack", deliveryTag: 7, multiple: true, requeue };
      expect(written[0]!.length).toBe(21);
      expect(decodeClientMethod(reader)).toEqual(nack);
    }
  });

  test("a frame without its end octet is an error", () => {
    const { consumer } = fixture(0);
    const bytes = deliveries([16, 16], 4096);
    bytes[bytes.length - 1] = 0;
    expect(() => feed(consumer, bytes, [1 << 20])).toThrow("end octet");
  });
});
