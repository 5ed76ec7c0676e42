// A channel's part in direct reply-to: consuming the pseudo-queue, asking with its address, and being answered.

import { BrokerError } from "../../broker/errors.ts";
import { NO_BODY_REFERENCE, type Publication } from "../../broker/message/publication.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import type { Channel } from "./channel.ts";
import type { BasicConsume } from "./codec/methods.generated.ts";
import { readContentHeader, writeContentHeader } from "./codec/properties.ts";
import type { DeliverAddress } from "./delivery-writer.ts";
import { RecordContent } from "./delivery-writer.ts";
import type { DirectReplyReceiver } from "./direct-reply.ts";
import { SCRATCH_BYTES } from "./tools.ts";

export class DirectReplyChannel implements DirectReplyReceiver {
  readonly #channel: Channel;
  /** Its address and where answers are written to; undefined while nobody consumes. */
  #open:
    | { readonly tag: string; readonly address: string; readonly to: DeliverAddress }
    | undefined = undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get vhost(): string {
    return this.#channel.access.vhost.name;
  }

  /** The consumer's tag, or undefined. */
  get tag(): string | undefined {
    return this.#open?.tag;
  }

  consume(method: BasicConsume): void {
    if (!method.noAck) {
      throw new BrokerError("precondition-failed", "reply consumer cannot acknowledge");
    }
    if (this.#open !== undefined) {
      throw new BrokerError("precondition-failed", "reply consumer already set");
    }
    const { tools, number, payloadMax } = this.#channel;
    const tag = method.consumerTag === "" ? tools.generateName("amq.ctag-") : method.consumerTag;
    const to: DeliverAddress = {
      consumerNumber: tools.nextConsumerNumber(),
      consumerTag: Buffer.from(tag, "utf8"),
      channelNumber: number,
      payloadMax,
    };
    this.#open = { tag, address: tools.directReplies.open(this), to };
    if (!method.noWait) this.#channel.reply({ name: "basic.consume-ok", consumerTag: tag });
  }

  cancel(tag: string): void {
    if (this.#open?.tag === tag) this.close();
  }

  close(): void {
    if (this.#open !== undefined) this.#channel.tools.directReplies.close(this.#open.address);
    this.#open = undefined;
  }

  /**
   * The message being published asks to be answered here: puts the real address into its reply-to.
   */
  rewriteReplyTo(publication: Publication): void {
    if (this.#open === undefined) {
      throw new BrokerError("precondition-failed", "fast reply consumer does not exist");
    }
    const { broker, scratchAt } = this.#channel.tools;
    const { arena } = broker.memory;
    const { contentAt, contentLengthBytes } = publication;
    const headerLength = arena.view.getUint32(contentAt + 3) + 8;
    const reader = new ByteReader();
    reader.reset(arena, contentAt + 7, contentAt + headerLength - 1);
    const header = readContentHeader(reader);
    const writer = new ByteWriter(arena, scratchAt, scratchAt + SCRATCH_BYTES);
    const properties = { ...header.properties, replyTo: this.#open.address };
    writeContentHeader(writer, this.#channel.number, header.bodySizeBytes, properties);
    const bodyLength = contentLengthBytes - headerLength;
    arena.copy(writer.at, contentAt + headerLength, bodyLength);
    publication.contentAt = scratchAt;
    publication.contentLengthBytes = writer.at - scratchAt + bodyLength;
  }

  /** Hands the message being published to whoever its routing key names; false when nobody is there. */
  answer(publication: Publication): boolean {
    const { tools, access } = this.#channel;
    const { arena } = tools.broker.memory;
    const at = publication.addressingAt + 1 + (arena.u8[publication.addressingAt] as number);
    const key = arena.buffer.utf8Slice(at + 1, at + 1 + (arena.u8[at] as number));
    const receiver = tools.directReplies.find(access.vhost.name, key);
    if (receiver === undefined) return false;
    return receiver.#deliver(publication);
  }

  #deliver(publication: Publication): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    const { consuming, host, tallies, tools } = this.#channel;
    if (host.output.pendingBytes > ANSWERS_PENDING_BYTES_MAX || host.bodies.busy) return false;
    const content = new RecordContent();
    content.addressingAt = publication.addressingAt;
    content.addressingLength = publication.addressingLength;
    content.contentAt = publication.contentAt;
    content.contentLengthBytes = publication.contentLengthBytes;
    content.bodySizeBytes = publication.bodySizeBytes;
    const tag = consuming.unacked.skip();
    tallies.queues.others.deliveredNoAck++;
    if (publication.bodyReference === NO_BODY_REFERENCE) {
      tools.writer.write(host.output, open.to, tag, false, content);
    } else {
      tools.writer.writeHead(host.output, open.to, tag, false, content);
      host.bodies.start(publication.bodyReference, publication.bodySizeBytes, open.to);
    }
    return true;
  }
}

/** Answers have no queue to wait in: a requester that does not read loses them beyond this. */
const ANSWERS_PENDING_BYTES_MAX = 4_194_304;
