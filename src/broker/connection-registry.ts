// Who is connected, over all protocols: for limits, listings and closing from outside.

import type { Endpoint } from "../env/env.ts";
import type { FieldTable } from "./message/field-table.ts";
import type { ExchangeTally, QueueTally } from "./observing/channel-tallies.ts";
import type { QueueOwner } from "./queue/queue.ts";

/** What the core knows of a connection; it owns exclusive queues. */
export interface ConnectionIdentity extends QueueOwner {
  /** Unique while it lives: "127.0.0.1:53210 -> 127.0.0.1:5672". */
  readonly name: string;
  readonly user: string;
  /** As shown: "AMQP 0-9-1", "HTTP API". */
  readonly protocol: string;
  readonly peer: Endpoint;
}

/** Facts and counters of one connection; names in camel case, RabbitMQ's meanings. */
export interface ConnectionFacts {
  readonly name: string;
  readonly protocol: string;
  readonly user: string;
  readonly vhost: string;
  /** RabbitMQ's states: starting, tuning, opening, running, flow, blocking, blocked, closing, closed. */
  readonly state: string;
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls:
    | {
        readonly version: string;
        readonly cipher: string;
        readonly peerSubject: string | undefined;
        readonly peerIssuer: string | undefined;
        readonly peerValidity: string | undefined;
      }
    | undefined;
  readonly authenticationMechanism: string;
  /** Wall time, ms since 1970. */
  readonly connectedAtMs: number;
  /** Negotiated; 0 = off. */
  readonly heartbeatSeconds: number;
  readonly frameBytesMax: number;
  readonly channelsMax: number;
  readonly clientProperties: FieldTable;
  /** What the client calls itself (connection_name), or undefined. */
  readonly clientName: string | undefined;
  readonly receivedBytes: number;
  readonly receivedFrames: number;
  readonly sentBytes: number;
  readonly sentFrames: number;
  /** Output that waits for the socket. */
  readonly pendingBytes: number;
}

/** Facts and counters of one channel. */
export interface ChannelFacts {
  readonly number: number;
  readonly connectionName: string;
  readonly user: string;
  readonly vhost: string;
  readonly state: "running" | "flow" | "closing" | "starting";
  readonly transactional: boolean;
  readonly confirms: boolean;
  readonly consumerCount: number;
  readonly prefetchMax: number;
  readonly globalPrefetchMax: number;
  readonly unackedCount: number;
  readonly unconfirmedCount: number;
  readonly uncommittedCount: number;
  readonly uncommittedAckCount: number;
  /** Monotonic ms since it last did something; undefined = it is busy. */
  readonly idleSinceMs: number | undefined;
  readonly counters: ChannelCounters;
}

/** Plain counters; rates are computed by whoever looks. */
export interface ChannelCounters {
  published: number;
  /** Of these, the ones that are to be confirmed. */
  publishedToConfirm: number;
  confirmed: number;
  returned: number;
  droppedUnroutable: number;
  delivered: number;
  deliveredNoAck: number;
  redelivered: number;
  acknowledged: number;
  got: number;
  gotNoAck: number;
  getEmpty: number;
}

/** Counters of a channel that has done nothing yet. */
export function noMessages(): ChannelCounters {
  return {
    published: 0,
    publishedToConfirm: 0,
    confirmed: 0,
    returned: 0,
    droppedUnroutable: 0,
    delivered: 0,
    deliveredNoAck: 0,
    redelivered: 0,
    acknowledged: 0,
    got: 0,
    gotNoAck: 0,
    getEmpty: 0,
  };
}

export interface ChannelView {
  describe(): ChannelFacts;
  /** What it has published, by exchange; not all when there are very many. */
  publishes(): Iterable<ExchangeTally>;
  /** What it was handed, by queue; not all when there are very many. */
  deliveries(): Iterable<QueueTally>;
}

/** One live connection as the HTTP API and the limits see it. */
export interface ConnectionView {
  readonly identity: ConnectionIdentity;
  readonly vhost: string;
  describe(): ConnectionFacts;
  channels(): Iterable<ChannelView>;
  readonly channelCount: number;
  /** The login of its user ends then (a token's expiry); wall time. Undefined = never. */
  readonly credentialsExpireAtMs?: number | undefined;
  /** Ends it politely; the client hears `reason` (AMQP: 320 "CONNECTION_FORCED - reason"). */
  close(reason: string): void;
}

/** Counters of what came and went, for churn rates. */
export interface ChurnCounters {
  connectionsOpened: number;
  connectionsClosed: number;
  channelsOpened: number;
  channelsClosed: number;
}

/** What connections and channels of one vhost had counted when they went, so that sums never fall. */
export interface RetiredCounters {
  readonly messages: ChannelCounters;
  receivedBytes: number;
  sentBytes: number;
}

/** Hears of connections and channels; must not throw. */
export interface LifecycleListener {
  connectionCreated(view: ConnectionView): void;
  connectionClosed(view: ConnectionView): void;
  channelCreated(channel: ChannelView): void;
  channelClosed(channel: ChannelView): void;
}

export class ConnectionRegistry {
  readonly #retired = new Map<string, RetiredCounters>();
  readonly #byName = new Map<string, ConnectionView>();
  readonly #perVhost = new Map<string, number>();
  readonly #perUser = new Map<string, number>();
  readonly churn: ChurnCounters = {
    connectionsOpened: 0,
    connectionsClosed: 0,
    channelsOpened: 0,
    channelsClosed: 0,
  };
  #channelCount = 0;
  /** Told of everything that comes and goes. */
  lifecycle: LifecycleListener | undefined = undefined;

  /** Enters a connection whose vhost is open. Names are unique; a second one with the same name replaces the first. */
  add(view: ConnectionView): void {
    this.remove(this.#byName.get(view.identity.name));
    this.#byName.set(view.identity.name, view);
    count(this.#perVhost, view.vhost, 1);
    count(this.#perUser, view.identity.user, 1);
    this.churn.connectionsOpened++;
    this.lifecycle?.connectionCreated(view);
  }

  /** Harmless for a connection that is not (or no longer) entered. */
  remove(view: ConnectionView | undefined): void {
    if (view === undefined || this.#byName.get(view.identity.name) !== view) return;
    this.#byName.delete(view.identity.name);
    count(this.#perVhost, view.vhost, -1);
    count(this.#perUser, view.identity.user, -1);
    this.churn.connectionsClosed++;
    this.lifecycle?.connectionClosed(view);
    const { receivedBytes, sentBytes } = view.describe();
    const retired = this.#retire(view.vhost);
    retired.receivedBytes += receivedBytes;
    retired.sentBytes += sentBytes;
  }

  /** Sums of connections and channels that are gone; undefined when there were none in that vhost. */
  retiredOf(vhost: string): RetiredCounters | undefined {
    return this.#retired.get(vhost);
  }

  /** The vhost is gone. */
  forgetVhost(vhost: string): void {
    this.#retired.delete(vhost);
  }

  #retire(vhost: string): RetiredCounters {
    let retired = this.#retired.get(vhost);
    if (retired === undefined) {
      retired = { messages: noMessages(), receivedBytes: 0, sentBytes: 0 };
      this.#retired.set(vhost, retired);
    }
    return retired;
  }

  channelOpened(channel?: ChannelView): void {
    this.#channelCount++;
    this.churn.channelsOpened++;
    if (channel !== undefined) this.lifecycle?.channelCreated(channel);
  }

  /** `channel` is the one that goes: what it counted stays in the sums of its vhost. */
  channelClosed(channel?: ChannelView): void {
    this.#channelCount--;
    this.churn.channelsClosed++;
    if (channel === undefined) return;
    this.lifecycle?.channelClosed(channel);
    const { vhost, counters } = channel.describe();
    const { messages } = this.#retire(vhost);
    for (const name of Object.keys(messages) as (keyof ChannelCounters)[]) {
      messages[name] += counters[name];
    }
  }

  get(name: string): ConnectionView | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<ConnectionView> {
    return this.#byName.values();
  }

  get count(): number {
    return this.#byName.size;
  }

  /** Channels of all connections. */
  get channelCount(): number {
    return this.#channelCount;
  }

  countOfVhost(vhost: string): number {
    return this.#perVhost.get(vhost) ?? 0;
  }

  countOfUser(user: string): number {
    return this.#perUser.get(user) ?? 0;
  }

  /** Channels a user has open, over all connections. */
  channelsOfUser(user: string): number {
    let channels = 0;
    for (const view of this.#byName.values()) {
      if (view.identity.user === user) channels += view.channelCount;
    }
    return channels;
  }

  /** Closes every connection `chosen` says yes to; answers how many. */
  closeAll(reason: string, chosen: (view: ConnectionView) => boolean): number {
    let closed = 0;
    for (const view of [...this.#byName.values()]) {
      if (!chosen(view)) continue;
      view.close(reason);
      closed++;
    }
    return closed;
  }
}

function count(table: Map<string, number>, key: string, by: 1 | -1): void {
  const value = (table.get(key) ?? 0) + by;
  if (value === 0) table.delete(key);
  else table.set(key, value);
}
