// Frames around methods and content: constants, the frame header, and writing content from its parts.
//
//   octet type | short channel | long payload length | payload | octet 0xCE        [0-9-1 2.3.5]

import { FRAME_HEADER_BYTES, FRAME_OVERHEAD_BYTES } from "../../../broker/message/record.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { CodecError } from "./codec-error.ts";
import { erlangBinary } from "./erlang-text.ts";

export { FRAME_HEADER_BYTES, FRAME_OVERHEAD_BYTES };

export const FrameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
export const FRAME_END = 0xce;

/** Class id of everything that has content. */
export const BASIC_CLASS_ID = 60;
/** Class id, weight, body size and property flags of a content header. */
export const CONTENT_HEADER_FIXED_BYTES = 14;

/** What a client sends first, and what it is answered when it asked for something else: "AMQP" 0 0 9 1. */
export const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);
export const PROTOCOL_HEADER_BYTES = 8;

/** RabbitMQ takes payloads of up to frame_max itself, though frame and overhead together should not exceed it. */
export const FRAME_SIZE_TOLERANCE_BYTES = 8;

export const HEARTBEAT_FRAME: Uint8Array = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, FRAME_END);

/** Opens a frame of unknown length; `endFrame` with the answer closes it. */
export function beginFrame(writer: ByteWriter, type: number, channel: number): number {
  writer.u8(type);
  writer.u16(channel);
  return writer.reserve(4);
}

export function endFrame(writer: ByteWriter, lengthAt: number): void {
  writer.patchU32(lengthAt, writer.at - lengthAt - 4);
  writer.u8(FRAME_END);
}

/** Writes `body` as body frames that, overhead included, are at most `frameMax` bytes (0 = no limit). An empty body has none. */
export function writeBodyFrames(
  writer: ByteWriter,
  channel: number,
  body: Uint8Array,
  frameMax: number,
): void {
  const payloadMax = frameMax === 0 ? Number.POSITIVE_INFINITY : frameMax - FRAME_OVERHEAD_BYTES;
  for (let from = 0; from < body.length; from += payloadMax) {
    const payload = body.subarray(from, Math.min(body.length, from + payloadMax));
    writer.u8(FrameType.body);
    writer.u16(channel);
    writer.u32(payload.length);
    writer.bytes(payload);
    writer.u8(FRAME_END);
  }
}

/** 501: a frame that is none (unknown type, method without ids, heartbeat with payload). */
export function unknownFrameError(type: number, payload: Uint8Array): CodecError {
  return new CodecError(
    "frame-error",
    `type ${type}, all octets = ${erlangBinary(payload)}: unknown_frame`,
  );
}

/** 501: the octet after the payload is not 0xCE. */
export function frameEndError(type: number, payload: Uint8Array, found: number): CodecError {
  return new CodecError(
    "frame-error",
    `type ${type}, all octets = ${erlangBinary(payload)}: {invalid_frame_end_marker,${found}}`,
  );
}

/** 501: the frame header announces more than was negotiated. Known before any of the payload is there. */
export function frameTooLargeError(
  type: number,
  announcedBytes: number,
  payloadMaxBytes: number,
): CodecError {
  return new CodecError(
    "frame-error",
    `type ${type}, all octets = <<>>: {frame_too_large,${announcedBytes},${payloadMaxBytes}}`,
  );
}

/** 505: a frame of this type may not come here. */
export function unexpectedFrameError(type: number, payload: Uint8Array): CodecError {
  return new CodecError("unexpected-frame", `type ${type}, all octets = ${erlangBinary(payload)}`);
}
