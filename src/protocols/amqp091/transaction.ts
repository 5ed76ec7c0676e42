// An open transaction of one channel: publishes and settlements wait here and happen together at tx.commit, or never.

import { BrokerError } from "../../broker/errors.ts";
import type { Publication } from "../../broker/message/publication.ts";
import type { Outcome } from "../../broker/queue/queue.ts";
import { PublishResult, type Route } from "../../broker/routing/route.ts";
import type { Channel } from "./channel.ts";
import { PublishedCopy } from "./published-copy.ts";

/** Bytes of publishes one transaction may hold. */
export const UNCOMMITTED_BYTES_MAX = 67_108_864;

interface UncommittedPublish {
  readonly route: Route;
  readonly mandatory: boolean;
  readonly copy: PublishedCopy;
}

interface UncommittedSettlement {
  readonly tag: number;
  readonly multiple: boolean;
  readonly outcome: Outcome;
}

export class Transaction {
  readonly #channel: Channel;
  #publishes: UncommittedPublish[] = [];
  #settlements: UncommittedSettlement[] = [];
  #sizeBytes = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get publishCount(): number {
    return this.#publishes.length;
  }
  get settlementCount(): number {
    return this.#settlements.length;
  }

  publish(route: Route, mandatory: boolean, publication: Publication): void {
    const copy = PublishedCopy.of(this.#channel.tools.broker, publication);
    this.#sizeBytes += copy.sizeBytes;
    if (this.#sizeBytes > UNCOMMITTED_BYTES_MAX) {
      copy.release();
      const text = `transaction holds more than ${UNCOMMITTED_BYTES_MAX} bytes`;
      throw new BrokerError("resource-error", text);
    }
    this.#publishes.push({ route, mandatory, copy });
    this.#channel.tallies.exchanges.of(route.exchange).published++;
  }

  settle(tag: number, multiple: boolean, outcome: Outcome): void {
    this.#settlements.push({ tag, multiple, outcome });
  }

  /** All of it happens in this turn. Throws before any of it when one part no longer can. */
  commit(): void {
    const publishes = this.#takeCurrentRoutes();
    const settlements = this.#settlements;
    this.#forget();
    const { journal } = this.#channel.tools.broker;
    let refused = 0;
    journal.beginTransaction();
    try {
      for (const { tag, multiple, outcome } of settlements) {
        this.#channel.consuming.settleNow(tag, multiple, outcome);
      }
      for (const publish of publishes) refused |= this.#publish(publish) & PublishResult.refused;
    } finally {
      // The journal is everybody's: it must not stay in a transaction whatever happens to this one.
      journal.endTransaction();
    }
    // A full queue that refuses new messages: as RabbitMQ, the client must not take this for a success.
    if (refused !== 0) throw new BrokerError("precondition-failed", "partial tx completion");
  }

  rollback(): void {
    for (const { copy } of this.#publishes) copy.release();
    this.#forget();
  }

  #forget(): void {
    this.#publishes = [];
    this.#settlements = [];
    this.#sizeBytes = 0;
  }

  /** Exchanges may have gone and permissions changed since the publish: asked again before anything happens. */
  #takeCurrentRoutes(): readonly UncommittedPublish[] {
    const { access } = this.#channel;
    try {
      return this.#publishes.map((publish) => {
        if (publish.route.isCurrent()) return publish;
        const { exchange, routingKey } = publish.route;
        return { ...publish, route: access.route(exchange.definition.name, routingKey) };
      });
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Answers with PublishResult bits. */
  #publish({ route, mandatory, copy }: UncommittedPublish): number {
    const channel = this.#channel;
    const { memory, publication } = channel.tools.broker;
    const page = channel.tools.scratchAt;
    memory.arena.u8.set(copy.addressing, page);
    memory.arena.u8.set(copy.content, page + copy.addressing.length);
    publication.addressingAt = page;
    publication.addressingLength = copy.addressing.length;
    publication.contentAt = page + copy.addressing.length;
    publication.contentLengthBytes = copy.content.length;
    publication.bodySizeBytes = copy.bodySizeBytes;
    publication.bodyReference = copy.bodyReference;
    channel.publishing.readProperties(publication);
    const current = route.isCurrent()
      ? route
      : channel.access.route(route.exchange.definition.name, route.routingKey);
    const result = channel.access.publish(current, publication);
    const tally = channel.tallies.exchanges.of(current.exchange);
    const isRouted = (result & PublishResult.routed) !== 0;
    if (!isRouted && !mandatory) tally.droppedUnroutable++;
    if (isRouted || !mandatory) {
      copy.release();
      return result;
    }
    tally.returned++;
    // A returned copy is let go when it has been sent.
    channel.returnCopy(copy);
    return result;
  }
}
