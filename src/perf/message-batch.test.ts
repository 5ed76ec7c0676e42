import { describe, expect, test } from "vitest";
import { ByteReader } from "../lib/byte-reader.ts";
import { decodeClientMethod } from "../protocols/amqp091/codec/methods.generated.ts";
import { readContentHeader } from "../protocols/amqp091/codec/properties.ts";
import { MessageBatch } from "./message-batch.ts";
import { readOrigin, readSentAt, readSequence } from "./message-stamp.ts";

const place = { channel: 2, frameMax: 4096, run: 11, publisher: 4 };
const shape = {
  exchange: "ex",
  routingKey: "key",
  varyKey: false,
  mandatory: true,
  properties: { deliveryMode: 2 },
  sizeBytes: 20,
  randomBody: false,
};

/** Payloads of the frames in `bytes`, with their types. */
function framesIn(bytes: Uint8Array): { type: number; payload: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at + 3);
    expect(view.getUint16(at + 1)).toBe(place.channel);
    expect(bytes[at + 7 + length]).toBe(0xce);
    frames.push({
      type: bytes[at]!,
      payload: Uint8Array.from(bytes.subarray(at + 7, at + 7 + length)),
    });
    at += length + 8;
  }
  return frames;
}

describe("MessageBatch", () => {
  test("holds whole messages with numbers and times of their own", () => {
    const batch = new MessageBatch(shape, place, 1000);
    const frames = framesIn(batch.fill(batch.capacity, 100, 555.5));
    expect(frames.length).toBe(batch.capacity * 3);
    expect(decodeClientMethod(ByteReader.of(frames[0]!.payload))).toEqual({
      name: "basic.publish",
      exchange: "ex",
      routingKey: "key",
      mandatory: true,
      immediate: false,
    });
    expect(readContentHeader(ByteReader.of(frames[1]!.payload))).toEqual({
      bodySizeBytes: 20,
      properties: { deliveryMode: 2 },
    });
    const bodies = frames.filter(({ type }) => type === 3).map(({ payload }) => payload);
    bodies.forEach((body, index) => {
      const view = new DataView(body.buffer);
      expect(readOrigin(view, 0)).toBe((place.publisher << 16) | place.run);
      expect(readSequence(view, 0)).toBe(100 + index);
      expect(readSentAt(view, 0)).toBe(555.5);
    });
  });

  test("keys can differ from message to message", () => {
    const batch = new MessageBatch({ ...shape, varyKey: true }, place, 1000);
    const frames = framesIn(batch.fill(3, 1, 0)).filter(({ type }) => type === 1);
    const keys = frames.map(({ payload }) => {
      const method = decodeClientMethod(ByteReader.of(payload));
      return method.name === "basic.publish" ? method.routingKey : "";
    });
    expect(keys).toEqual(["key.000000", "key.000001", "key.000002"]);
  });

  test("fills no more than asked", () => {
    const batch = new MessageBatch(shape, place, 1000);
    expect(batch.fill(2, 1, 0).length).toBe(2 * batch.strideBytes);
  });

  test("splits large bodies over frames and holds at least one message", () => {
    const batch = new MessageBatch({ ...shape, sizeBytes: 10_000 }, place, 100);
    expect(batch.capacity).toBe(1);
    const bodies = framesIn(batch.fill(1, 1, 0)).filter(({ type }) => type === 3);
    expect(bodies.map(({ payload }) => payload.length)).toEqual([4088, 4088, 1824]);
  });

  test.each([0, 7, 8, 15])("bodies of %i bytes are left as long as they are", (sizeBytes) => {
    const batch = new MessageBatch({ ...shape, sizeBytes }, place, 1);
    const body = framesIn(batch.fill(1, 42, 1)).find(({ type }) => type === 3)?.payload;
    expect(body?.length ?? 0).toBe(sizeBytes);
    if (sizeBytes >= 8) expect(readSequence(new DataView(body!.buffer), 0)).toBe(42);
  });
});

describe("MessageBatch of given bodies", () => {
  const bodies = ["one", "", "the third"].map((text) => new TextEncoder().encode(text));
  const textsOf = (bytes: Uint8Array): string[] => {
    const texts: string[] = [];
    for (const { type, payload } of framesIn(bytes)) {
      if (type === 2) texts.push("");
      if (type === 3) texts[texts.length - 1] += new TextDecoder().decode(payload);
    }
    return texts;
  };

  test("they come in turn, wherever a batch begins and ends, and stay as they are", () => {
    const batch = new MessageBatch({ ...shape, bodies }, place, 500);
    expect(batch.capacity % 3).toBe(0);
    let sequence = 1;
    for (const count of [1, 1, 2, batch.capacity, batch.capacity - 1, 3]) {
      const expected = Array.from({ length: count }, (_, index) =>
        new TextDecoder().decode(bodies[(sequence - 1 + index) % 3]),
      );
      expect(textsOf(batch.fill(count, sequence, 7))).toEqual(expected);
      sequence += count;
    }
  });
});
