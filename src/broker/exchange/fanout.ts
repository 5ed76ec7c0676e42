// fanout: every bound destination gets one copy, whatever the key.

import { DestinationBag } from "./destination-bag.ts";
import type {
  Binding,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

class FanoutRouter implements ExchangeRouter {
  readonly #destinations = new DestinationBag();

  bind(binding: Binding): void {
    this.#destinations.add(binding.destination);
  }

  unbind(binding: Binding): void {
    this.#destinations.delete(binding.destination);
  }

  route(_message: RoutedMessage, into: TargetSet): void {
    this.#destinations.addTo(into);
  }
}

export const fanoutType: ExchangeType = {
  name: "fanout",
  description: "AMQP fanout exchange, as per the AMQP specification",
  routesByContent: false,
  routesByKey: false,
  hasTopicPermissions: false,
  createRouter: () => new FanoutRouter(),
};
