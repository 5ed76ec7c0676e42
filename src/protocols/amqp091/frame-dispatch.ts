// The frames of one connection, each to whoever it is for; and the one place where what went wrong becomes what the
// client hears.

import { AccessPending } from "../../broker/access/user.ts";
import { BrokerError } from "../../broker/errors.ts";
import type { Address } from "../../lib/arena.ts";
import type { Channel } from "./channel.ts";
import type { ChannelTable } from "./channel-table.ts";
import { CodecError } from "./codec/codec-error.ts";
import { BASIC_CLASS_ID } from "./codec/frames.ts";
import {
  type ClientMethod,
  decodeClientMethod,
  methodFacts,
  methodNameOf,
} from "./codec/methods.generated.ts";
import { type FrameHandler, NOT_NOW } from "./frame-input.ts";
import { HandshakeRefused } from "./handshake.ts";
import { replyCodes } from "./reply-codes.ts";
import type { ProtocolTools } from "./tools.ts";

const CHANNEL_CLASS_ID = 20;
const ACK_METHOD_ID = methodFacts["basic.ack"].methodId;
const PUBLISH_METHOD_ID = methodFacts["basic.publish"].methodId;

/** What dispatching needs of the connection. */
export interface DispatchHost {
  /** connection.open is through, and nothing has been closed yet. */
  readonly isRunning: boolean;
  readonly isClosed: boolean;
  readonly payloadMax: number;
  readonly mayPublish: boolean;
  readonly mayAddToBody: boolean;
  onPublishHeld(): void;
  onProtocolHeader(at: Address): void;
  /** A method before connection.open-ok, or after a close. Its payload lies from `at` to `end`. */
  onEarlyMethod(channelNumber: number, method: ClientMethod, at: Address, end: Address): void;
  /** A method on channel 0 of a running connection. */
  onConnectionMethod(method: ClientMethod): void;
  onChannelError(channel: Channel, error: BrokerError, classId: number, methodId: number): void;
  closeWith(error: BrokerError, classId: number, methodId: number): void;
  /** The client can't shake hands. */
  endSilently(reason: string): void;
  /** Something was thrown that is not the client's fault. */
  onBug(error: unknown): void;
  /** Input that stopped with NOT_NOW may go on. */
  resumeInput(): void;
}

export class FrameDispatch implements FrameHandler {
  readonly #tools: ProtocolTools;
  readonly #host: DispatchHost;
  readonly #channels: ChannelTable;
  rowCount = 0;

  constructor(tools: ProtocolTools, host: DispatchHost, channels: ChannelTable) {
    this.#tools = tools;
    this.#host = host;
    this.#channels = channels;
  }

  get payloadMax(): number {
    return this.#host.payloadMax;
  }
  get mayPublish(): boolean {
    return this.#host.mayPublish;
  }
  get mayAddToBody(): boolean {
    return this.#host.mayAddToBody;
  }
  get inputEnded(): boolean {
    return this.#host.isClosed;
  }
  onPublishHeld(): void {
    this.#host.onPublishHeld();
  }
  onProtocolHeader(at: Address): void {
    this.#host.onProtocolHeader(at);
  }

  onMethod(channelNumber: number, at: Address, end: Address): boolean {
    const { reader, broker } = this.#tools;
    let ids = { classId: 0, methodId: 0 };
    try {
      reader.reset(broker.memory.arena, at, end);
      if (end - at >= 4) ids = readIds(broker.memory.arena.view, at);
      if (channelNumber !== 0 && this.#channels.isForeignContent(channelNumber, ids)) return true;
      const method = decodeClientMethod(reader);
      if (!this.#host.isRunning) this.#host.onEarlyMethod(channelNumber, method, at, end);
      else if (channelNumber === 0) this.#host.onConnectionMethod(method);
      else this.#channels.onMethod(channelNumber, method);
    } catch (error) {
      if (this.#isPending(error)) return false;
      const { classId, methodId } = ids;
      const isForServers =
        error instanceof CodecError &&
        error.reason === "command-invalid" &&
        methodNameOf(classId, methodId) !== undefined;
      const cause = channelNumber === 0 && isForServers ? notForChannelZero() : error;
      this.#onMethodError(cause, channelNumber, classId, methodId);
    }
    return true;
  }

  /** An authorization backend has yet to answer: input waits in front of the method that asked. */
  #isPending(error: unknown): boolean {
    if (!(error instanceof AccessPending)) return false;
    error.verdict.whenKnown(() => {
      this.#host.resumeInput();
    });
    return true;
  }

  onPublish(channelNumber: number, at: Address, frameEnd: Address, end: Address): number {
    this.rowCount = 0;
    const channel = this.#channels.open(channelNumber);
    if (channel === undefined) return frameEnd;
    try {
      const next = channel.onPublish(at, frameEnd, end);
      this.rowCount = channel.publishing.rowCount;
      return next;
    } catch (error) {
      if (this.#isPending(error)) return NOT_NOW;
      this.#onMethodError(error, channelNumber, BASIC_CLASS_ID, PUBLISH_METHOD_ID);
      return frameEnd;
    }
  }

  onAck(channelNumber: number, tag: number, multiple: boolean): boolean {
    const channel = this.#channels.open(channelNumber);
    if (channel === undefined || !channel.isBetweenContents) return false;
    try {
      channel.consuming.ack(tag, multiple);
    } catch (error) {
      this.#onMethodError(error, channelNumber, BASIC_CLASS_ID, ACK_METHOD_ID);
    }
    return true;
  }

  onAcks(channelNumber: number, first: number, last: number): boolean {
    const channel = this.#channels.open(channelNumber);
    if (channel === undefined || !channel.isBetweenContents) return false;
    try {
      channel.consuming.ackEach(first, last);
    } catch (error) {
      this.#onMethodError(error, channelNumber, BASIC_CLASS_ID, ACK_METHOD_ID);
    }
    return true;
  }

  onHeader(channelNumber: number, at: Address, frameEnd: Address): void {
    try {
      this.#channels.forContentFrame(channelNumber)?.onHeader(at, frameEnd);
    } catch (error) {
      this.#onMethodError(error, channelNumber, BASIC_CLASS_ID, PUBLISH_METHOD_ID);
    }
  }

  onBody(channelNumber: number, at: Address, frameEnd: Address): void {
    try {
      this.#channels.forContentFrame(channelNumber)?.onBody(at, frameEnd);
    } catch (error) {
      this.#onMethodError(error, channelNumber, BASIC_CLASS_ID, PUBLISH_METHOD_ID);
    }
  }

  onInputError(error: unknown): void {
    this.#onMethodError(error, 0, 0, 0);
  }

  // ---- errors -------------------------------------------------------------------------------------------------

  /** The one place where what went wrong becomes what the client hears. */
  #onMethodError(error: unknown, channelNumber: number, classId: number, methodId: number): void {
    if (this.#host.isClosed) return;
    if (
      error instanceof HandshakeRefused ||
      (!this.#host.isRunning && error instanceof CodecError)
    ) {
      this.#host.endSilently(error.message);
    } else if (error instanceof CodecError) {
      this.#host.closeWith(
        new BrokerError(error.reason, error.message),
        error.classId,
        error.methodId,
      );
    } else if (error instanceof BrokerError) {
      const channel = this.#channels.open(channelNumber);
      if (replyCodes[error.reason].closesConnection || channel === undefined) {
        // As RabbitMQ: a channel too many is the connection's error, not one of channel.open.
        const isChannelLimit = error.reason === "not-allowed" && classId === CHANNEL_CLASS_ID;
        this.#host.closeWith(error, isChannelLimit ? 0 : classId, isChannelLimit ? 0 : methodId);
      } else {
        this.#host.onChannelError(channel, error, classId, methodId);
      }
    } else {
      this.#host.onBug(error);
      this.#host.closeWith(new BrokerError("internal-error", "INTERNAL_ERROR"), classId, methodId);
    }
  }
}

function readIds(view: DataView, at: Address): { classId: number; methodId: number } {
  return { classId: view.getUint16(at), methodId: view.getUint16(at + 2) };
}

export function notForChannelZero(): BrokerError {
  return new BrokerError("channel-error", "unexpected method in connection state running");
}
