// Every frame of the recorded sessions, RabbitMQ's and the clients': what we decode, we encode to the same bytes.

import { describe, expect, it } from "vitest";
import { byteBlock } from "../../src/lib/byte-block.ts";
import { ByteReader } from "../../src/lib/byte-reader.ts";
import { ByteWriter } from "../../src/lib/byte-writer.ts";
import { CodecError } from "../../src/protocols/amqp091/codec/codec-error.ts";
import { FRAME_HEADER_BYTES, FrameType } from "../../src/protocols/amqp091/codec/frames.ts";
import {
  decodeClientMethod,
  decodeServerMethod,
  writeClientMethod,
  writeServerMethod,
} from "../../src/protocols/amqp091/codec/methods.generated.ts";
import { readContentHeader, writeContentHeader } from "../../src/protocols/amqp091/codec/properties.ts";
import { PropertyScan, ScanResult } from "../../src/protocols/amqp091/codec/property-scan.ts";
import { loadCases } from "../conformance/cases.ts";

interface RecordedFrame {
  readonly id: string;
  readonly side: "client" | "server";
  readonly bytes: Buffer;
}

/** Cases whose frames say something in a way we would not: they are decoded, and written plainly. */
const writtenDifferently = new Map([
  ["B55", "reserved fields of connection.open are in use"],
  ["C29b", "a reserved property flag is set"],
  ["D07", "a boolean is 2"],
  ["D33", "a header comes twice"],
]);

function recordedFrames(): RecordedFrame[] {
  const frames: RecordedFrame[] = [];
  for (const { id, steps } of loadCases()) {
    for (const step of steps) {
      const side = /^\d+ (>|rounds|dribble)/.test(step) ? "client" : "server";
      for (const word of step.split(" ")) {
        if (!/^0[123]([0-9a-f]{2}){7,}$/.test(word)) continue;
        for (const bytes of splitFrames(Buffer.from(word, "hex"))) frames.push({ id, side, bytes });
      }
    }
  }
  return frames;
}

/** The whole frames at the front of `bytes`. */
function splitFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32BE(at + 3) + 8;
    if (at + length > bytes.length || bytes[at + length - 1] !== 0xce) break;
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return frames;
}

/** The frame written anew from what was read of it; undefined when it can't be read. */
function rewritten({ side, bytes }: RecordedFrame): Buffer | undefined {
  const reader = new ByteReader();
  reader.reset(byteBlock(bytes), FRAME_HEADER_BYTES, bytes.length - 1);
  const channel = bytes.readUInt16BE(1);
  const writer = new ByteWriter();
  try {
    if (bytes[0] === FrameType.header) {
      const { bodySizeBytes, properties } = readContentHeader(reader);
      writeContentHeader(writer, channel, bodySizeBytes, properties);
    } else if (bytes[0] !== FrameType.method) {
      return bytes;
    } else if (side === "client") {
      writeClientMethod(writer, channel, decodeClientMethod(reader));
    } else {
      writeServerMethod(writer, channel, decodeServerMethod(reader));
    }
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return undefined;
  }
  return Buffer.from(writer.toBytes());
}

describe("recorded frames", () => {
  const frames = recordedFrames();

  it("are there", () => {
    expect(frames.filter(({ side }) => side === "server").length).toBeGreaterThan(400);
    expect(frames.filter(({ side }) => side === "client").length).toBeGreaterThan(600);
  });

  it("of RabbitMQ can all be read", () => {
    const unreadable = frames.filter((frame) => frame.side === "server" && !rewritten(frame));
    expect(unreadable.map(({ id }) => id)).toEqual([]);
  });

  it("come back byte for byte", () => {
    const changed = frames.filter((frame) => {
      const again = rewritten(frame);
      return again !== undefined && !again.equals(frame.bytes);
    });
    const unexpected = changed.filter(({ id }) => !writtenDifferently.has(id));
    expect(unexpected.map(({ id, bytes }) => `${id} ${bytes.toString("hex")}`)).toEqual([]);
    expect(new Set(changed.map(({ id }) => id))).toEqual(new Set(writtenDifferently.keys()));
  });

  it("with content headers pass the scan exactly when they can be read", () => {
    for (const frame of frames.filter(({ bytes }) => bytes[0] === FrameType.header)) {
      const isFine = new PropertyScan(byteBlock(frame.bytes)).scan(0) === ScanResult.ok;
      expect({ id: frame.id, isFine }).toEqual({ id: frame.id, isFine: rewritten(frame) !== undefined });
    }
  });
});
