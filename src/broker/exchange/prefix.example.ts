// The example of docs/guide/exchange-types.md: an exchange type as anybody may write one.

import { BrokerError } from "../errors.ts";
import type {
  Binding,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

class PrefixRouter implements ExchangeRouter {
  readonly #bindings = new Set<Binding>();

  bind(binding: Binding): void {
    refuseEmptyKey(binding);
    this.#bindings.add(binding);
  }

  unbind({ destination, routingKey }: Binding): void {
    for (const known of this.#bindings) {
      const isSame = known.destination === destination && known.routingKey === routingKey;
      if (isSame) this.#bindings.delete(known);
    }
  }

  route({ routingKey }: RoutedMessage, into: TargetSet): void {
    for (const binding of this.#bindings) {
      if (routingKey.startsWith(binding.routingKey)) into.add(binding.destination);
    }
  }
}

function refuseEmptyKey({ routingKey }: Pick<Binding, "routingKey">): void {
  if (routingKey !== "") return;
  throw new BrokerError("precondition-failed", "The binding key must not be empty");
}

export const prefixType: ExchangeType = {
  name: "x-prefix",
  description: "Routes by the first letters of the key",
  routesByContent: false,
  routesByKey: true,
  hasTopicPermissions: false,
  checkBinding: refuseEmptyKey,
  createRouter: () => new PrefixRouter(),
};
