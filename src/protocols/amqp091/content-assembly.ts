// The slow way for contents: header and body frames come one by one, over several reads or between other channels'.
// Small bodies are put together in a page and then published like any other; large ones go to body segments as they come.

import { BrokerError } from "../../broker/errors.ts";
import type { Bodies } from "../../broker/message/bodies.ts";
import {
  INLINE_BODY_BYTES_MAX,
  NO_BODY_REFERENCE,
  type Publication,
} from "../../broker/message/publication.ts";
import type { BodyReference } from "../../broker/numbers.ts";
import type { Address } from "../../lib/arena.ts";
import type { Memory } from "../../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import { CodecError } from "./codec/codec-error.ts";
import {
  BASIC_CLASS_ID,
  CONTENT_HEADER_FIXED_BYTES,
  FRAME_END,
  FRAME_OVERHEAD_BYTES,
  FrameType,
  unknownFrameError,
} from "./codec/frames.ts";
import { type PropertyScan, ScanResult } from "./codec/property-scan.ts";

/** No broker takes more, whatever its configuration says. */
const ABSOLUTE_BODY_BYTES_MAX = 536_870_912;
const PUBLISH_METHOD_ID = 40;

type Phase = "idle" | "header" | "body";

export class ContentAssembly {
  readonly #memory: Memory;
  readonly #bodies: Bodies;
  readonly #messageBytesMax: number;
  readonly #scan: PropertyScan;
  #phase: Phase = "idle";
  #page: Address = NO_PAGE;
  #pageSize: PageSizeBytes = SMALL_PAGE_BYTES;
  #addressingLength = 0;
  #headerLength = 0;
  #bodySize = 0;
  #received = 0;
  #bodyReference: BodyReference = NO_BODY_REFERENCE;
  /** [exchange][routing key] of the publish, kept until the header frame tells how large a page is needed. */
  #addressing: Uint8Array = new Uint8Array(0);

  constructor(memory: Memory, bodies: Bodies, messageBytesMax: number, scan: PropertyScan) {
    this.#memory = memory;
    this.#scan = scan;
    this.#bodies = bodies;
    this.#messageBytesMax = messageBytesMax;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** A basic.publish came whose content follows. */
  begin(addressing: Uint8Array): void {
    this.#addressing = addressing;
    this.#phase = "header";
  }

  /** Any other method came: allowed only between contents. */
  checkIdle(): void {
    if (this.#phase === "idle") return;
    throw this.#unexpected(
      this.#phase === "header"
        ? `expected content header for class ${BASIC_CLASS_ID}, got non content header frame instead`
        : "expected content body, got non content body frame instead",
    );
  }

  /** A content header frame. Answers true when the content is complete (empty body). */
  onHeader(frameAt: Address, frameEnd: Address): boolean {
    if (this.#phase === "idle") throw expectedMethod();
    if (this.#phase === "body") this.checkIdle();
    const { view, u8 } = this.#memory.arena;
    const payloadLength = frameEnd - frameAt - FRAME_OVERHEAD_BYTES;
    if (payloadLength < CONTENT_HEADER_FIXED_BYTES) {
      throw unknownFrameError(FrameType.header, u8.slice(frameAt + 7, frameEnd - 1));
    }
    const classId = view.getUint16(frameAt + 7);
    if (classId !== BASIC_CLASS_ID) {
      throw this.#unexpected(
        `expected content header for class ${BASIC_CLASS_ID}, got one for class ${classId} instead`,
      );
    }
    const bodySize = view.getUint32(frameAt + 11) * 2 ** 32 + view.getUint32(frameAt + 15);
    this.#checkBodySize(bodySize);
    this.#bodySize = bodySize;
    this.#received = 0;
    this.#headerLength = frameEnd - frameAt;
    const isExternal = bodySize > INLINE_BODY_BYTES_MAX;
    this.#takePage(isExternal ? 0 : bodySize);
    this.#memory.arena.copy(this.#page + this.#addressingLength, frameAt, this.#headerLength);
    if (isExternal) {
      // A malformed header is told of when all has arrived.
      const isPersistent =
        this.#scan.scan(this.#page + this.#addressingLength) === ScanResult.ok &&
        this.#scan.deliveryMode === 2;
      this.#bodyReference = this.#bodies.begin(bodySize, isPersistent);
    } else if (bodySize > 0) this.#writeBodyFrameHeader();
    this.#phase = "body";
    return bodySize === 0;
  }

  /** A body frame. Answers true when the content is complete. */
  onBody(frameAt: Address, frameEnd: Address): boolean {
    if (this.#phase === "idle") throw expectedMethod();
    if (this.#phase === "header") this.checkIdle();
    const length = frameEnd - frameAt - FRAME_OVERHEAD_BYTES;
    if (this.#received + length > this.#bodySize) {
      throw new CodecError(
        "frame-error",
        `content body of ${this.#received + length} bytes is larger than the announced ${this.#bodySize}`,
        BASIC_CLASS_ID,
        PUBLISH_METHOD_ID,
      );
    }
    if (this.#bodyReference !== NO_BODY_REFERENCE) {
      if (!this.#bodies.append(this.#bodyReference, frameAt + 7, length)) throw outOfMemory();
    } else {
      this.#memory.arena.copy(this.#bodyAt + 7 + this.#received, frameAt + 7, length);
    }
    this.#received += length;
    return this.#received === this.#bodySize;
  }

  /** Describes the complete content in `publication`; answers where its content header frame ends. */
  describe(publication: Publication): Address {
    const isInline = this.#bodyReference === NO_BODY_REFERENCE;
    const bodyLength = isInline && this.#bodySize > 0 ? FRAME_OVERHEAD_BYTES + this.#bodySize : 0;
    publication.addressingAt = this.#page;
    publication.addressingLength = this.#addressing.length;
    publication.contentAt = this.#page + this.#addressingLength;
    publication.contentLengthBytes = this.#headerLength + bodyLength;
    publication.bodySizeBytes = this.#bodySize;
    publication.bodyReference = this.#bodyReference;
    return publication.contentAt + this.#headerLength;
  }

  /** The content was published, refused or given up. A large body nobody kept goes with it. */
  finish(): void {
    if (this.#page !== NO_PAGE) this.#memory.pages.free(this.#page, this.#pageSize);
    if (this.#bodyReference !== NO_BODY_REFERENCE) this.#bodies.release(this.#bodyReference, 1);
    this.#page = NO_PAGE;
    this.#bodyReference = NO_BODY_REFERENCE;
    this.#phase = "idle";
  }

  get #bodyAt(): Address {
    return this.#page + this.#addressingLength + this.#headerLength;
  }

  #checkBodySize(bodySize: number): void {
    if (bodySize > ABSOLUTE_BODY_BYTES_MAX) {
      throw new CodecError(
        "frame-error",
        `content of ${bodySize} bytes is larger than ${ABSOLUTE_BODY_BYTES_MAX}`,
        BASIC_CLASS_ID,
        PUBLISH_METHOD_ID,
      );
    }
    if (bodySize > this.#messageBytesMax) {
      throw new BrokerError(
        "precondition-failed",
        `message size ${bodySize} is larger than configured max size ${this.#messageBytesMax}`,
      );
    }
  }

  #takePage(bodySize: number): void {
    const needed = this.#addressing.length + this.#headerLength + bodySize + FRAME_OVERHEAD_BYTES;
    this.#pageSize =
      needed <= SMALL_PAGE_BYTES
        ? SMALL_PAGE_BYTES
        : needed <= MEDIUM_PAGE_BYTES
          ? MEDIUM_PAGE_BYTES
          : LARGE_PAGE_BYTES;
    this.#page = this.#memory.pages.allocate(this.#pageSize);
    if (this.#page === NO_PAGE) throw outOfMemory();
    this.#memory.arena.u8.set(this.#addressing, this.#page);
    this.#addressingLength = this.#addressing.length;
  }

  /** However the body was cut, it is kept as one frame. */
  #writeBodyFrameHeader(): void {
    const view = this.#memory.arena.view;
    const at = this.#bodyAt;
    view.setUint8(at, FrameType.body);
    view.setUint16(at + 1, 0);
    view.setUint32(at + 3, this.#bodySize);
    view.setUint8(at + 7 + this.#bodySize, FRAME_END);
  }

  #unexpected(text: string): CodecError {
    return new CodecError("unexpected-frame", text, BASIC_CLASS_ID, PUBLISH_METHOD_ID);
  }
}

function expectedMethod(): CodecError {
  return new CodecError("unexpected-frame", "expected method frame, got non method frame instead");
}

function outOfMemory(): BrokerError {
  return new BrokerError("resource-error", "the broker has no memory for this message");
}
