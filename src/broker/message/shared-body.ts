// hot path: runs per message
// A message for many queues: its body is stored once, beside the large ones, and all records refer to it.

import type { Arena } from "../../lib/arena.ts";
import type { Limits } from "../limits.ts";
import type { Bodies } from "./bodies.ts";
import { NO_BODY_REFERENCE, type Publication } from "./publication.ts";
import { FRAME_HEADER_BYTES, FRAME_OVERHEAD_BYTES, RecordFlag } from "./record.ts";

/** Where a frame says how long its payload is. */
const PAYLOAD_LENGTH_OFFSET = 3;

export class SharedBody {
  readonly #arena: Arena;
  readonly #bodies: Bodies;
  readonly #queuesMax: number;
  readonly #bytesMax: number;
  /** What the publication was before. */
  #contentLengthBytes = 0;
  #flags = 0;

  constructor(arena: Arena, bodies: Bodies, limits: Limits) {
    this.#arena = arena;
    this.#bodies = bodies;
    this.#queuesMax = limits.copiedBodyQueuesMax;
    this.#bytesMax = limits.copiedBodyBytesMax;
  }

  /**
   * Takes the body out of a persistent message for `queues` queues, if that is worth while and there is memory for it:
   * afterwards its records hold a reference. `putBack` must follow.
   */
  takeOut(publication: Publication, queues: number): boolean {
    if (queues <= this.#queuesMax || publication.bodySizeBytes <= this.#bytesMax) return false;
    if (publication.bodyReference !== NO_BODY_REFERENCE) return false;
    if ((publication.flags & RecordFlag.persistent) === 0) return false;
    const { contentAt } = publication;
    const headerLength = this.#payloadLength(contentAt) + FRAME_OVERHEAD_BYTES;
    const reference = this.#bodies.begin(publication.bodySizeBytes, true);
    const end = contentAt + publication.contentLengthBytes;
    for (let at = contentAt + headerLength; at < end; ) {
      const length = this.#payloadLength(at);
      if (!this.#bodies.append(reference, at + FRAME_HEADER_BYTES, length)) {
        this.#bodies.release(reference, 1);
        return false;
      }
      at += length + FRAME_OVERHEAD_BYTES;
    }
    this.#contentLengthBytes = publication.contentLengthBytes;
    this.#flags = publication.flags;
    publication.bodyReference = reference;
    publication.contentLengthBytes = headerLength;
    publication.flags &= ~RecordFlag.manyBodyFrames;
    return true;
  }

  /** The publication is what it was; the body stays as long as a queue refers to it. */
  putBack(publication: Publication): void {
    this.#bodies.release(publication.bodyReference, 1);
    publication.bodyReference = NO_BODY_REFERENCE;
    publication.contentLengthBytes = this.#contentLengthBytes;
    publication.flags = this.#flags;
  }

  #payloadLength(frameAt: number): number {
    return this.#arena.view.getInt32(frameAt + PAYLOAD_LENGTH_OFFSET);
  }
}
