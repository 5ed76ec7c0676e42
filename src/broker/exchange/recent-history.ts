// x-recent-history: a fanout that keeps the last messages and gives them to queues that are bound later.

import { BrokerError } from "../errors.ts";
import { defaultLimits } from "../limits.ts";
import { integerOf } from "../message/field-table.ts";
import { DestinationBag } from "./destination-bag.ts";
import type {
  Binding,
  ExchangeDefinition,
  ExchangeRouter,
  ExchangeType,
  KeptMessage,
  MessageHistory,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

const LENGTH_ARGUMENT = "x-recent-history-length";
const NO_STORE_HEADER = "x-recent-history-no-store";
const LENGTH_DEFAULT = 20;
const LENGTH_MAX = defaultLimits.recentHistoryMax;
/** The oldest go beyond this, whatever the length. */
const KEPT_BYTES_MAX = 16_777_216;

class RecentHistoryRouter implements ExchangeRouter {
  readonly #history: MessageHistory;
  readonly #lengthMax: number;
  readonly #destinations = new DestinationBag();
  /** From the oldest to the newest. */
  #kept: KeptMessage[] = [];
  #keptBytes = 0;

  constructor(lengthMax: number, history: MessageHistory) {
    this.#lengthMax = lengthMax;
    this.#history = history;
  }

  bind({ destination }: Binding): void {
    this.#destinations.add(destination);
    if (destination.kind !== "queue") return;
    for (const message of this.#kept) this.#history.replay(message, destination);
  }

  unbind(binding: Binding): void {
    this.#destinations.delete(binding.destination);
  }

  /** The queue has had what is kept. */
  rebind(binding: Binding, moved: Binding): void {
    this.#destinations.delete(binding.destination);
    this.#destinations.add(moved.destination);
  }

  route(message: RoutedMessage, into: TargetSet): void {
    if (message.isBeingPublished === true && !isNotStored(message)) this.#keep();
    this.#destinations.addTo(into);
  }

  #keep(): void {
    const message = this.#history.keep();
    this.#kept.push(message);
    this.#keptBytes += message.sizeBytes;
    while (this.#kept.length > this.#lengthMax || this.#keptBytes > KEPT_BYTES_MAX) this.#drop();
  }

  #drop(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#keptBytes -= oldest.sizeBytes;
    this.#history.release(oldest);
  }

  dispose(): void {
    for (const message of this.#kept) this.#history.release(message);
    this.#kept = [];
  }
}

function isNotStored({ headers }: RoutedMessage): boolean {
  const header = headers.get(NO_STORE_HEADER);
  return header?.type === "t" && header.value;
}

function lengthOf(definition: ExchangeDefinition): number {
  const value = definition.arguments.get(LENGTH_ARGUMENT);
  if (value === undefined) return LENGTH_DEFAULT;
  const length = integerOf(value);
  if (length === undefined || length < 1n || length > LENGTH_MAX) {
    throw new BrokerError(
      "precondition-failed",
      `Invalid argument '${LENGTH_ARGUMENT}': it must be a positive integer up to ${LENGTH_MAX}`,
    );
  }
  return Number(length);
}

export const recentHistoryType: ExchangeType = {
  name: "x-recent-history",
  description: "Recent History Exchange.",
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
  createRouter: (definition, { history }) => new RecentHistoryRouter(lengthOf(definition), history),
};
