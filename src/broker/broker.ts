// One node: everything clients share, and the composition of the core's parts.

import type { Clock, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { AccessControl } from "./access/access-control.ts";
import type { User } from "./access/user.ts";
import { Alarms } from "./alarms.ts";
import { type ConnectionIdentity, ConnectionRegistry } from "./connection-registry.ts";
import { blindContentReader, type ContentReader } from "./content.ts";
import type { BrokerContext, QueueFactory } from "./context.ts";
import { BrokerError } from "./errors.ts";
import { BrokerEvents } from "./events.ts";
import { type DefinitionJournal, NoJournal } from "./journaling.ts";
import type { Limits } from "./limits.ts";
import type { ExchangeNumber, QueueNumber } from "./numbers.ts";
import type { Engine } from "./ports.ts";
import { Publication } from "./publication.ts";
import { Targets } from "./routing.ts";
import { Turn } from "./turn.ts";
import { NO_METADATA, Vhost, type VhostMetadata } from "./vhost.ts";
import { VhostAccess } from "./vhost-access.ts";

export interface BrokerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly engine: Engine;
  readonly limits: Limits;
  /** "rabbit@host": shown, and part of texts. */
  readonly nodeName: string;
  readonly clusterName: string;
  readonly createQueue: QueueFactory;
  /** Keeps nothing when left out. */
  readonly journal?: DefinitionJournal;
  /** Looks into messages; without it nothing is found in any. */
  readonly content?: ContentReader;
}

/** Counters of the whole node. */
export interface BrokerCounters {
  queuesDeclared: number;
  queuesCreated: number;
  queuesDeleted: number;
}

export class Broker implements BrokerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly engine: Engine;
  readonly limits: Limits;
  readonly nodeName: string;
  clusterName: string;
  readonly turn: Turn;
  readonly journal: DefinitionJournal;
  readonly content: ContentReader;
  /** The message being published; reused. */
  readonly publication = new Publication();
  readonly targets = new Targets();
  readonly createQueue: QueueFactory;
  readonly vhosts = new Map<string, Vhost>();
  readonly access: AccessControl;
  readonly alarms = new Alarms();
  readonly events = new BrokerEvents();
  readonly connections = new ConnectionRegistry();
  readonly counters: BrokerCounters = { queuesDeclared: 0, queuesCreated: 0, queuesDeleted: 0 };
  #lastQueueNumber = 0;
  #lastExchangeNumber = 0;

  constructor(options: BrokerOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.memory = options.memory;
    this.engine = options.engine;
    this.limits = options.limits;
    this.nodeName = options.nodeName;
    this.clusterName = options.clusterName;
    this.createQueue = options.createQueue;
    this.journal = options.journal ?? new NoJournal();
    this.content = options.content ?? blindContentReader;
    this.turn = new Turn(options.clock);
    this.access = new AccessControl(this);
  }

  get accessEpoch(): number {
    return this.access.epoch;
  }

  get queueCount(): number {
    let count = 0;
    for (const vhost of this.vhosts.values()) count += vhost.queues.size;
    return count;
  }

  get exchangeCount(): number {
    let count = 0;
    for (const vhost of this.vhosts.values()) count += vhost.exchanges.size;
    return count;
  }

  nextQueueNumber(): QueueNumber {
    return ++this.#lastQueueNumber;
  }

  nextExchangeNumber(): ExchangeNumber {
    return ++this.#lastExchangeNumber;
  }

  /** Adds a vhost with its predeclared exchanges, or answers the one that is there. */
  addVhost(name: string, metadata: VhostMetadata = NO_METADATA): Vhost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const vhost = new Vhost(this, name, metadata);
    this.vhosts.set(name, vhost);
    return vhost;
  }

  /** The checks of connection.open, in RabbitMQ's order. */
  open(user: User, vhostName: string, connection: ConnectionIdentity): VhostAccess {
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError("not-allowed", `vhost ${vhostName} not found`);
    if (!user.authorizer.permitsVhost(user, vhostName, connection)) {
      throw new BrokerError(
        "not-allowed",
        `access to vhost '${vhostName}' refused for user '${user.name}'`,
      );
    }
    return new VhostAccess(this, vhost, user, connection);
  }

  /** A connection has ended: its exclusive queues go. */
  closed(access: VhostAccess): void {
    access.vhost.ownerGone(access.connection);
  }
}
