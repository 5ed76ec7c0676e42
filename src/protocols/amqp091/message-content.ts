// Looks into the content of messages for the core: what routing asks for, and what changes when a message travels on.

import type {
  ContentEditor,
  RoutingProperties,
  TravelFacts,
} from "../../broker/message/content.ts";
import { EMPTY_TABLE, type FieldTable } from "../../broker/message/field-table.ts";
import type { Publication } from "../../broker/message/publication.ts";
import {
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  RecordFlag,
} from "../../broker/message/record.ts";
import type { Address, Arena } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { ByteRangeError } from "../../lib/byte-block.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { type ContentHeader, readContentHeader, writeContentHeader } from "./codec/properties.ts";
import { PropertyScan } from "./codec/property-scan.ts";

export class MessageContent implements ContentEditor {
  readonly #arena: Arena;
  readonly #reader = new ByteReader();
  readonly #writer: ByteWriter;
  readonly #scan: PropertyScan;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#writer = new ByteWriter(arena, 0, 0);
    this.#scan = new PropertyScan(arena);
  }

  headers(publication: Publication): FieldTable {
    return this.#read(publication.contentAt).properties.headers ?? EMPTY_TABLE;
  }

  routingProperties(publication: Publication): RoutingProperties {
    const { messageId, correlationId, timestamp } = this.#read(publication.contentAt).properties;
    return { messageId, correlationId, timestamp };
  }

  removeHeader(publication: Publication, name: string): void {
    const { contentAt } = publication;
    const { bodySizeBytes, properties } = this.#read(contentAt);
    const headers = new Map(properties.headers);
    headers.delete(name);
    const writer = new ByteWriter();
    const channel = this.#arena.view.getUint16(contentAt + 1);
    writeContentHeader(writer, channel, bodySizeBytes, { ...properties, headers });
    const header = writer.toBytes();
    // The shorter header ends where the longer one did, so the body stays where it is.
    const shorterBy =
      this.#arena.view.getUint32(contentAt + 3) + FRAME_OVERHEAD_BYTES - header.length;
    assert(shorterBy >= 0, "a header frame without one of its headers is no longer than before");
    this.#arena.u8.set(header, contentAt + shorterBy);
    publication.contentAt = contentAt + shorterBy;
    publication.contentLengthBytes -= shorterBy;
    this.describe(publication);
    // It did go to more keys than one; whoever traces it asks.
    publication.hasCopyHeaders = true;
  }

  travelFacts(contentAt: Address): TravelFacts {
    const { headers, expiration } = this.#read(contentAt).properties;
    return { headers: headers ?? EMPTY_TABLE, expiration };
  }

  rewriteHeader(
    contentAt: Address,
    headers: FieldTable,
    to: Address,
    roomBytes: number,
    keepsExpiration: boolean,
  ): number {
    const { bodySizeBytes, properties } = this.#read(contentAt);
    const { expiration: _, ...withoutExpiration } = properties;
    const kept = keepsExpiration ? properties : withoutExpiration;
    this.#writer.reset(this.#arena, to, to + Math.max(0, roomBytes));
    try {
      writeContentHeader(this.#writer, 0, bodySizeBytes, { ...kept, headers });
    } catch (error) {
      if (error instanceof ByteRangeError) return -1;
      throw error;
    }
    return this.#writer.at - to;
  }

  describe(publication: Publication): void {
    const scan = this.#scan;
    scan.scan(publication.contentAt);
    publication.flags = scan.deliveryMode === 2 ? RecordFlag.persistent : 0;
    if (scan.headersAt !== 0) publication.flags |= RecordFlag.hasHeaders;
    publication.hasPriority = scan.hasPriority;
    publication.priority = scan.priority;
    publication.expirationMs = scan.expirationMs;
    publication.headersAt = scan.headersAt;
    publication.headersLength = scan.headersLength;
    publication.hasCopyHeaders = scan.hasCarbonCopies;
  }

  #read(contentAt: Address): ContentHeader {
    const payloadAt = contentAt + FRAME_HEADER_BYTES;
    const length = this.#arena.view.getUint32(contentAt + 3);
    this.#reader.reset(this.#arena, payloadAt, payloadAt + length);
    return readContentHeader(this.#reader);
  }
}
