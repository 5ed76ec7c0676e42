// What all AMQP 0-9-1 connections of one broker share.

import type { Broker } from "../../broker/broker.ts";
import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../../lib/page-pool.ts";
import { type ServerMethod, writeServerMethod } from "./codec/methods.generated.ts";
import { PropertyScan } from "./codec/property-scan.ts";
import { DeliveryWriter } from "./delivery-writer.ts";
import { DirectReplies } from "./direct-reply.ts";
import type { DirectReplyChannel } from "./direct-reply-channel.ts";
import { Interceptors } from "./interceptors.ts";
import type { PublishTools } from "./publishing.ts";
import { SharedFrames } from "./shared-frames.ts";

export const SCRATCH_BYTES = LARGE_PAGE_BYTES;

export class ProtocolTools {
  readonly broker: Broker;
  readonly writer: DeliveryWriter;
  readonly sharedFrames: SharedFrames;
  readonly publish: PublishTools;
  readonly interceptors: Interceptors;
  readonly directReplies: DirectReplies<DirectReplyChannel>;
  readonly reader = new ByteReader();
  /** SCRATCH_BYTES for a content that is made, not received; valid until the publish that uses it returns. */
  readonly scratchAt: Address;
  readonly #encoder = new ByteWriter();
  #lastConsumerNumber = 0;

  constructor(broker: Broker) {
    this.broker = broker;
    this.writer = new DeliveryWriter(broker.memory);
    this.sharedFrames = new SharedFrames(broker.memory, this.writer);
    this.directReplies = new DirectReplies(broker.random);
    this.scratchAt = broker.memory.output.allocate(SCRATCH_BYTES);
    assert(this.scratchAt !== NO_PAGE, "a new broker has memory for its scratch page");
    this.interceptors = new Interceptors(broker);
    this.publish = {
      interceptors: this.interceptors,
      arena: broker.memory.arena,
      publication: broker.publication,
      scan: new PropertyScan(broker.memory.arena),
      reader: this.reader,
    };
  }

  /** A whole method frame. */
  encode(channel: number, method: ServerMethod): Uint8Array {
    this.#encoder.clear();
    writeServerMethod(this.#encoder, channel, method);
    return this.#encoder.toBytes();
  }

  nextConsumerNumber(): number {
    return ++this.#lastConsumerNumber;
  }

  /** A prefix and 22 characters that nobody guesses, as in amq.ctag-8Qf2… */
  generateName(prefix: string): string {
    const bytes = new Uint8Array(16);
    this.broker.random.fill(bytes);
    return prefix + Buffer.from(bytes).toString("base64url");
  }
}
