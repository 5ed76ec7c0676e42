// One channel: its methods, its state, its errors. The work itself is in publishing, consuming, topology, transactions.

import type { ChannelFacts, ChannelView } from "../../broker/connection-registry.ts";
import { BrokerError } from "../../broker/errors.ts";
import type { Publication } from "../../broker/message/publication.ts";
import {
  ChannelTallies,
  type ExchangeTally,
  type QueueTally,
} from "../../broker/observing/channel-tallies.ts";
import { PublishResult, type Route } from "../../broker/routing/route.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import type { Address } from "../../lib/arena.ts";
import { unreachable } from "../../lib/assert.ts";
import type { Output } from "../output.ts";
import type { BodyStreams } from "./body-streams.ts";
import { ChannelGets } from "./channel-gets.ts";
import type { ClientMethod, ServerMethod } from "./codec/methods.generated.ts";
import { ConfirmShares } from "./confirm-shares.ts";
import { Consuming } from "./consuming.ts";
import { ContentAssembly } from "./content-assembly.ts";
import type { DeliveryWriter } from "./delivery-writer.ts";
import { DirectReplyChannel } from "./direct-reply-channel.ts";
import { PublishedCopy } from "./published-copy.ts";
import { Publishing, type PublishingChannel } from "./publishing.ts";
import { NO_ROUTE } from "./reply-codes.ts";
import { type GateOwner, ReplyGate } from "./reply-gate.ts";
import type { ProtocolTools } from "./tools.ts";
import { Topology } from "./topology.ts";
import { Transaction } from "./transaction.ts";

/** What a channel needs of its connection. */
export interface ChannelHost {
  readonly name: string;
  readonly access: VhostAccess;
  readonly output: Output;
  readonly bodies: BodyStreams;
  /** The most bytes a frame's payload may have for this client. */
  readonly payloadMax: number;
  readonly nowSecond: number;
  /** The client declared consumer_cancel_notify. */
  readonly notifiesCancels: boolean;
  /** Writes frames, behind a body that is under way. */
  send(frames: Uint8Array): void;
  /** An error outside of a method: closes the channel or the connection. */
  onChannelError(channel: Channel, error: BrokerError, classId: number, methodId: number): void;
}

export class Channel implements PublishingChannel, GateOwner, ChannelView {
  readonly number: number;
  readonly host: ChannelHost;
  readonly tools: ProtocolTools;
  readonly gate: ReplyGate;
  readonly publishing: Publishing;
  readonly consuming: Consuming;
  readonly gets = new ChannelGets(this);
  readonly directReply: DirectReplyChannel;
  readonly #topology: Topology;
  #assembly: ContentAssembly | undefined = undefined;
  #transaction: Transaction | undefined = undefined;
  #confirms = false;
  /** Number of the newest publish in confirm mode. */
  #published = 0;
  #rejectedMethod: BrokerError | undefined = undefined;
  /** channel.close was sent: nothing counts until its close-ok. */
  closing = false;
  #lastActiveMs: number;
  readonly tallies = new ChannelTallies();
  /** Whose publishes the confirms are. */
  #shares: ConfirmShares | undefined = undefined;

  constructor(tools: ProtocolTools, host: ChannelHost, number: number) {
    this.tools = tools;
    this.host = host;
    this.number = number;
    this.gate = new ReplyGate(this, tools.broker.gates);
    this.publishing = new Publishing(tools.publish, this);
    this.consuming = new Consuming(this);
    this.directReply = new DirectReplyChannel(this);
    this.#topology = new Topology(this);
    this.#lastActiveMs = tools.broker.clock.monotonicMs();
  }

  get access(): VhostAccess {
    return this.host.access;
  }
  get payloadMax(): number {
    return this.host.payloadMax;
  }
  get output(): Output {
    return this.host.output;
  }
  get writer(): DeliveryWriter {
    return this.tools.writer;
  }
  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  // ---- frames -------------------------------------------------------------------------------------------------

  /** Every method but basic.publish and basic.ack, which come the short way. */
  onMethod(method: ClientMethod): void {
    this.#assembly?.checkIdle();
    switch (method.name) {
      case "channel.flow":
        if (!method.active) throw new BrokerError("not-implemented", "active=false");
        return this.reply({ name: "channel.flow-ok", active: true });
      case "channel.flow-ok":
        return;
      case "access.request":
        return this.reply({ name: "access.request-ok", ticket: 1 });
      case "exchange.declare":
        return this.#topology.declareExchange(method);
      case "exchange.delete":
        return this.#topology.deleteExchange(method);
      case "exchange.bind":
        return this.#topology.bindExchange(method);
      case "exchange.unbind":
        return this.#topology.unbindExchange(method);
      case "queue.declare":
        return this.#topology.declareQueue(method);
      case "queue.bind":
        return this.#topology.bindQueue(method);
      case "queue.unbind":
        return this.#topology.unbindQueue(method);
      case "queue.purge":
        return this.#topology.purgeQueue(method);
      case "queue.delete":
        return this.#topology.deleteQueue(method);
      case "basic.qos":
        return this.consuming.qos(method);
      case "basic.consume":
        return this.consuming.consume(method, this.#topology.queueName(method.queue));
      case "basic.cancel":
        return this.consuming.cancel(method);
      case "basic.get":
        return this.gets.get(this.#topology.queueName(method.queue), method.noAck);
      case "basic.ack":
        return this.consuming.ack(method.deliveryTag, method.multiple);
      case "basic.nack":
        return this.consuming.nack(method.deliveryTag, method.multiple, method.requeue);
      case "basic.reject":
        return this.consuming.reject(method.deliveryTag, method.requeue);
      case "basic.recover":
        return this.consuming.recoverAndReply(method.requeue);
      case "basic.recover-async":
        return this.consuming.recover(method.requeue);
      case "confirm.select":
        return this.#selectConfirms(method.noWait);
      case "tx.select":
        return this.#selectTransaction();
      case "tx.commit":
        this.#openTransaction().commit();
        return this.reply({ name: "tx.commit-ok" }, this.tools.broker.replyPosition);
      case "tx.rollback":
        this.#openTransaction().rollback();
        return this.reply({ name: "tx.rollback-ok" });
      case "basic.publish":
        throw new BrokerError("internal-error", "basic.publish came the long way");
      case "channel.open":
        throw new BrokerError("channel-error", "second 'channel.open' seen");
      case "channel.close":
      case "channel.close-ok":
      case "connection.start-ok":
      case "connection.secure-ok":
      case "connection.tune-ok":
      case "connection.open":
      case "connection.close":
      case "connection.close-ok":
      case "connection.update-secret":
        throw new BrokerError("command-invalid", "unimplemented method");
      default:
        unreachable(method);
    }
  }

  /** basic.publish, with or without its content in the same input; see Publishing.take. */
  onPublish(at: Address, frameEnd: Address, end: Address): number {
    this.#assembly?.checkIdle();
    return this.publishing.take(at, frameEnd, end);
  }

  /** A method with content that only a server sends: refused when its content is complete. */
  onForeignContent(error: BrokerError): void {
    this.#rejectedMethod = error;
    this.#startAssembly(new Uint8Array(2));
  }

  get isBetweenContents(): boolean {
    return this.#assembly === undefined || this.#assembly.phase === "idle";
  }

  /** Throws when a content has begun and is not complete. */
  checkBetweenContents(): void {
    this.#assembly?.checkIdle();
  }

  onHeader(at: Address, frameEnd: Address): void {
    if (this.#contentAssembly().onHeader(at, frameEnd)) this.#finishContent();
  }

  onBody(at: Address, frameEnd: Address): void {
    if (this.#contentAssembly().onBody(at, frameEnd)) this.#finishContent();
  }

  assembleContent(addressing: Uint8Array): void {
    this.#startAssembly(addressing);
  }

  #startAssembly(addressing: Uint8Array): void {
    this.#contentAssembly().begin(addressing);
  }

  #contentAssembly(): ContentAssembly {
    const { memory, bodies, limits } = this.tools.broker;
    const { scan } = this.tools.publish;
    this.#assembly ??= new ContentAssembly(memory, bodies, limits.messageBytesMax, scan);
    return this.#assembly;
  }

  #finishContent(): void {
    const assembly = this.#contentAssembly();
    try {
      if (this.#rejectedMethod !== undefined) throw this.#rejectedMethod;
      assembly.describe(this.tools.publish.publication);
      // Queues may have come and gone while the content came.
      this.publishing.refresh();
      this.publishing.publish(this.tools.publish.publication);
    } finally {
      this.#rejectedMethod = undefined;
      assembly.finish();
    }
  }

  // ---- publishing ---------------------------------------------------------------------------------------------

  get publishesSpecially(): boolean {
    return this.#transaction !== undefined;
  }

  publishSpecially(route: Route | undefined, publication: Publication, mandatory: boolean): void {
    const transaction = this.#transaction;
    if (route === undefined) {
      const routed = this.directReply.answer(publication);
      if (!routed && mandatory) this.returnUnroutable(publication);
      const result = routed ? PublishResult.routed : 0;
      this.onPublished(this.tallies.exchanges.others, result, mandatory);
    } else if (transaction !== undefined) {
      transaction.publish(route, mandatory, publication);
    }
  }

  rewriteReplyTo(publication: Publication): void {
    this.directReply.rewriteReplyTo(publication);
  }

  onPublished(tally: ExchangeTally, result: number, mandatory: boolean): void {
    tally.published++;
    if ((result & PublishResult.routed) === 0) {
      if (mandatory) tally.returned++;
      else tally.droppedUnroutable++;
    }
    if (!this.#confirms) {
      if ((result & PublishResult.noMemory) === 0) return;
      throw new BrokerError("resource-error", "the broker has no memory for this message");
    }
    const tag = ++this.#published;
    (this.#shares as ConfirmShares).published(tag, tally);
    if ((result & PublishResult.refused) !== 0) {
      this.gate.refuse(tag);
    } else {
      const logged = (result & PublishResult.logged) !== 0;
      this.gate.confirm(tag, logged ? this.tools.broker.confirmPosition : 0);
    }
  }

  returnUnroutable(publication: Publication): void {
    this.returnCopy(PublishedCopy.of(this.tools.broker, publication));
  }

  /** basic.return of a message that was kept aside. */
  returnCopy(copy: PublishedCopy): void {
    const method: ServerMethod = {
      name: "basic.return",
      replyCode: NO_ROUTE.code,
      replyText: NO_ROUTE.text,
      exchange: copy.exchange,
      routingKey: copy.routingKey,
    };
    this.replyWithContent(method, copy);
  }

  #selectConfirms(noWait: boolean): void {
    if (this.#transaction !== undefined) {
      throw new BrokerError("precondition-failed", "cannot switch from tx to confirm mode");
    }
    this.#confirms = true;
    this.#shares ??= new ConfirmShares();
    if (!noWait) this.reply({ name: "confirm.select-ok" });
  }

  #selectTransaction(): void {
    if (this.#confirms) {
      throw new BrokerError("precondition-failed", "cannot switch from confirm to tx mode");
    }
    this.#transaction ??= new Transaction(this);
    this.reply({ name: "tx.select-ok" });
  }

  #openTransaction(): Transaction {
    if (this.#transaction === undefined) {
      throw new BrokerError("precondition-failed", "channel is not transactional");
    }
    return this.#transaction;
  }

  // ---- replies ------------------------------------------------------------------------------------------------

  /** Sends a method when all earlier replies have left and the log has reached `position` (0 = at once). */
  reply(method: ServerMethod, position = 0, onLeave?: () => void): void {
    const frames = this.tools.encode(this.number, method);
    this.gate.reply(frames, position, this.tools.broker.journal.durablePosition, onLeave);
  }

  replyWithContent(method: ServerMethod, copy: PublishedCopy): void {
    const frames = copy.frames(
      this.tools.encode(this.number, method),
      this.number,
      this.payloadMax,
    );
    const { bodyReference, bodySizeBytes } = copy;
    const durable = this.tools.broker.journal.durablePosition;
    if (bodyReference < 0) {
      this.gate.reply(frames, 0, durable);
      return;
    }
    const to = { channelNumber: this.number, payloadMax: this.payloadMax };
    this.gate.reply(frames, 0, durable, () => {
      this.host.bodies.start(bodyReference, bodySizeBytes, to);
      copy.release();
    });
  }

  onConfirm(tag: number, multiple: boolean, refused: boolean): void {
    const method: ServerMethod = refused
      ? { name: "basic.nack", deliveryTag: tag, multiple, requeue: true }
      : { name: "basic.ack", deliveryTag: tag, multiple };
    this.#shares?.answered(tag, refused);
    this.host.send(this.tools.encode(this.number, method));
  }

  onReply(frames: Uint8Array): void {
    this.host.send(frames);
  }

  // ---- life ---------------------------------------------------------------------------------------------------

  /** Everything it holds goes back: consumers, deliveries, half a message. Its gate closes with it. */
  release(): void {
    this.gate.close();
    this.#assembly?.finish();
    this.#transaction?.rollback();
    this.directReply.close();
    this.consuming.close();
  }

  /** Stops everything but still lets earlier replies leave; channel.close-ok follows them. */
  stopConsuming(): void {
    this.consuming.close();
    this.directReply.close();
  }

  describe(): ChannelFacts {
    const { consuming, tallies } = this;
    const publishedToConfirm = this.#published;
    return {
      number: this.number,
      connectionName: this.host.name,
      user: this.access.user.name,
      vhost: this.access.vhost.name,
      state: this.closing ? "closing" : "running",
      transactional: this.#transaction !== undefined,
      confirms: this.#confirms,
      consumerCount: consuming.consumerCount,
      prefetchMax: consuming.prefetchMax,
      globalPrefetchMax: consuming.globalPrefetchMax,
      unackedCount: consuming.unacked.count,
      unconfirmedCount: this.#confirms ? this.gate.unconfirmedCount(this.#published) : 0,
      uncommittedCount: this.#transaction?.publishCount ?? 0,
      uncommittedAckCount: this.#transaction?.settlementCount ?? 0,
      idleSinceMs: this.#lastActiveMs,
      // Added up only for who asks: every consumer in a list has its channel described.
      get counters() {
        return { ...tallies.sum(), publishedToConfirm };
      },
    };
  }

  publishes(): Iterable<ExchangeTally> {
    return this.tallies.exchanges.apart();
  }

  deliveries(): Iterable<QueueTally> {
    return this.tallies.queues.apart();
  }
}
