// What the parts of a broker share. `Broker` is the only implementation; parts see only this.

import type { Clock, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import type { TimerWheel } from "../lib/timer-wheel.ts";
import type { Delays } from "./delay/vhost-delays.ts";
import type { BrokerEvents } from "./events.ts";
import type { MessageHistory } from "./exchange/exchange.ts";
import type { Flow } from "./flow/flow.ts";
import type { Turn } from "./flow/turn.ts";
import type { DefinitionKind } from "./journal/definition-kinds.ts";
import type { DefinitionJournal, JsonObject } from "./journal/journaling.ts";
import type { Limits } from "./limits.ts";
import type { Bodies } from "./message/bodies.ts";
import type { ContentReader } from "./message/content.ts";
import type { MessageSizes } from "./message/message-sizes.ts";
import type { Publication } from "./message/publication.ts";
import type { ExchangeNumber, QueueNumber } from "./numbers.ts";
import type { MessageObserver } from "./observing/observers.ts";
import type { Queue, QueueDefinition } from "./queue/queue.ts";
import type { Targets } from "./routing/routing.ts";
import type { BrokerRules } from "./rules.ts";
import type { EffectiveSettings } from "./settings/effective.ts";
import type { Policies } from "./settings/policies.ts";
import type { Vhost } from "./vhost.ts";

/** Makes the queue of a definition. It tells `vhost` when it wants to be deleted (auto-delete, expiry). */
export type QueueFactory = (
  vhost: Vhost,
  definition: QueueDefinition,
  settings: EffectiveSettings,
) => Queue;

/** Counters of the whole node. */
export interface BrokerCounters {
  /** Declares that were answered, whether or not the queue was new. */
  queuesDeclared: number;
  queuesCreated: number;
  queuesDeleted: number;
}

export interface BrokerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly memory: Memory;
  readonly bodies: Bodies;
  readonly nodeName: string;
  /** The log is being read again: what queues hold is not known yet. */
  readonly replaying: boolean;
  readonly turn: Turn;
  readonly timers: TimerWheel;
  readonly flow: Flow;
  readonly journal: DefinitionJournal;
  readonly policies: Policies;
  readonly counters: BrokerCounters;
  readonly messageSizes: MessageSizes;
  /** The type of queues whose declare asks for none, where the vhost has no other opinion. */
  readonly defaultQueueType: string;
  readonly events: BrokerEvents;
  readonly content: ContentReader;
  /** Watches vhosts where tracing is on. */
  readonly firehose: MessageObserver;
  readonly rules: BrokerRules;
  readonly publication: Publication;
  readonly history: MessageHistory;
  readonly targets: Targets;
  readonly createQueue: QueueFactory;
  /** What waits in a vhost; undefined where nothing can wait. */
  createDelays(vhost: Vhost): Delays | undefined;
  readonly accessEpoch: number;
  /** Logs a change; while the log is replayed nothing is logged again. */
  record(kind: DefinitionKind, object: JsonObject): void;
  nextQueueNumber(): QueueNumber;
  nextExchangeNumber(): ExchangeNumber;
  /** Queues over all vhosts. */
  readonly queueCount: number;
  readonly exchangeCount: number;
}
