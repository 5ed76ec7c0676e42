// What the parts of a broker share. `Broker` is the only implementation; parts see only this.

import type { Clock, Random } from "../env/env.ts";
import type { ContentReader } from "./content.ts";
import type { BrokerEvents } from "./events.ts";
import type { DefinitionJournal } from "./journaling.ts";
import type { Limits } from "./limits.ts";
import type { ExchangeNumber, QueueNumber } from "./numbers.ts";
import type { Publication } from "./publication.ts";
import type { Queue, QueueDefinition } from "./queue/queue.ts";
import type { Targets } from "./routing.ts";
import type { EffectiveSettings } from "./settings/effective.ts";
import type { Vhost } from "./vhost.ts";

/** Makes the queue of a definition. It tells `vhost` when it wants to be deleted (auto-delete, expiry). */
export type QueueFactory = (
  vhost: Vhost,
  definition: QueueDefinition,
  settings: EffectiveSettings,
) => Queue;

export interface BrokerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly nodeName: string;
  readonly journal: DefinitionJournal;
  readonly events: BrokerEvents;
  readonly content: ContentReader;
  readonly publication: Publication;
  readonly targets: Targets;
  readonly createQueue: QueueFactory;
  readonly accessEpoch: number;
  nextQueueNumber(): QueueNumber;
  nextExchangeNumber(): ExchangeNumber;
  /** Queues over all vhosts. */
  readonly queueCount: number;
  readonly exchangeCount: number;
}
