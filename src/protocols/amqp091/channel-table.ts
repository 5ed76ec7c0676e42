// The channels of one connection by number, and what is said to numbers that are not open.

import { BrokerError } from "../../broker/errors.ts";
import { Channel, type ChannelHost } from "./channel.ts";
import { type ClientMethod, methodFacts, methodNameOf } from "./codec/methods.generated.ts";
import type { ProtocolTools } from "./tools.ts";

export class ChannelTable {
  readonly #tools: ProtocolTools;
  readonly #host: ChannelHost;
  readonly #channels = new Map<number, Channel>();
  /** The channel of the last frame: most connections use one. */
  #last: Channel | undefined = undefined;
  /** How many may be open at once (their numbers may be any). */
  countMax = 0;

  constructor(tools: ProtocolTools, host: ChannelHost) {
    this.#tools = tools;
    this.#host = host;
  }

  get count(): number {
    return this.#channels.size;
  }

  all(): Iterable<Channel> {
    return this.#channels.values();
  }

  get holdsUnacked(): boolean {
    for (const channel of this.#channels.values()) {
      if (channel.consuming.unacked.count > 0) return true;
    }
    return false;
  }

  /** The channel of that number, unless it is not open or on its way out. */
  open(number: number): Channel | undefined {
    const last = this.#last;
    if (last !== undefined && last.number === number && !last.closing) return last;
    const channel = this.#channels.get(number);
    if (channel === undefined || channel.closing) return undefined;
    this.#last = channel;
    return channel;
  }

  /** For a header or body frame. Undefined: ignore it (the channel is closing). */
  forContentFrame(number: number): Channel | undefined {
    const channel = this.open(number);
    if (channel !== undefined) return channel;
    if (this.#channels.has(number)) return undefined;
    throw number === 0
      ? new BrokerError("unexpected-frame", "type 2, all octets = <<>>")
      : notOpen();
  }

  /**
   * True for a method with content that only servers send: it is refused, but not before its content is complete,
   * like any other content.
   */
  isForeignContent(number: number, ids: { classId: number; methodId: number }): boolean {
    const name = methodNameOf(ids.classId, ids.methodId);
    if (name === undefined) return false;
    const facts = methodFacts[name];
    if (!facts.hasContent || facts.sentBy !== "server") return false;
    this.open(number)?.onForeignContent(new BrokerError("command-invalid", "unimplemented method"));
    return true;
  }

  onMethod(number: number, method: ClientMethod): void {
    const channel = this.#channels.get(number);
    if (method.name === "channel.open") return this.#openChannel(number, channel);
    if (method.name.startsWith("connection.")) {
      throw new BrokerError("command-invalid", "unimplemented method");
    }
    if (channel === undefined) throw notOpen();
    if (method.name === "channel.close") return this.#closeChannel(channel);
    if (method.name === "channel.close-ok") {
      if (channel.closing) this.#remove(channel);
      return;
    }
    if (!channel.closing) channel.onMethod(method);
  }

  wakeConsumers(): void {
    for (const channel of this.#channels.values()) channel.consuming.wakeAll();
  }

  releaseAll(): void {
    for (const channel of [...this.#channels.values()]) this.#remove(channel);
  }

  #openChannel(number: number, existing: Channel | undefined): void {
    if (existing !== undefined) {
      throw new BrokerError("channel-error", "second 'channel.open' seen");
    }
    this.#checkCount();
    const channel = new Channel(this.#tools, this.#host, number);
    this.#channels.set(number, channel);
    this.#tools.broker.connections.channelOpened(channel);
    channel.reply({ name: "channel.open-ok" });
  }

  #checkCount(): void {
    if (this.#channels.size >= this.countMax) {
      throw new BrokerError(
        "not-allowed",
        `number of channels opened (${this.#channels.size}) has reached the negotiated channel_max (${this.countMax})`,
      );
    }
    this.#tools.broker.checkChannelLimits(this.#host.access.user);
  }

  /** The client is done with it. close-ok leaves behind everything that still waits (confirms, for example). */
  #closeChannel(channel: Channel): void {
    channel.checkBetweenContents();
    if (channel.closing) {
      // Both sides closed at once: ours waits for its own close-ok no more.
      channel.host.send(this.#tools.encode(channel.number, { name: "channel.close-ok" }));
      this.#remove(channel);
      return;
    }
    channel.closing = true;
    channel.stopConsuming();
    channel.reply({ name: "channel.close-ok" }, 0, () => this.#remove(channel));
  }

  #remove(channel: Channel): void {
    if (this.#channels.get(channel.number) !== channel) return;
    this.#channels.delete(channel.number);
    if (this.#last === channel) this.#last = undefined;
    channel.release();
    this.#tools.broker.connections.channelClosed(channel);
  }
}

function notOpen(): BrokerError {
  return new BrokerError("channel-error", "expected 'channel.open'");
}
