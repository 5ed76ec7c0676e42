// Whole messages in and out of the arena for the HTTP API and the broker's own publishers: no connection, no channel.

import type { Broker } from "../../broker/broker.ts";
import { BrokerError } from "../../broker/errors.ts";
import type {
  MessageHead,
  MessagePort,
  OutgoingMessage,
  StoredMessage,
} from "../../broker/message/message-port.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { NO_BODY_REFERENCE, type Publication } from "../../broker/message/publication.ts";
import { RecordFlag, type RecordView } from "../../broker/message/record.ts";
import type { BodyReference } from "../../broker/numbers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { PublishResult } from "../../broker/routing/route.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../../lib/page-pool.ts";
import { FRAME_OVERHEAD_BYTES } from "./codec/frames.ts";
import { readProperties, writeContentHeader } from "./codec/properties.ts";
import {
  INVALID_EXPIRATION,
  PropertyBit,
  PropertyScan,
  ScanResult,
  scanError,
} from "./codec/property-scan.ts";
import { writeShortString } from "./codec/strings.ts";
import { ContentAssembly } from "./content-assembly.ts";
import { Interceptors } from "./interceptors.ts";

/** Class, weight, body size and flags lie in front of the properties. */
const HEADER_PROPERTIES_OFFSET = 12;
const FRAME_HEADER_BYTES = 7;
/** Bytes of a body copied into the arena at once. */
const PIECE_BYTES = 131_072;

/** Where a content lies: its frames, and a large body by reference. */
type ContentPlace = Pick<Publication, "contentAt" | "bodySizeBytes" | "bodyReference">;

export class Messages implements MessagePort {
  readonly #broker: Broker;
  readonly #scan: PropertyScan;
  readonly #interceptors: Interceptors;
  readonly #encoder = new ByteWriter();
  readonly #reader = new ByteReader();

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#scan = new PropertyScan(broker.memory.arena);
    this.#interceptors = new Interceptors(broker);
  }

  publish(access: VhostAccess, message: OutgoingMessage): PublishResult {
    const route = access.route(message.exchange, message.routingKey);
    const properties = access.user.isBroker
      ? message.properties
      : this.#interceptors.changed(message.properties);
    return this.#withPublication({ ...message, properties }, (publication) => {
      if (this.#scan.positionOf(PropertyBit.userId) !== 0) {
        access.checkUserId(this.#scan.textOf(PropertyBit.userId));
      }
      return access.publish(route, publication);
    });
  }

  place(vhost: Vhost, queue: Queue, message: OutgoingMessage): void {
    this.#withPublication(message, (publication) => {
      vhost.publishing.enqueueOne(publication, queue);
    });
  }

  /** Describes `message` in the broker's publication while `act` runs. */
  #withPublication<T>(message: OutgoingMessage, act: (publication: Publication) => T): T {
    const { memory, bodies, limits, publication } = this.#broker;
    const assembly = new ContentAssembly(memory, bodies, limits.messageBytesMax, this.#scan);
    try {
      this.#assemble(assembly, message);
      assembly.describe(publication);
      this.#noteProperties();
      return act(publication);
    } finally {
      assembly.finish();
    }
  }

  /** Feeds the message to the assembly as a client's frames would be, through one page. */
  #assemble(
    assembly: ContentAssembly,
    { exchange, routingKey, properties, body }: OutgoingMessage,
  ): void {
    const { memory } = this.#broker;
    const page = memory.pages.allocate(LARGE_PAGE_BYTES);
    if (page === NO_PAGE) throw outOfMemory();
    try {
      assembly.begin(
        this.#encode((writer) => {
          writeShortString(writer, exchange);
          writeShortString(writer, routingKey);
        }),
      );
      const header = this.#encode((writer) =>
        writeContentHeader(writer, 0, body.length, properties),
      );
      if (header.length > LARGE_PAGE_BYTES)
        throw new BrokerError("precondition-failed", "properties are too large");
      memory.arena.u8.set(header, page);
      let isComplete = assembly.onHeader(page, page + header.length);
      for (let from = 0; from < body.length; from += PIECE_BYTES) {
        const piece = body.subarray(from, from + PIECE_BYTES);
        memory.arena.u8.set(piece, page + FRAME_HEADER_BYTES);
        isComplete = assembly.onBody(page, page + piece.length + FRAME_OVERHEAD_BYTES);
      }
      assert(isComplete, "a message is published whole");
    } finally {
      memory.pages.free(page, LARGE_PAGE_BYTES);
    }
  }

  #encode(write: (writer: ByteWriter) => void): Uint8Array {
    this.#encoder.clear();
    write(this.#encoder);
    return this.#encoder.toBytes();
  }

  /** What a connection notes of each message it takes in. */
  #noteProperties(): void {
    const { memory, publication } = this.#broker;
    const scan = this.#scan;
    const result = scan.scan(publication.contentAt);
    if (result !== ScanResult.ok) throw scanError(result, memory.arena, publication.contentAt);
    if (scan.expirationMs === INVALID_EXPIRATION) {
      const text = scan.textOf(PropertyBit.expiration);
      throw new BrokerError("precondition-failed", `invalid expiration '${text}'`);
    }
    publication.flags = scan.deliveryMode === 2 ? RecordFlag.persistent : 0;
    publication.hasPriority = scan.hasPriority;
    publication.priority = scan.priority;
    publication.expirationMs = scan.expirationMs;
    publication.headersAt = scan.headersAt;
    publication.headersLength = scan.headersLength;
    publication.hasCopyHeaders = scan.hasCarbonCopies;
    if (scan.headersAt !== 0) publication.flags |= RecordFlag.hasHeaders;
  }

  readHead(record: RecordView): MessageHead {
    return {
      exchange: record.exchange,
      routingKey: record.routingKey,
      properties: this.#propertiesAt(record.contentAt),
      persistent: record.persistent,
    };
  }

  read(record: RecordView): Promise<StoredMessage> {
    const isExternal = (record.flags & RecordFlag.externalBody) !== 0;
    return this.#whole(this.readHead(record), {
      contentAt: record.contentAt,
      bodySizeBytes: record.bodySizeBytes,
      bodyReference: isExternal ? record.bodyReference : NO_BODY_REFERENCE,
    });
  }

  readPublishedHead(publication: Publication): MessageHead {
    const { buffer } = this.#broker.memory.arena;
    const { addressingAt, contentAt, flags } = publication;
    const exchangeLength = buffer[addressingAt] as number;
    const keyAt = addressingAt + 1 + exchangeLength;
    const keyLength = buffer[keyAt] as number;
    return {
      exchange: buffer.utf8Slice(addressingAt + 1, keyAt),
      routingKey: buffer.utf8Slice(keyAt + 1, keyAt + 1 + keyLength),
      properties: this.#propertiesAt(contentAt),
      persistent: (flags & RecordFlag.persistent) !== 0,
    };
  }

  readPublished(publication: Publication): Promise<StoredMessage> {
    return this.#whole(this.readPublishedHead(publication), publication);
  }

  #propertiesAt(contentAt: Address): MessageProperties {
    const { arena } = this.#broker.memory;
    const from = contentAt + FRAME_HEADER_BYTES + HEADER_PROPERTIES_OFFSET;
    this.#reader.reset(arena, from, contentAt + this.#headerFrameLength(contentAt) - 1);
    return readProperties(this.#reader);
  }

  #headerFrameLength(contentAt: Address): number {
    return FRAME_OVERHEAD_BYTES + this.#broker.memory.arena.view.getUint32(contentAt + 3);
  }

  /** Copies the body now, or where it is kept by itself, when it has been read. */
  #whole(head: MessageHead, content: ContentPlace): Promise<StoredMessage> {
    const { contentAt, bodySizeBytes, bodyReference } = content;
    if (bodyReference !== NO_BODY_REFERENCE) {
      this.#broker.bodies.retain(bodyReference, 1);
      return this.#readBody(bodyReference, bodySizeBytes).then((body) => ({ ...head, body }));
    }
    const bodyAt = contentAt + this.#headerFrameLength(contentAt) + FRAME_HEADER_BYTES;
    const body = this.#broker.memory.arena.u8.slice(bodyAt, bodyAt + bodySizeBytes);
    return Promise.resolve({ ...head, body });
  }

  async #readBody(reference: BodyReference, sizeBytes: number): Promise<Uint8Array> {
    const { bodies, memory } = this.#broker;
    const body = new Uint8Array(sizeBytes);
    try {
      for (let at = 0; at < sizeBytes; ) {
        const chunk = bodies.chunk(reference, at);
        if (chunk === undefined) {
          await new Promise<void>((resolve) => bodies.whenLoaded(reference, at, resolve));
          continue;
        }
        const lengthBytes = Math.min(chunk.lengthBytes, sizeBytes - at);
        body.set(memory.arena.u8.subarray(chunk.at, chunk.at + lengthBytes), at);
        at += lengthBytes;
      }
      return body;
    } finally {
      bodies.release(reference, 1);
    }
  }
}

function outOfMemory(): BrokerError {
  return new BrokerError("resource-error", "no memory for this message");
}
