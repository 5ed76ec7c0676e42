// Headers the broker puts on messages where the configuration says so: as they come in, when, and through which node; as
// they go out, when.

import type { Broker } from "../../broker/broker.ts";
import type { FieldValue } from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import type { Publication } from "../../broker/message/publication.ts";
import { FRAME_HEADER_BYTES, FRAME_OVERHEAD_BYTES } from "../../broker/message/record.ts";
import { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import type { AddedHeader, Interceptions } from "../../broker/rules.ts";
import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { ByteRangeError } from "../../lib/byte-block.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../../lib/page-pool.ts";
import { readContentHeader, writeContentHeader } from "./codec/properties.ts";

/** As RabbitMQ names them. */
const TIMESTAMP_HEADER = "timestamp_in_ms";
const NODE_HEADER = "x-routed-by";
const SENT_HEADER = "x-opt-rabbitmq-sent-time";

export class Interceptors {
  readonly #broker: Broker;
  readonly #reader = new ByteReader();
  /** For the changed message; taken when the first one is. */
  #page: Address = NO_PAGE;
  readonly #sent = new DeliveryHeader(SENT_HEADER);

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  get isOn(): boolean {
    return this.#broker.rules.interceptions !== undefined;
  }

  /** Every delivery has a header of its own. */
  get marksDeliveries(): boolean {
    return this.#broker.rules.marksDeliveries;
  }

  /** What a delivery has beside the headers of its message, valid until the next call; `own` is what the queue adds. */
  delivered(own: DeliveryHeader | undefined): DeliveryHeader | undefined {
    if (!this.#broker.rules.marksDeliveries) return own;
    const sent = this.#sent;
    sent.value = Math.floor(this.#broker.clock.nowMs());
    sent.next = own;
    return sent;
  }

  /**
   * Describes in `publication` a copy of the message with the headers, valid until the next call; the message as it
   * is when its header frame would not fit into `payloadMax` bytes any more. What was noted of it must be noted anew.
   */
  change(publication: Publication, payloadMax: number): void {
    const { interceptions } = this.#broker.rules;
    if (interceptions === undefined) return;
    const { arena, output } = this.#broker.memory;
    if (this.#page === NO_PAGE) this.#page = output.allocate(LARGE_PAGE_BYTES);
    assert(this.#page !== NO_PAGE, "there is memory for one page");
    const { contentAt, contentLengthBytes } = publication;
    const payloadBytes = arena.view.getUint32(contentAt + 3);
    const payloadAt = contentAt + FRAME_HEADER_BYTES;
    this.#reader.reset(arena, payloadAt, payloadAt + payloadBytes);
    const { bodySizeBytes, properties } = readContentHeader(this.#reader);
    const bodyBytes = contentLengthBytes - payloadBytes - FRAME_OVERHEAD_BYTES;
    const roomBytes = Math.min(LARGE_PAGE_BYTES - bodyBytes, payloadMax + FRAME_OVERHEAD_BYTES);
    const writer = new ByteWriter(arena, this.#page, this.#page + roomBytes);
    const channel = arena.view.getUint16(contentAt + 1);
    try {
      writeContentHeader(writer, channel, bodySizeBytes, this.#with(interceptions, properties));
    } catch (error) {
      if (error instanceof ByteRangeError) return;
      throw error;
    }
    arena.copy(writer.at, contentAt + contentLengthBytes - bodyBytes, bodyBytes);
    publication.contentAt = this.#page;
    publication.contentLengthBytes = writer.at - this.#page + bodyBytes;
  }

  /** The properties of a message that did not come as frames, with the headers. */
  changed(properties: MessageProperties): MessageProperties {
    const { interceptions } = this.#broker.rules;
    return interceptions === undefined ? properties : this.#with(interceptions, properties);
  }

  #with(interceptions: Interceptions, properties: MessageProperties): MessageProperties {
    const { timestamp, routingNode } = interceptions;
    const headers = new Map(properties.headers);
    let changed: MessageProperties = { ...properties, headers };
    const nowMs = Math.floor(this.#broker.clock.nowMs());
    if (timestamp !== undefined) {
      add(headers, TIMESTAMP_HEADER, { type: "l", value: BigInt(nowMs) }, timestamp);
      if (timestamp.overwrite || properties.timestamp === undefined) {
        changed = { ...changed, timestamp: BigInt(Math.floor(nowMs / 1_000)) };
      }
    }
    if (routingNode !== undefined) {
      const value = new TextEncoder().encode(this.#broker.nodeName);
      add(headers, NODE_HEADER, { type: "S", value }, routingNode);
    }
    return changed;
  }
}

function add(
  headers: Map<string, FieldValue>,
  name: string,
  value: FieldValue,
  { overwrite }: AddedHeader,
): void {
  if (overwrite || !headers.has(name)) headers.set(name, value);
}
