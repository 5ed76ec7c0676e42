// A message taken out of the arena for the cold paths: returned messages, basic.get, publishes of a transaction.

import type { Broker } from "../../broker/broker.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { NO_BODY_REFERENCE, type Publication } from "../../broker/message/publication.ts";
import { RecordFlag, type RecordView } from "../../broker/message/record.ts";
import type { BodyReference } from "../../broker/numbers.ts";
import type { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import type { Address } from "../../lib/arena.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { FRAME_END, FRAME_OVERHEAD_BYTES, FrameType } from "./codec/frames.ts";
import { readProperties, writeContentHeader } from "./codec/properties.ts";

/** Frame header, class, weight and body size lie in front of the property flags. */
const HEADER_PROPERTIES_OFFSET = 19;

export class PublishedCopy {
  readonly #broker: Broker;
  /** [exchange][routing key] as basic.publish carries them. */
  readonly addressing: Uint8Array;
  /** Content header frame and, for small bodies, the one body frame. */
  readonly content: Uint8Array;
  readonly bodySizeBytes: number;
  /** NO_BODY_REFERENCE when the body is in `content`; else it is held until `release`. */
  readonly bodyReference: BodyReference;

  private constructor(
    broker: Broker,
    addressing: Uint8Array,
    content: Uint8Array,
    bodySizeBytes: number,
    bodyReference: BodyReference,
  ) {
    this.#broker = broker;
    this.addressing = addressing;
    this.content = content;
    this.bodySizeBytes = bodySizeBytes;
    this.bodyReference = bodyReference;
    if (bodyReference !== NO_BODY_REFERENCE) broker.bodies.retain(bodyReference, 1);
  }

  static of(broker: Broker, publication: Publication): PublishedCopy {
    const slice = slicer(broker);
    return new PublishedCopy(
      broker,
      slice(publication.addressingAt, publication.addressingLength),
      slice(publication.contentAt, publication.contentLengthBytes),
      publication.bodySizeBytes,
      publication.bodyReference,
    );
  }

  static ofRecord(broker: Broker, record: RecordView): PublishedCopy {
    const slice = slicer(broker);
    const external = (record.flags & RecordFlag.externalBody) !== 0;
    return new PublishedCopy(
      broker,
      slice(record.addressingAt, record.addressingLength),
      slice(record.contentAt, record.contentLengthBytes),
      record.bodySizeBytes,
      external ? record.bodyReference : NO_BODY_REFERENCE,
    );
  }

  get exchange(): string {
    return shortString(this.addressing, 0);
  }
  get routingKey(): string {
    return shortString(this.addressing, 1 + (this.addressing[0] as number));
  }
  /** Bytes it keeps out of the arena. */
  get sizeBytes(): number {
    return this.addressing.length + this.content.length;
  }

  /** `method` with this content behind it, for channel `channel` of a client that takes `payloadMax` bytes a frame. */
  frames(
    method: Uint8Array,
    channel: number,
    payloadMax: number,
    added?: DeliveryHeader | undefined,
  ): Uint8Array {
    const header =
      added === undefined ? this.content.slice(0, this.#headerLength) : this.#headerWith(added);
    setChannel(header, channel);
    const parts: Uint8Array[] = [method, header];
    if (this.bodyReference === NO_BODY_REFERENCE && this.bodySizeBytes > 0) {
      const bodyAt = this.#headerLength + FRAME_OVERHEAD_BYTES - 1;
      const body = this.content.subarray(bodyAt, bodyAt + this.bodySizeBytes);
      for (let at = 0; at < body.length; at += payloadMax) {
        parts.push(bodyFrame(channel, body.subarray(at, at + payloadMax)));
      }
    }
    return Buffer.concat(parts);
  }

  /** The content header frame with what is added. */
  #headerWith(added: DeliveryHeader): Uint8Array {
    const properties = this.properties();
    const headers = new Map(properties.headers);
    for (let at: DeliveryHeader | undefined = added; at !== undefined; at = at.next) {
      headers.set(at.name, { type: "l", value: BigInt(at.value) });
    }
    const writer = new ByteWriter();
    writeContentHeader(writer, 0, this.bodySizeBytes, { ...properties, headers });
    return writer.toBytes();
  }

  /** The 14 properties. */
  properties(): MessageProperties {
    const reader = ByteReader.of(this.content.subarray(0, this.#headerLength - 1));
    reader.skip(HEADER_PROPERTIES_OFFSET);
    return readProperties(reader);
  }

  /** The body, where it is in `content`. */
  body(): Uint8Array {
    const bodyAt = this.#headerLength + FRAME_OVERHEAD_BYTES - 1;
    return this.content.subarray(bodyAt, bodyAt + this.bodySizeBytes);
  }

  /** The body, where it is large and may have to be read from disk. `release` is still to be called. */
  async readBody(): Promise<Uint8Array> {
    const { bodies, memory } = this.#broker;
    const body = new Uint8Array(this.bodySizeBytes);
    for (let at = 0; at < body.length; ) {
      const chunk = bodies.chunk(this.bodyReference, at);
      if (chunk === undefined) {
        await new Promise<void>((resolve) => bodies.whenLoaded(this.bodyReference, at, resolve));
        continue;
      }
      const lengthBytes = Math.min(chunk.lengthBytes, body.length - at);
      body.set(memory.arena.u8.subarray(chunk.at, chunk.at + lengthBytes), at);
      at += lengthBytes;
    }
    return body;
  }

  /** Lets a large body go. */
  release(): void {
    if (this.bodyReference !== NO_BODY_REFERENCE)
      this.#broker.bodies.release(this.bodyReference, 1);
  }

  get #headerLength(): number {
    const length = Buffer.from(this.content.buffer, this.content.byteOffset, 7).readUInt32BE(3);
    return FRAME_OVERHEAD_BYTES + length;
  }
}

function slicer(broker: Broker) {
  const { u8 } = broker.memory.arena;
  return (at: Address, lengthBytes: number) => u8.slice(at, at + lengthBytes);
}

function shortString(bytes: Uint8Array, at: number): string {
  const length = bytes[at] as number;
  return Buffer.from(bytes.buffer, bytes.byteOffset + at + 1, length).toString("utf8");
}

function setChannel(frame: Uint8Array, channel: number): void {
  frame[1] = channel >> 8;
  frame[2] = channel;
}

function bodyFrame(channel: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(payload.length + FRAME_OVERHEAD_BYTES);
  frame[0] = FrameType.body;
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  frame.set(payload, 7);
  frame[frame.length - 1] = FRAME_END;
  return frame;
}
