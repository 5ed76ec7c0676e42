// Finds the queues of one message: exchange to exchange, alternate exchanges, CC and BCC; each queue once.

import type {
  Destination,
  Exchange,
  IntakeTargets,
  KeyWindow,
  RoutedMessage,
} from "../exchange/exchange.ts";
import type { ContentReader } from "../message/content.ts";
import type { FieldTable } from "../message/field-table.ts";
import type { Publication } from "../message/publication.ts";
import type { Queue } from "../queue/queue.ts";

/** Looks up an exchange of the vhost by name. */
export interface ExchangeLookup {
  get(name: string): Exchange | undefined;
}

/**
 * The targets of one round of routing. Queues and exchanges carry the number of the last round that met them, so
 * that nothing is allocated to find duplicates. One per broker: rounds of two sets would be confused.
 */
export class Targets implements IntakeTargets {
  /** The first `queueCount` are the answer; behind them lie leftovers of earlier rounds. */
  readonly queues: Queue[] = [];
  queueCount = 0;
  readonly #exchanges: Exchange[] = [];
  #exchangeCount = 0;
  #round = 0;
  /** In this round an exchange looked (or would look) at more than the routing key. */
  metContentRouting = false;
  /** An exchange on the way has dropped the message as a duplicate. */
  hasDropped = false;
  /** Windows that took the message's key in this round, and the keys. */
  readonly #windows: KeyWindow[] = [];
  readonly #windowKeys: string[] = [];
  /** The exchange at work has matched something, even if it had been met before. */
  #matched = false;

  dropDuplicate(): void {
    this.hasDropped = true;
  }

  noteKey(window: KeyWindow, key: string): void {
    this.#windows.push(window);
    this.#windowKeys.push(key);
  }

  /** The round is over. `isRefused`: the message may come again, and is no duplicate then. */
  settleKeys(isRefused: boolean): void {
    for (let i = 0; i < this.#windows.length && isRefused; i++) {
      (this.#windows[i] as KeyWindow).forget(this.#windowKeys[i] as string);
    }
    this.#windows.length = 0;
    this.#windowKeys.length = 0;
  }

  add(destination: Destination): void {
    if (destination.routeMark === this.#round) {
      this.#matched = true;
      return;
    }
    if (destination.kind === "queue") {
      if (destination.state === "deleted") return;
      this.queues[this.queueCount++] = destination;
    } else {
      if (destination.isDeleted) return;
      this.#exchanges[this.#exchangeCount++] = destination;
    }
    this.#matched = true;
    destination.routeMark = this.#round;
  }

  /**
   * Routes from `start`; the answer is in `queues`. `keys` are the routing keys (the message's own first).
   * An exchange that matches nothing passes the message to its alternate exchange.
   */
  route(
    start: Exchange,
    message: MutableRoutedMessage,
    keys: readonly string[],
    exchanges: ExchangeLookup,
  ): void {
    this.#round++;
    this.queueCount = 0;
    this.#exchangeCount = 0;
    this.metContentRouting = false;
    this.hasDropped = false;
    this.settleKeys(false);
    this.add(start);
    for (let at = 0; at < this.#exchangeCount; at++) {
      const exchange = this.#exchanges[at] as Exchange;
      this.#matched = false;
      this.#routeOne(exchange, message, keys);
      if (this.#matched) continue;
      const alternate = exchange.settings.values.alternateExchange;
      const next = alternate === undefined ? undefined : exchanges.get(alternate);
      if (next !== undefined) this.add(next);
    }
  }

  #routeOne(exchange: Exchange, message: MutableRoutedMessage, keys: readonly string[]): void {
    const { intake } = exchange;
    if (intake !== undefined) {
      this.metContentRouting = true;
      const mayTake = message.isBeingPublished === true && message.released !== exchange;
      if (mayTake && intake.takes(message, this)) {
        this.#matched = true;
        return;
      }
    }
    if (exchange.type.routesByContent) this.metContentRouting = true;
    const count = exchange.type.routesByKey ? keys.length : 1;
    for (let i = 0; i < count; i++) {
      message.routingKey = keys[i] as string;
      exchange.router.route(message, this);
    }
  }
}

/** A message whose routing key is set for each key in turn. */
export interface MutableRoutedMessage extends RoutedMessage {
  routingKey: string;
  /** It has waited in this exchange, which routes it now. */
  released?: Exchange | undefined;
}

/** The message being published, as exchanges see it: decoded as far as they ask. Reused. */
export class PublicationView implements MutableRoutedMessage {
  readonly isBeingPublished = true;
  released: Exchange | undefined = undefined;
  readonly #content: ContentReader;
  readonly #publication: Publication;
  #headers: FieldTable | undefined = undefined;
  routingKey = "";

  constructor(content: ContentReader, publication: Publication) {
    this.#content = content;
    this.#publication = publication;
  }

  /** Forgets what was decoded: another message is in the publication now. */
  reset(): void {
    this.#headers = undefined;
    this.released = undefined;
  }

  get headers(): FieldTable {
    this.#headers ??= this.#content.headers(this.#publication);
    return this.#headers;
  }

  get messageId(): string | undefined {
    return this.#content.routingProperties(this.#publication).messageId;
  }

  get correlationId(): string | undefined {
    return this.#content.routingProperties(this.#publication).correlationId;
  }

  get timestamp(): bigint | undefined {
    return this.#content.routingProperties(this.#publication).timestamp;
  }
}
