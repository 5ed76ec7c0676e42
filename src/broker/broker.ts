// One node: everything clients share, and the composition of the core's parts.

import type { Clock, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { TimerWheel } from "../lib/timer-wheel.ts";
import { AccessControl } from "./access/access-control.ts";
import type { User } from "./access/user.ts";
import { Alarms } from "./alarms.ts";
import type { Bodies } from "./bodies.ts";
import { type ConnectionIdentity, ConnectionRegistry } from "./connection-registry.ts";
import { blindContentReader, type ContentReader } from "./content.ts";
import type { BrokerContext, BrokerCounters, QueueFactory } from "./context.ts";
import type { DefinitionKind } from "./definition-kinds.ts";
import { BrokerError } from "./errors.ts";
import { BrokerEvents } from "./events.ts";
import { Flow } from "./flow.ts";
import { Gates } from "./gates.ts";
import { type DefinitionJournal, type JsonObject, NoJournal } from "./journaling.ts";
import type { Limits } from "./limits.ts";
import type { ExchangeNumber, QueueNumber } from "./numbers.ts";
import { PagedBodies } from "./paged-bodies.ts";
import { PatternMatcher, type PatternRunner, plainPatternRunner } from "./patterns.ts";
import { Policies } from "./policies.ts";
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
  /** Runs risky patterns; without it they run with no time limit. */
  readonly patternRunner?: PatternRunner;
  /** "classic" when left out. */
  readonly defaultQueueType?: string;
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
  /** Replies that wait for the log. */
  readonly gates: Gates;
  /** Who may publish now. */
  readonly flow: Flow;
  readonly timers: TimerWheel;
  readonly bodies: Bodies;
  readonly matcher: PatternMatcher;
  readonly policies: Policies;
  readonly defaultQueueType: string;
  /** The log is being read again: what it says is not logged a second time. */
  replaying = false;
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
    this.gates = new Gates(this.turn);
    this.timers = new TimerWheel(options.clock);
    this.bodies = new PagedBodies(options.memory);
    this.flow = new Flow(options.memory, {
      alarmed: () => this.alarms.blocked,
      congested: () => options.engine.log.congested,
    });
    this.#connectTurn();
    this.defaultQueueType = options.defaultQueueType ?? "classic";
    this.matcher = new PatternMatcher(options.limits, options.patternRunner ?? plainPatternRunner);
    this.policies = new Policies(this.matcher);
    this.access = new AccessControl(this);
  }

  /** The log failed: nothing can be promised any more. Whoever runs the broker ends the process. */
  onLogFailed: (reason: string) => void = (reason) => {
    throw new Error(`the log failed: ${reason}`);
  };

  /** Throws not-allowed when one more channel is too many for the node or the user. */
  checkChannelLimits(_user: User): void {
    const { channelsMax } = this.limits;
    if (channelsMax === undefined || this.connections.channelCount < channelsMax) return;
    const text = `number of channels opened on node '${this.nodeName}' has reached the maximum allowed limit of (${channelsMax})`;
    throw new BrokerError("not-allowed", text);
  }

  /** What each turn does between reading and writing, and what the log tells. */
  #connectTurn(): void {
    const { log } = this.engine;
    log.handler = {
      onDurable: () => this.turn.schedule(),
      onRelieved: () => this.turn.schedule(),
      onFailed: (reason) => this.onLogFailed(reason),
    };
    this.turn.hooks = {
      commitLog: () => log.commit(),
      releaseGates: () => {
        this.gates.release(log.durablePosition);
        this.flow.update();
      },
    };
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

  record(kind: DefinitionKind, object: JsonObject): void {
    if (!this.replaying) this.journal.define(kind, object);
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
