import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MessageProperties } from "../../../broker/message/message-properties.ts";
import { byteBlock } from "../../../lib/byte-block.ts";
import { ByteReader } from "../../../lib/byte-reader.ts";
import { ByteWriter } from "../../../lib/byte-writer.ts";
import { anyProperties } from "./arbitraries.ts";
import { CodecError } from "./codec-error.ts";
import { parseExpiration } from "./expiration.ts";
import { FRAME_HEADER_BYTES } from "./frames.ts";
import { readContentHeader, readProperties, writeContentHeader } from "./properties.ts";
import {
  INVALID_EXPIRATION,
  PropertyBit,
  PropertyScan,
  ScanResult,
  scanError,
} from "./property-scan.ts";

function headerFrame(properties: MessageProperties, bodySizeBytes = 5): Uint8Array {
  const writer = new ByteWriter();
  writeContentHeader(writer, 3, bodySizeBytes, properties);
  return writer.toBytes();
}

/** A content header frame around these property bytes (flags first). */
function rawFrame(properties: readonly number[], { classId = 60, weight = 0 } = {}): Uint8Array {
  const payload = [0, classId, 0, weight, 0, 0, 0, 0, 0, 0, 0, 5, ...properties];
  const length = [payload.length >>> 24, payload.length >>> 16, payload.length >>> 8];
  return Uint8Array.from([2, 0, 1, ...length, payload.length, ...payload, 0xce]);
}

function scanned(frame: Uint8Array): { result: number; scan: PropertyScan } {
  // Not at the start, and followed by bytes that must not be taken for its own.
  const bytes = new Uint8Array(frame.length + 40).fill(0x41);
  bytes.set(frame, 16);
  const scan = new PropertyScan(byteBlock(bytes));
  return { result: scan.scan(16), scan };
}

describe("content headers", () => {
  it("come back equal", () => {
    fc.assert(
      fc.property(anyProperties, fc.maxSafeNat(), (properties, bodySizeBytes) => {
        const frame = headerFrame(properties, bodySizeBytes);
        const reader = ByteReader.of(frame.subarray(FRAME_HEADER_BYTES, frame.length - 1));
        expect(readContentHeader(reader)).toEqual({ bodySizeBytes, properties });
      }),
    );
  });

  it("mean the same to the scan as to the reader", () => {
    fc.assert(
      fc.property(anyProperties, (properties) => {
        const { result, scan } = scanned(headerFrame(properties));
        expect(result).toBe(ScanResult.ok);
        expect(scan.bodySizeBytes).toBe(5);
        expect(scan.deliveryMode).toBe(properties.deliveryMode ?? 0);
        expect(scan.priority).toBe(properties.priority ?? 0);
        expect(scan.hasPriority).toBe(properties.priority !== undefined);
        expect(scan.headersAt !== 0).toBe(properties.headers !== undefined);
        expect(scan.hasCarbonCopies).toBe(
          properties.headers?.has("CC") === true || properties.headers?.has("BCC") === true,
        );
        expect(scan.textOf(PropertyBit.userId)).toBe(properties.userId ?? "");
        expect(scan.textOf(PropertyBit.clusterId)).toBe(properties.clusterId ?? "");
        const expiration = properties.expiration;
        const parsed = expiration === undefined ? -1 : parseExpiration(expiration);
        expect(scan.expirationMs).toBe(typeof parsed === "number" ? parsed : INVALID_EXPIRATION);
      }),
      { numRuns: 500 },
    );
  });

  it("are refused by the scan exactly when the reader refuses them", () => {
    const flagged = fc
      .tuple(anyProperties, fc.nat(), fc.nat({ max: 255 }), fc.boolean())
      .map(([properties, position, octet, cuts]) => {
        const frame = headerFrame(properties);
        const payload = frame.slice(FRAME_HEADER_BYTES, frame.length - 1);
        const at = 12 + (position % (payload.length - 12));
        if (!cuts) payload[at] = octet;
        return [...payload.subarray(12, cuts ? Math.max(at, 14) : payload.length)];
      });
    fc.assert(
      fc.property(flagged, (properties) => {
        const frame = rawFrame(properties);
        let readable = true;
        try {
          readProperties(ByteReader.of(frame.subarray(FRAME_HEADER_BYTES + 12, frame.length - 1)));
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
          readable = false;
        }
        expect(scanned(frame).result === ScanResult.ok).toBe(readable);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may set the reserved flag bit, but not announce more flags", () => {
    expect(scanned(rawFrame([0, 2])).result).toBe(ScanResult.ok);
    expect(scanned(rawFrame([0, 1])).result).toBe(ScanResult.malformed);
    expect(scanned(rawFrame([0, 0, 7])).result).toBe(ScanResult.malformed);
    expect(scanned(rawFrame([0x80])).result).toBe(ScanResult.malformed);
  });

  it("of another class or with a weight are answered as RabbitMQ answers them", () => {
    const wrongClass = rawFrame([0, 0], { classId: 50 });
    const wrongWeight = rawFrame([0, 0], { weight: 1 });
    const truncated = rawFrame([0x80, 0, 9]);
    const error = (frame: Uint8Array) => {
      const block = byteBlock(frame);
      return scanError(new PropertyScan(block).scan(0), block, 0);
    };
    expect(error(wrongClass)).toMatchObject({
      reason: "unexpected-frame",
      message: "expected content header for class 60, got one for class 50 instead",
      classId: 60,
      methodId: 40,
    });
    expect(error(wrongWeight).reason).toBe("unexpected-frame");
    expect(error(truncated)).toMatchObject({
      reason: "frame-error",
      message: "cannot decode <<128,0,9>>",
    });
  });

  it("find a CC only at the top level of the headers", () => {
    const inner = new Map([["CC", { type: "V" } as const]]);
    const outer = new Map([["CCC", { type: "F", value: inner } as const]]);
    expect(scanned(headerFrame({ headers: outer })).scan.hasCarbonCopies).toBe(false);
    expect(scanned(headerFrame({ headers: inner })).scan.hasCarbonCopies).toBe(true);
  });
});

describe("an expiration", () => {
  it.each([
    ["0", 0],
    ["00", 0],
    ["4294967296", 4_294_967_296],
    ["+7", 7],
    ["0000000000000000000000009", 9],
  ])("%j is a number of milliseconds", (text, expected) => {
    expect(parseExpiration(text)).toBe(expected);
    expect(scanned(headerFrame({ expiration: text })).scan.expirationMs).toBe(expected);
  });

  it.each([
    ["abc", "no_integer"],
    ["", "no_integer"],
    ["-1", "{value_negative,-1}"],
    ["5 ", '{leftover_string," "}'],
    ["0x10", '{leftover_string,"x10"}'],
    ["5\n", '{leftover_string,"\\n"}'],
    ["99999999999999999999", "{value_too_large,99999999999999999999}"],
  ])("%j is refused with RabbitMQ's words", (text, problem) => {
    expect(parseExpiration(text)).toEqual({ problem });
    expect(scanned(headerFrame({ expiration: text })).scan.expirationMs).toBe(INVALID_EXPIRATION);
  });
});
