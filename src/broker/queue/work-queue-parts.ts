// What a work queue is made of, put together: each part gets those it works with.

import type { Deliverer } from "../flow/turn.ts";
import { NO_CAPACITY } from "../ports.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { Backlog, type BacklogHost } from "./backlog.ts";
import { ConsumerSet } from "./consumer-set.ts";
import type { QueueContext } from "./context.ts";
import { type DeadLetterMover, DeadLetterOutbox } from "./dead-letter-outbox.ts";
import { Deliveries, type DeliveriesHost } from "./deliveries.ts";
import { DepthFigures } from "./depth-figures.ts";
import { IdleExpiry, type IdleExpiryHost } from "./idle-expiry.ts";
import { MessageExpiry } from "./message-expiry.ts";
import { PriorityLevels } from "./priority-levels.ts";
import type { QueueDefinition } from "./queue.ts";
import { QueueInspection } from "./queue-inspection.ts";
import { QueueLog } from "./queue-log.ts";
import { QueuePages } from "./queue-pages.ts";
import { QueueRecovery, type RecoveryHost } from "./queue-recovery.ts";
import { ReturnRules } from "./return-rules.ts";
import { Returns, type ReturnsHost } from "./returns.ts";
import { type TransferHost, WorkQueueTransfer } from "./transfer.ts";
import { Trim, type TrimHost } from "./trim.ts";

/** All that the parts call back. */
export interface WorkQueueHost
  extends Deliverer,
    DeadLetterMover,
    DeliveriesHost,
    TrimHost,
    BacklogHost,
    RecoveryHost,
    ReturnsHost,
    IdleExpiryHost,
    TransferHost {}

export interface WorkQueueParts {
  /** Persistent messages of the queue are in the log. */
  readonly logged: boolean;
  readonly backlog: Backlog;
  readonly figures: DepthFigures;
  readonly consumers: ConsumerSet;
  readonly deliveries: Deliveries;
  readonly log: QueueLog;
  readonly expiry: MessageExpiry;
  readonly idle: IdleExpiry;
  readonly outbox: DeadLetterOutbox;
  readonly returns: Returns;
  readonly trim: Trim;
  readonly priorities: PriorityLevels;
  readonly inspection: QueueInspection;
  readonly recoverable: QueueRecovery | undefined;
  readonly transfer: WorkQueueTransfer;
}

/** `host` hears of nothing before this has returned. */
export function createParts(
  context: QueueContext,
  definition: QueueDefinition,
  { values }: EffectiveSettings,
  host: WorkQueueHost,
): WorkQueueParts {
  const { clock, timers, turn, memory, pager, journal } = context;
  const { number, type } = definition;
  const logged = definition.durable && definition.owner === undefined;
  const figures = new DepthFigures();
  const priorities = new PriorityLevels(type.traits, values);
  const from = { pool: memory.pages, pager, budget: context.pageBudget };
  const pages = new QueuePages(from, number, logged);
  const backlog = new Backlog(memory.arena, pages, context.bodies, host, priorities.count);
  const isBounded = pager.capacityBytes === NO_CAPACITY;
  const consumers = new ConsumerSet(
    values.singleActiveConsumer,
    isBounded ? context.limits.unackedBytesPerConsumerMax : Number.POSITIVE_INFINITY,
  );
  const queueLog = new QueueLog(turn, journal, number, backlog);
  const log = logged ? queueLog : undefined;
  const expiry = new MessageExpiry(clock, timers, turn, host);
  expiry.queueTtlMs = values.messageTtlMs;
  const idle = new IdleExpiry(clock, timers, host);
  idle.expiresMs = values.expiresMs;
  const rules = new ReturnRules(type.traits, values);
  const returns = new Returns(context, { figures, log }, rules, host);
  const outbox = new DeadLetterOutbox(turn, timers, backlog, host);
  const trim = new Trim(context, backlog, figures, expiry, host, values);
  // Plain literals: one made by spreading has a shape of its own, which is 300 bytes for each queue.
  const seen = { memory, turn, pages, backlog, figures, log, waiting: returns };
  const given = { backlog, figures, consumers, returns, logged };
  const recovered = { pages, backlog, figures, expiry, waiting: returns };
  const moved = { backlog, figures, expiry, priorities, journal, returns, log };
  return {
    logged,
    backlog,
    figures,
    consumers,
    deliveries: new Deliveries(context, given, host),
    log: queueLog,
    expiry,
    idle,
    outbox,
    returns,
    trim,
    priorities,
    inspection: new QueueInspection(seen),
    recoverable: logged ? new QueueRecovery(number, recovered, host) : undefined,
    transfer: new WorkQueueTransfer(host, moved),
  };
}
