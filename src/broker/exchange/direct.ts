// direct: a binding matches when its key equals the message's. Also the default exchange, whose bindings are the queues.

import type { Queue } from "../queue/queue.ts";
import { DestinationBag } from "./destination-bag.ts";
import type {
  Binding,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";
import { isSuperStream, SuperStreamRouter } from "./super-stream.ts";

class DirectRouter implements ExchangeRouter {
  readonly #byKey = new Map<string, DestinationBag>();

  bind(binding: Binding): void {
    let bag = this.#byKey.get(binding.routingKey);
    if (bag === undefined) {
      bag = new DestinationBag();
      this.#byKey.set(binding.routingKey, bag);
    }
    bag.add(binding.destination);
  }

  unbind(binding: Binding): void {
    const bag = this.#byKey.get(binding.routingKey);
    bag?.delete(binding.destination);
    if (bag?.isEmpty) this.#byKey.delete(binding.routingKey);
  }

  route(message: RoutedMessage, into: TargetSet): void {
    this.#byKey.get(message.routingKey)?.addTo(into);
  }
}

export const directType: ExchangeType = {
  name: "direct",
  description: "AMQP direct exchange, as per the AMQP specification",
  routesByContent: false,
  routesByKey: true,
  hasTopicPermissions: false,
  createRouter: (definition) =>
    isSuperStream(definition) ? new SuperStreamRouter() : new DirectRouter(),
};

/** Every queue is bound to the default exchange by its name; it takes no other bindings. */
export class DefaultRouter implements ExchangeRouter {
  readonly #queues: ReadonlyMap<string, Queue>;

  constructor(queues: ReadonlyMap<string, Queue>) {
    this.#queues = queues;
  }

  bind(): void {}
  unbind(): void {}

  route(message: RoutedMessage, into: TargetSet): void {
    const queue = this.#queues.get(message.routingKey);
    if (queue !== undefined) into.add(queue);
  }
}
