// hot path: runs per message
// The one message being published right now, as numbers; valid until the publish call returns.

import type { Address, Arena } from "../../lib/arena.ts";
import type { BodyReference, Sequence } from "../numbers.ts";
import { padded4, padded8, RECORD_HEADER_BYTES, RecordFlag } from "./record.ts";

/** `Publication.expirationMs` of a message without one. */
export const NO_EXPIRATION = -1;
/** `Publication.bodyReference` of a message whose body is in its content. */
export const NO_BODY_REFERENCE: BodyReference = -1;

/** Bodies up to this size lie in their record; larger ones always in body segments. */
export const INLINE_BODY_BYTES_MAX = 65_536;

/** Reused for every message of a broker: whoever publishes fills every field. */
export class Publication {
  /** [exchange: shortstr][routing key: shortstr]. */
  addressingAt: Address = 0;
  addressingLength = 0;
  /** Content header frame, followed at once by the body frames unless the body is external. */
  contentAt: Address = 0;
  contentLengthBytes = 0;
  bodySizeBytes = 0;
  /** RecordFlag bits. */
  flags = 0;
  /** 0-255; 0 when absent. */
  priority = 0;
  hasPriority = false;
  /** The expiration property in ms, or NO_EXPIRATION. */
  expirationMs = NO_EXPIRATION;
  /** The headers table (after its length word), or 0 when there is none. */
  headersAt: Address = 0;
  headersLength = 0;
  /** The top level of the headers holds CC or BCC: more routing keys. */
  hasCopyHeaders = false;
  bodyReference: BodyReference = NO_BODY_REFERENCE;

  /** Describes the message that lies so much further on and has all else the same, from now on. */
  moveOn(bytes: number): void {
    this.addressingAt += bytes;
    this.contentAt += bytes;
  }

  /** Bytes this message takes as a record. */
  get recordLengthBytes(): number {
    const content = RECORD_HEADER_BYTES + padded4(this.addressingLength) + this.contentLengthBytes;
    return this.bodyReference === NO_BODY_REFERENCE ? padded8(content) : padded8(content) + 8;
  }
}

/** Writes `publication` as a record at `to` (8-aligned, `recordLengthBytes` free). */
export function writeRecord(
  arena: Arena,
  to: Address,
  publication: Publication,
  sequence: Sequence,
  expiresAtMs: number,
): void {
  const view = arena.view;
  const length = publication.recordLengthBytes;
  const addressingLength = publication.addressingLength;
  const contentAt = to + RECORD_HEADER_BYTES + padded4(addressingLength);
  const external = publication.bodyReference !== NO_BODY_REFERENCE;
  const flags = external ? publication.flags | RecordFlag.externalBody : publication.flags;
  view.setInt32(to, length, true);
  view.setInt32(to + 4, flags | (publication.priority << 8) | (addressingLength << 16), true);
  view.setInt32(to + 8, publication.contentLengthBytes, true);
  view.setUint32(to + 12, publication.bodySizeBytes, true);
  view.setFloat64(to + 16, sequence, true);
  view.setFloat64(to + 24, expiresAtMs, true);
  arena.copy(to + RECORD_HEADER_BYTES, publication.addressingAt, addressingLength);
  arena.copy(contentAt, publication.contentAt, publication.contentLengthBytes);
  if (external) {
    view.setFloat64(
      padded8(contentAt + publication.contentLengthBytes),
      publication.bodyReference,
      true,
    );
  }
}
