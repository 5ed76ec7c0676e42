// What reading and writing any method have in common: ids, the frame around it, and what is wrong with bad bytes.

import { ByteRangeError } from "../../../lib/byte-block.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { CodecError } from "./codec-error.ts";
import { erlangOctets } from "./erlang-text.ts";
import { beginFrame, endFrame, FrameType, unknownFrameError } from "./frames.ts";
import { MalformedTextError } from "./strings.ts";

/** What is fixed about a method. */
export interface MethodFacts {
  readonly classId: number;
  readonly methodId: number;
  readonly sentBy: "client" | "server" | "both";
  /** Its sender waits for the matching -ok, unless it sets noWait. */
  readonly synchronous: boolean;
  /** A content header and body frames follow. */
  readonly hasContent: boolean;
}

/** Class id in the upper, method id in the lower 16 bits. */
export type MethodIds = number;

/**
 * Reads the payload of a method frame. `decode` answers undefined for ids it does not take.
 * Throws CodecError: 503 for such a method, 501 for arguments that can't be decoded or are followed by more bytes.
 */
export function readMethod<Method>(
  reader: ByteReader,
  decode: (ids: MethodIds, reader: ByteReader) => Method | undefined,
): Method {
  if (reader.remaining < 4)
    throw unknownFrameError(FrameType.method, reader.bytes(reader.remaining));
  const ids = reader.u32();
  const classId = ids >>> 16;
  const methodId = ids & 0xffff;
  const argumentsAt = reader.at;
  let method: Method | undefined;
  try {
    method = decode(ids, reader);
  } catch (error) {
    const isUndecodable =
      error instanceof ByteRangeError ||
      (error instanceof CodecError && !(error instanceof MalformedTextError));
    if (!isUndecodable) throw error;
    throw cannotDecode(reader, argumentsAt, classId, methodId);
  }
  if (method === undefined) {
    throw new CodecError("command-invalid", "unimplemented method", classId, methodId);
  }
  if (reader.remaining !== 0) throw cannotDecode(reader, argumentsAt, classId, methodId);
  return method;
}

function cannotDecode(
  reader: ByteReader,
  argumentsAt: number,
  classId: number,
  methodId: number,
): CodecError {
  const octets = erlangOctets(reader.block.u8.subarray(argumentsAt, reader.end));
  return new CodecError("frame-error", `cannot decode ${octets}`, classId, methodId);
}

/** Opens a method frame; `endFrame` with the answer closes it. */
export function beginMethod(writer: ByteWriter, channel: number, ids: MethodIds): number {
  const lengthAt = beginFrame(writer, FrameType.method, channel);
  writer.u32(ids);
  return lengthAt;
}

export { endFrame };
