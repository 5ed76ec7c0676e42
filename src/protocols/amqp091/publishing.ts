// hot path: runs per message
// basic.publish of one channel: the method, header and body frames become one publication.
// Contents that lie whole in the read are published from where they are; all others go through ContentAssembly.

import { BrokerError } from "../../broker/errors.ts";
import {
  INLINE_BODY_BYTES_MAX,
  NO_BODY_REFERENCE,
  type Publication,
} from "../../broker/message/publication.ts";
import { RecordFlag } from "../../broker/message/record.ts";
import type { ChannelTallies, ExchangeTally } from "../../broker/observing/channel-tallies.ts";
import { PublishResult, type Route } from "../../broker/routing/route.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import type { Address, Arena } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import type { ByteReader } from "../../lib/byte-reader.ts";
import { parseExpiration } from "./codec/expiration.ts";
import { BASIC_CLASS_ID, FRAME_END, FrameType } from "./codec/frames.ts";
import { decodeClientMethod } from "./codec/methods.generated.ts";
import {
  INVALID_EXPIRATION,
  PropertyBit,
  type PropertyScan,
  ScanResult,
  scanError,
} from "./codec/property-scan.ts";
import { DIRECT_REPLY_TO, isDirectReply } from "./direct-reply.ts";
import type { Interceptors } from "./interceptors.ts";

/** What all channels of a broker share while they publish; nothing in it outlives a call. */
export interface PublishTools {
  readonly arena: Arena;
  readonly publication: Publication;
  readonly scan: PropertyScan;
  readonly reader: ByteReader;
  readonly interceptors: Interceptors;
}

/** What publishing needs of its channel. */
export interface PublishingChannel {
  readonly access: VhostAccess;
  readonly number: number;
  readonly payloadMax: number;
  readonly tallies: ChannelTallies;
  /** Special cases: a transaction is open, or the message is an answer to a direct reply-to. */
  readonly publishesSpecially: boolean;
  publishSpecially(route: Route | undefined, publication: Publication, mandatory: boolean): void;
  /** `publication` went nowhere though it was mandatory. */
  returnUnroutable(publication: Publication): void;
  /** The message is taken care of; `result` has PublishResult bits. */
  onPublished(tally: ExchangeTally, result: number, mandatory: boolean): void;
  /** The reply-to property asks for an address of this channel; answers with the content that holds it. */
  rewriteReplyTo(publication: Publication): void;
  /** Starts the slow way: header and body frames will come one by one. */
  assembleContent(addressing: Uint8Array): void;
}

/** Exchange, key and bits of the last publish on a channel, and where they led. */
class PublishMemo {
  words = new Int32Array(0);
  /** Bytes from the exchange name up to and including the bits octet; -1 = nothing remembered. */
  lengthBytes = -1;
  tail = 0;
  route: Route | undefined = undefined;
  /** Where messages along it are counted. */
  tally: ExchangeTally | undefined = undefined;
  mandatory = false;
}

/** So many messages are handed over in a row at most: between rows it is asked whether more may be published. */
const ROW_MAX = 128;
/** Where there was no row the next is looked for behind so many messages, and where one was not taken: looking costs. */
const LONE_REST = 7;
const ROW_REST = 64;
/** Of larger bodies copying is what costs. */
const ROW_BODY_BYTES_MAX = 4_096;

const DIRECT_REPLY_TO_LENGTH = DIRECT_REPLY_TO.length;

/** Of the octet behind the routing key. */
const MANDATORY_BIT = 1;

/** Properties that few messages have and that need more than a glance. */
const RARE_PROPERTIES = (1 << PropertyBit.userId) | (1 << PropertyBit.replyTo);

export class Publishing {
  readonly #tools: PublishTools;
  readonly #channel: PublishingChannel;
  readonly #memo = new PublishMemo();

  constructor(tools: PublishTools, channel: PublishingChannel) {
    this.#tools = tools;
    this.#channel = channel;
  }

  /** How many basic.publish frames the last `take` has handled beside the one it was called for. */
  rowCount = 0;
  /** For so many messages rows are not looked for. */
  #rowRest = 0;

  get mandatory(): boolean {
    return this.#memo.mandatory;
  }

  /**
   * Handles the basic.publish frame from `at` to `frameEnd`, and its content if the input up to `end` holds all of it.
   * Answers where the next frame begins; or, negative, how many bytes from `at` on are needed at least.
   * Throws BrokerError for the channel to close with.
   */
  take(at: Address, frameEnd: Address, end: Address): number {
    this.rowCount = 0;
    this.resolve(at, frameEnd);
    const arena = this.#tools.arena;
    const view = arena.view;
    const channelNumber = this.#channel.number;
    const headerAt = frameEnd;
    if (end - headerAt < 7) return at - (headerAt + 7);
    const headerPayload = view.getUint32(headerAt + 3);
    if (
      view.getUint8(headerAt) !== FrameType.header ||
      view.getUint16(headerAt + 1) !== channelNumber ||
      headerPayload < 14 ||
      headerPayload > this.#channel.payloadMax
    ) {
      return this.#assemble(at, frameEnd);
    }
    const headerEnd = headerAt + 8 + headerPayload;
    if (headerEnd > end) return at - headerEnd;
    const bodySize = view.getUint32(headerAt + 15);
    if (
      bodySize > INLINE_BODY_BYTES_MAX ||
      bodySize > this.#channel.payloadMax ||
      view.getInt32(headerAt + 11) !== 0 ||
      view.getUint16(headerAt + 7) !== BASIC_CLASS_ID
    ) {
      return this.#assemble(at, frameEnd);
    }
    let contentEnd = headerEnd;
    if (bodySize > 0) {
      if (end - headerEnd < 7) return at - (headerEnd + 7);
      if (
        view.getUint8(headerEnd) !== FrameType.body ||
        view.getUint16(headerEnd + 1) !== channelNumber ||
        view.getUint32(headerEnd + 3) !== bodySize
      ) {
        return this.#assemble(at, frameEnd);
      }
      contentEnd = headerEnd + 8 + bodySize;
      if (contentEnd > end) return at - contentEnd;
      if (arena.u8[contentEnd - 1] !== FRAME_END) return this.#assemble(at, frameEnd);
    }
    if (arena.u8[headerEnd - 1] !== FRAME_END) return this.#assemble(at, frameEnd);
    const publication = this.#tools.publication;
    publication.addressingAt = at + 13;
    publication.addressingLength = frameEnd - 1 - (at + 13) - 1;
    publication.contentAt = headerAt;
    publication.contentLengthBytes = contentEnd - headerAt;
    publication.bodySizeBytes = bodySize;
    publication.bodyReference = NO_BODY_REFERENCE;
    this.publish(publication);
    if (--this.#rowRest >= 0 || bodySize > ROW_BODY_BYTES_MAX) return contentEnd;
    this.#rowRest = LONE_REST;
    return this.#takeRow(at, frameEnd, contentEnd, bodySize, end);
  }

  /**
   * The message from `at` to `contentEnd` has been published. Those behind it that differ from it in their bodies only
   * are published together, where their queue can take them so: what is looked at for a message is looked at once.
   * Answers where the next frame begins.
   */
  #takeRow(
    at: Address,
    frameEnd: Address,
    contentEnd: Address,
    bodySizeBytes: number,
    end: Address,
  ): Address {
    const { publication, scan, interceptors } = this.#tools;
    const channel = this.#channel;
    const { route, mandatory, tally } = this.#memo;
    if (route === undefined || mandatory || interceptors.isOn || channel.publishesSpecially) {
      return contentEnd;
    }
    if (!route.targets[0]?.takesRows) return contentEnd;
    // The scan is this message's still: publishing looks at no other one's.
    const isPlain = !scan.hasCarbonCopies && (scan.flags & RARE_PROPERTIES) === 0;
    if (!isPlain || scan.deliveryMode === 2) return contentEnd;
    const strideBytes = contentEnd - at;
    const count = this.#twins(at, strideBytes, strideBytes - bodySizeBytes - 1, end);
    if (count === 0) return contentEnd;
    publication.addressingAt = contentEnd + 13;
    publication.addressingLength = frameEnd - 1 - (at + 13) - 1;
    publication.contentAt = contentEnd + (frameEnd - at);
    publication.contentLengthBytes = contentEnd - frameEnd;
    publication.bodySizeBytes = bodySizeBytes;
    publication.bodyReference = NO_BODY_REFERENCE;
    publication.flags = scan.headersAt === 0 ? 0 : RecordFlag.hasHeaders;
    publication.priority = scan.priority;
    publication.hasPriority = scan.hasPriority;
    publication.expirationMs = scan.expirationMs;
    const done = channel.access.publishRow(route, publication, count, strideBytes);
    this.#rowRest = done === 0 ? ROW_REST : 0;
    for (let index = 0; index < done; index++) {
      channel.onPublished(tally as ExchangeTally, PublishResult.routed, false);
    }
    this.rowCount = done;
    return contentEnd + done * strideBytes;
  }

  /** How many of the messages behind the one at `at` are as long as it is and the same in their first `headBytes`. */
  #twins(at: Address, strideBytes: number, headBytes: number, end: Address): number {
    const { arena } = this.#tools;
    const inRead = Math.floor((end - at) / strideBytes) - 1;
    const most = arena.countAlike(at, strideBytes, headBytes, Math.min(ROW_MAX, inRead));
    let endAt = at + 2 * strideBytes - 1;
    for (let count = 0; count < most; count++, endAt += strideBytes) {
      if (arena.u8[endAt] !== FRAME_END) return count;
    }
    return most;
  }

  /** Makes the memo stand for the basic.publish frame from `at` to `frameEnd`. */
  resolve(at: Address, frameEnd: Address): void {
    const memo = this.#memo;
    const from = at + 13;
    const lengthBytes = frameEnd - 1 - from;
    if (this.#isRemembered(from, lengthBytes)) {
      this.refresh();
      return;
    }
    memo.lengthBytes = -1;
    if (!this.#findRoute(from, lengthBytes - 1)) this.#lookUp(at, frameEnd);
    this.#remember(from, lengthBytes);
  }

  /** The remembered route leads where its exchange and key lead now. Throws BrokerError when they lead nowhere. */
  refresh(): void {
    const { route } = this.#memo;
    if (route === undefined || route.isCurrent()) return;
    this.#takeRoute(this.#channel.access.route(route.exchange.definition.name, route.routingKey));
  }

  /** Publishes the content that `publication` describes along the remembered route. */
  publish(publication: Publication): void {
    this.readProperties(publication);
    const channel = this.#channel;
    const { interceptors } = this.#tools;
    if (interceptors.isOn) {
      interceptors.change(publication, channel.payloadMax);
      this.readProperties(publication);
    }
    const memo = this.#memo;
    const route = memo.route;
    if (route === undefined || channel.publishesSpecially) {
      channel.publishSpecially(route, publication, memo.mandatory);
      return;
    }
    const result = channel.access.publish(route, publication);
    if (memo.mandatory && (result & PublishResult.routed) === 0) {
      channel.returnUnroutable(publication);
    }
    channel.onPublished(memo.tally as ExchangeTally, result, memo.mandatory);
  }

  #takeRoute(route: Route): void {
    const memo = this.#memo;
    memo.route = route;
    if (memo.tally === undefined || memo.tally.exchange !== route.exchange) {
      memo.tally = this.#channel.tallies.exchanges.of(route.exchange);
    }
  }

  #assemble(at: Address, frameEnd: Address): Address {
    this.#channel.assembleContent(this.#tools.arena.u8.slice(at + 13, frameEnd - 2));
    return frameEnd;
  }

  /** Looks at the content of `publication` once and notes what publishing it needs. */
  readProperties(publication: Publication): void {
    const { scan, arena } = this.#tools;
    const result = scan.scan(publication.contentAt);
    if (result !== ScanResult.ok) throw scanError(result, arena, publication.contentAt);
    if (scan.expirationMs === INVALID_EXPIRATION) throw invalidExpiration(scan);
    publication.flags = scan.deliveryMode === 2 ? RecordFlag.persistent : 0;
    publication.hasPriority = scan.hasPriority;
    publication.priority = scan.priority;
    publication.expirationMs = scan.expirationMs;
    publication.headersAt = scan.headersAt;
    publication.headersLength = scan.headersLength;
    publication.hasCopyHeaders = scan.hasCarbonCopies;
    if (scan.headersAt !== 0) publication.flags |= RecordFlag.hasHeaders;
    if ((scan.flags & RARE_PROPERTIES) !== 0) this.#readRareProperties(publication);
  }

  #readRareProperties(publication: Publication): void {
    const { scan, arena } = this.#tools;
    if (scan.positionOf(PropertyBit.userId) !== 0) {
      this.#channel.access.checkUserId(scan.textOf(PropertyBit.userId));
    }
    const replyToAt = scan.positionOf(PropertyBit.replyTo);
    if (replyToAt !== 0 && arena.u8[replyToAt] === DIRECT_REPLY_TO_LENGTH) {
      if (scan.textOf(PropertyBit.replyTo) === DIRECT_REPLY_TO) {
        this.#channel.rewriteReplyTo(publication);
      }
    }
  }

  #isRemembered(from: Address, lengthBytes: number): boolean {
    const memo = this.#memo;
    if (memo.lengthBytes !== lengthBytes) return false;
    const view = this.#tools.arena.view;
    const words = memo.words;
    const count = lengthBytes >> 2;
    for (let i = 0, at = from; i < count; i++, at += 4) {
      if (view.getInt32(at) !== words[i]) return false;
    }
    return this.#tail(from, lengthBytes) === memo.tail;
  }

  #remember(from: Address, lengthBytes: number): void {
    const memo = this.#memo;
    const count = lengthBytes >> 2;
    if (memo.words.length < count) memo.words = new Int32Array(count);
    const view = this.#tools.arena.view;
    for (let i = 0; i < count; i++) memo.words[i] = view.getInt32(from + i * 4);
    memo.tail = this.#tail(from, lengthBytes);
    memo.lengthBytes = lengthBytes;
  }

  /** The up to three bytes behind the last whole word. */
  #tail(from: Address, lengthBytes: number): number {
    const u8 = this.#tools.arena.u8;
    let tail = 0;
    for (let at = from + (lengthBytes & ~3); at < from + lengthBytes; at++) {
      tail = (tail << 8) | (u8[at] as number);
    }
    return tail;
  }

  /** Somebody has been to that exchange with that key before: nothing has to be decoded. */
  #findRoute(from: Address, addressingLength: number): boolean {
    const bits = this.#tools.arena.u8[from + addressingLength] as number;
    if ((bits & ~MANDATORY_BIT) !== 0) return false;
    const { access } = this.#channel;
    const route = access.vhost.routes.addressed.find(access.number, from, addressingLength);
    if (route === undefined) return false;
    this.#takeRoute(route);
    this.#memo.mandatory = bits === MANDATORY_BIT;
    return true;
  }

  #lookUp(frameAt: Address, frameEnd: Address): void {
    const reader = this.#tools.reader;
    reader.reset(this.#tools.arena, frameAt + 7, frameEnd - 1);
    const method = decodeClientMethod(reader);
    assert(method.name === "basic.publish", "only basic.publish is published");
    if (method.immediate) throw new BrokerError("not-implemented", "immediate=true");
    const memo = this.#memo;
    memo.mandatory = method.mandatory;
    memo.route = undefined;
    if (isDirectReply(method.exchange, method.routingKey)) return;
    const { access } = this.#channel;
    const route = access.route(method.exchange, method.routingKey);
    this.#takeRoute(route);
    const from = frameAt + 13;
    access.vhost.routes.addressed.keep(access.number, from, frameEnd - 2 - from, route);
  }
}

function invalidExpiration(scan: PropertyScan): BrokerError {
  const text = scan.textOf(PropertyBit.expiration);
  const parsed = parseExpiration(text);
  const problem = typeof parsed === "number" ? "" : parsed.problem;
  return new BrokerError("precondition-failed", `invalid expiration '${text}': ${problem}`);
}
