// One node: everything clients share, and the composition of the core's parts.

import type { Clock, Random } from "../env/env.ts";
import type { Hashing } from "../env/hashing.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import { TimerWheel } from "../lib/timer-wheel.ts";
import { AccessControl } from "./access/access-control.ts";
import { decided, type User } from "./access/user.ts";
import { type ConnectionIdentity, ConnectionRegistry } from "./connection-registry.ts";
import type { BrokerContext, BrokerCounters, QueueFactory } from "./context.ts";
import type { Delays } from "./delay/vhost-delays.ts";
import { BrokerError } from "./errors.ts";
import { BrokerEvents, type EventFacts, type EventName } from "./events.ts";
import type { MessageHistory } from "./exchange/exchange.ts";
import { Alarms } from "./flow/alarms.ts";
import { Flow } from "./flow/flow.ts";
import { END_OF_TURN, Gates } from "./flow/gates.ts";
import { Turn } from "./flow/turn.ts";
import type { DefinitionKind } from "./journal/definition-kinds.ts";
import {
  applyDefinition,
  type Definition,
  describeDefinitions,
} from "./journal/definition-replay.ts";
import { type DefinitionJournal, type JsonObject, NoJournal } from "./journal/journaling.ts";
import { describeVhost, erlangMetadata, vhostLimitFacts } from "./journal/topology-descriptions.ts";
import { LifecycleEvents, tellAlarms } from "./lifecycle-events.ts";
import type { Limits } from "./limits.ts";
import { blindContentReader, type ContentReader } from "./message/content.ts";
import { ArenaMessageHistory } from "./message/message-history.ts";
import { MessageSizes } from "./message/message-sizes.ts";
import { PagedBodies } from "./message/paged-bodies.ts";
import { Publication } from "./message/publication.ts";
import type { ExchangeNumber, LogPosition, QueueNumber } from "./numbers.ts";
import { type MessageObserver, noObserver } from "./observing/observers.ts";
import { PatternMatcher, type PatternRunner, plainPatternRunner } from "./patterns.ts";
import type { Engine } from "./ports.ts";
import { PageBudget } from "./queue/page-budget.ts";
import { Targets } from "./routing/routing.ts";
import { type BrokerRules, permissiveRules } from "./rules.ts";
import { Parameters, tellAsParameter } from "./settings/parameters.ts";
import { Policies } from "./settings/policies.ts";
import { PolicyApplication } from "./settings/policy-application.ts";
import { StreamPageCache } from "./stream/page-cache.ts";
import {
  INTERNAL_USER,
  NO_METADATA,
  Vhost,
  type VhostLimits,
  type VhostMetadata,
} from "./vhost.ts";
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
  /** Without it messages are never delayed. */
  readonly createDelays?: (vhost: Vhost) => Delays;
  readonly hashing: Hashing;
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
  /** Watches vhosts where tracing is on. */
  firehose: MessageObserver = noObserver;
  /** What the configuration forbids. */
  rules: BrokerRules = permissiveRules;
  /** The message being published; reused. */
  readonly publication = new Publication();
  readonly targets = new Targets();
  readonly history: MessageHistory;
  readonly createQueue: QueueFactory;
  readonly createDelays: (vhost: Vhost) => Delays | undefined;
  readonly vhosts = new Map<string, Vhost>();
  readonly access: AccessControl;
  readonly alarms = new Alarms();
  readonly events = new BrokerEvents();
  readonly connections = new ConnectionRegistry();
  /** Replies that wait for the log. */
  readonly gates: Gates;
  /** Who may publish now. */
  readonly flow: Flow;
  readonly messageSizes = new MessageSizes();
  readonly timers: TimerWheel;
  readonly bodies: PagedBodies;
  /** How much memory sealed queue pages take. */
  readonly pageBudget: PageBudget;
  /** The same for pages of streams. */
  readonly streamPages: StreamPageCache;
  readonly hashing: Hashing;
  readonly matcher: PatternMatcher;
  readonly policies: Policies;
  readonly parameters: Parameters;
  readonly defaultQueueType: string;
  /** The log is being read again: what it says is not logged a second time. */
  replaying = false;
  readonly counters: BrokerCounters = { queuesDeclared: 0, queuesCreated: 0, queuesDeleted: 0 };
  /** Vhosts whose policies changed while they are held; undefined = nothing is held. */
  #heldPolicies: Set<string> | undefined = undefined;
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
    this.createDelays = options.createDelays ?? (() => undefined);
    this.journal = options.journal ?? new NoJournal();
    this.content = options.content ?? blindContentReader;
    this.turn = new Turn(options.clock);
    this.gates = new Gates(this.turn);
    this.timers = new TimerWheel(options.clock);
    this.bodies = new PagedBodies({
      memory: options.memory,
      pager: options.engine.pager,
      journal: this.journal,
      timers: this.timers,
      onCaughtUp: () => this.turn.schedule(),
      onMemoryShort: () => this.pageBudget.sweepSoon(),
    });
    const { residentPageBytesMax } = options.limits;
    const { pages } = options.memory;
    this.pageBudget = new PageBudget(pages, this.turn, this.timers, residentPageBytesMax);
    this.streamPages = new StreamPageCache(options.memory.pages, this.turn, this.timers);
    this.flow = new Flow(options.memory, {
      alarmed: () => this.alarms.blocked,
      congested: () => this.isCongested,
      canPageOut: () => options.engine.pager.capacityBytes > 0,
      setMemoryAlarm: (isSet) => {
        if (isSet) this.alarms.set("memory", "no memory left for messages");
        else this.alarms.clear("memory");
      },
      wantTurn: () => this.turn.schedule(),
    });
    // Whoever is blocked or may go on hears it in a turn, and nothing else may bring one.
    this.alarms.listen({ onAlarm: () => this.turn.schedule() });
    this.connections.lifecycle = new LifecycleEvents(this.events, this.nodeName);
    tellAlarms(this.alarms, this.events, this.nodeName);
    this.#connectTurn();
    this.history = new ArenaMessageHistory({
      arena: options.memory.arena,
      pages: options.memory.pages,
      bodies: this.bodies,
      publication: this.publication,
      vhost: (name) => this.vhosts.get(name),
    });
    this.defaultQueueType = options.defaultQueueType ?? "classic";
    this.matcher = new PatternMatcher(options.limits, options.patternRunner ?? plainPatternRunner);
    this.policies = new Policies(this);
    this.parameters = new Parameters(this);
    this.hashing = options.hashing;
    this.access = new AccessControl(this);
  }

  /** More messages wait to be written out than should be in memory. */
  get isBehind(): boolean {
    return this.pageBudget.isBehind || this.streamPages.isBehind || this.bodies.isBehind;
  }

  /** Rises with every change of a definition. */
  definitionsVersion = 0;

  /** The disk takes less than comes; it gets over that by itself, whoever waits meanwhile. */
  get isCongested(): boolean {
    return this.engine.log.congested || this.isBehind;
  }

  /** The log failed: nothing can be promised any more. Whoever runs the broker ends the process. */
  onLogFailed: (reason: string) => void = (reason) => {
    throw new Error(`the log failed: ${reason}`);
  };

  /** What each turn does between reading and writing, and what the log tells. */
  #connectTurn(): void {
    const { log } = this.engine;
    log.handler = {
      onDurable: () => this.turn.schedule(),
      onRelieved: () => this.turn.schedule(),
      onFailed: (reason) => this.onLogFailed(reason),
    };
    this.turn.hooks = {
      commitLog: () => log.commit(this.gates.endTurn(log.position)),
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

  /** A confirm that leaves once the log has got there tells of nothing that a crash could still undo. */
  get confirmPosition(): LogPosition {
    return this.turn.owesEntries ? END_OF_TURN : this.journal.position;
  }

  /** The same of a reply that tells of anything else: that messages are gone, or how far a reader has come. */
  get replyPosition(): LogPosition {
    return this.turn.hasGathered ? END_OF_TURN : this.journal.position;
  }

  record(kind: DefinitionKind, object: JsonObject): void {
    this.definitionsVersion++;
    if (!this.replaying) this.journal.define(kind, object);
  }

  /**
   * Applies one definition of the log. Between `startReplay` and `endReplay` only. Throws for a kind this version
   * does not know.
   */
  applyDefinition(kind: string, object: JsonObject): void {
    assert(this.replaying, "definitions are applied while the log is replayed");
    applyDefinition(this, kind, object);
  }

  /** Everything that is logged, in an order in which `applyDefinition` takes it: the definitions of a checkpoint. */
  definitions(): Iterable<Definition> {
    return describeDefinitions(this);
  }

  startReplay(): void {
    this.replaying = true;
    this.holdPolicies();
  }

  /** The log has been read: what policies say now holds for all. */
  endReplay(): void {
    this.replaying = false;
    this.releasePolicies();
  }

  /** Numbers given out from now on are higher than these. */
  numbersAtLeast(queueNumber: QueueNumber, exchangeNumber: ExchangeNumber): void {
    this.#lastQueueNumber = Math.max(this.#lastQueueNumber, queueNumber);
    this.#lastExchangeNumber = Math.max(this.#lastExchangeNumber, exchangeNumber);
  }

  get lastQueueNumber(): QueueNumber {
    return this.#lastQueueNumber;
  }

  get lastExchangeNumber(): ExchangeNumber {
    return this.#lastExchangeNumber;
  }

  nextQueueNumber(): QueueNumber {
    return ++this.#lastQueueNumber;
  }

  nextExchangeNumber(): ExchangeNumber {
    return ++this.#lastExchangeNumber;
  }

  // ---- vhosts -------------------------------------------------------------------------------------------------

  /** Adds a vhost with its predeclared exchanges, or answers the one that is there. */
  addVhost(name: string, metadata: VhostMetadata = NO_METADATA, by = INTERNAL_USER): Vhost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const { vhostsMax } = this.limits;
    if (vhostsMax !== undefined && this.vhosts.size >= vhostsMax) {
      throw new BrokerError(
        "precondition-failed",
        `cannot create vhost '${name}': vhost limit of ${vhostsMax} is reached`,
      );
    }
    const vhost = new Vhost(this, name, metadata);
    this.vhosts.set(name, vhost);
    this.record("vhost", describeVhost(vhost));
    this.#tell("vhost.created", by, {
      name,
      description: metadata.description,
      tags: metadata.tags,
      default_queue_type: metadata.defaultQueueType ?? "undefined",
      tracing: vhost.tracing,
      cluster_state: { [this.nodeName]: "running" },
      metadata: erlangMetadata(metadata),
    });
    if (!this.replaying) this.rules.onNewVhost(vhost);
    return vhost;
  }

  /** Changes what is said about a vhost. */
  updateVhost(vhost: Vhost, metadata: VhostMetadata): void {
    vhost.metadata = metadata;
    this.record("vhost", describeVhost(vhost));
  }

  setVhostLimits(vhost: Vhost, limits: VhostLimits, by = INTERNAL_USER): void {
    vhost.limits = limits;
    this.record("vhost", describeVhost(vhost));
    const cleared = limits.connectionsMax === undefined && limits.queuesMax === undefined;
    const value = vhostLimitFacts(limits);
    const parameter = { vhost: vhost.name, component: "vhost-limits", name: "limits" };
    if (cleared) tellAsParameter(this.events, "parameter.cleared", parameter, by);
    else tellAsParameter(this.events, "parameter.set", { ...parameter, value }, by);
    const event = cleared ? "vhost.limits.cleared" : "vhost.limits.set";
    this.#tell(event, by, { name: vhost.name, ...value });
  }

  /** Turns the firehose of a vhost on or off. */
  setTracing(vhost: Vhost, on: boolean, by = INTERNAL_USER): void {
    vhost.tracing = on;
    this.record("vhost", describeVhost(vhost));
    this.#tell("vhost.tracing", by, { name: vhost.name, tracing: on });
  }

  /** Deletes a vhost with all that is in it. Throws precondition-failed when it is protected. */
  deleteVhost(vhost: Vhost, by = INTERNAL_USER): void {
    const { name } = vhost;
    if (vhost.metadata.deletionProtected) {
      throw new BrokerError("precondition-failed", `vhost '${name}' is protected from deletion`);
    }
    this.vhosts.delete(name);
    this.connections.closeAll(`vhost '${name}' is deleted`, (view) => view.vhost === name);
    this.connections.forgetVhost(name);
    vhost.clear();
    this.policies.forgetVhost(name);
    this.parameters.forgetVhost(name);
    this.access.forgetVhost(name);
    this.record("vhost.delete", { name });
    this.#tell("vhost.deleted", by, { name });
  }

  /** Deletes a user and ends its connections. Answers false when there is no such user. */
  deleteUser(name: string, by = INTERNAL_USER): boolean {
    if (!this.access.deleteUser(name, by)) return false;
    this.connections.closeAll(`user '${name}' was deleted`, (view) => view.identity.user === name);
    return true;
  }

  /** Gives what is in a vhost the settings its policies say now. */
  applyPolicies(vhostName: string): void {
    if (this.#heldPolicies !== undefined) {
      this.#heldPolicies.add(vhostName);
      return;
    }
    const vhost = this.vhosts.get(vhostName);
    if (vhost !== undefined) new PolicyApplication(this, vhost).start();
  }

  /** Many policies are about to change: they are applied together by `releasePolicies`. */
  holdPolicies(): void {
    this.#heldPolicies ??= new Set();
  }

  releasePolicies(): void {
    const held = this.#heldPolicies;
    this.#heldPolicies = undefined;
    for (const vhost of held ?? []) this.applyPolicies(vhost);
  }

  #tell(name: EventName, by: string, facts: EventFacts): void {
    this.events.emit(name, { ...facts, user_who_performed_action: by });
  }

  // ---- connections --------------------------------------------------------------------------------------------

  /** The checks of connection.open, in RabbitMQ's order. */
  open(user: User, vhostName: string, connection: ConnectionIdentity): VhostAccess {
    const { connectionsMax } = this.limits;
    if (connectionsMax !== undefined && this.connections.count >= connectionsMax) {
      throw refusedConnection(vhostName, user.name, "node", connectionsMax);
    }
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError("not-allowed", `vhost ${vhostName} not found`);
    const vhostMax = vhost.limits.connectionsMax;
    if (vhostMax !== undefined && this.connections.countOfVhost(vhostName) >= vhostMax) {
      throw refusedConnection(vhostName, user.name, "", vhostMax);
    }
    const userMax = this.access.store.limitsOf(user.name).connectionsMax;
    if (userMax !== undefined && this.connections.countOfUser(user.name) >= userMax) {
      throw new BrokerError(
        "not-allowed",
        `connection refused for user '${user.name}': user connection limit (${userMax}) is reached`,
      );
    }
    return this.enter(user, vhostName, connection);
  }

  /** A view of a vhost without counting as a connection: for the HTTP API and whatever acts for a user at once. */
  enter(user: User, vhostName: string, connection: ConnectionIdentity): VhostAccess {
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError("not-allowed", `vhost ${vhostName} not found`);
    if (!decided(user.authorizer.permitsVhost(user, vhostName, connection))) {
      throw new BrokerError(
        "not-allowed",
        `access to vhost '${vhostName}' refused for user '${user.name}'`,
      );
    }
    return new VhostAccess(this, vhost, user, connection);
  }

  /** Throws not-allowed when one more channel is too many for the node or the user. */
  checkChannelLimits(user: User): void {
    const { channelsMax } = this.limits;
    if (channelsMax !== undefined && this.connections.channelCount >= channelsMax) {
      throw new BrokerError(
        "not-allowed",
        `number of channels opened on node '${this.nodeName}' has reached the maximum allowed limit of (${channelsMax})`,
      );
    }
    const userMax = this.access.store.limitsOf(user.name).channelsMax;
    if (userMax !== undefined && this.connections.channelsOfUser(user.name) >= userMax) {
      throw new BrokerError(
        "not-allowed",
        `number of channels opened for user '${user.name}' has reached the maximum allowed user limit of (${userMax})`,
      );
    }
  }

  /** A connection has ended: its exclusive queues go. */
  closed(access: VhostAccess): void {
    access.vhost.ownerGone(access.connection);
  }
}

function refusedConnection(vhost: string, user: string, what: string, max: number): BrokerError {
  const limit = what === "" ? "connection limit" : `${what} connection limit`;
  return new BrokerError(
    "not-allowed",
    `access to vhost '${vhost}' refused for user '${user}': ${limit} (${max}) is reached`,
  );
}
