// x-modulus-hash: the hash of the routing key picks one of the destinations in the order of their names.

import type {
  Binding,
  Destination,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";
import { hashText } from "./text-hash.ts";

class ModulusHashRouter implements ExchangeRouter {
  readonly #counts = new Map<Destination, number>();
  #sorted: Destination[] = [];

  bind({ destination }: Binding): void {
    this.#counts.set(destination, (this.#counts.get(destination) ?? 0) + 1);
    this.#sort();
  }

  unbind({ destination }: Binding): void {
    const left = (this.#counts.get(destination) ?? 0) - 1;
    if (left > 0) this.#counts.set(destination, left);
    else this.#counts.delete(destination);
    this.#sort();
  }

  #sort(): void {
    this.#sorted = [...this.#counts.keys()].sort((a, b) =>
      a.definition.name < b.definition.name ? -1 : 1,
    );
  }

  route(message: RoutedMessage, into: TargetSet): void {
    const { length } = this.#sorted;
    if (length > 0) into.add(this.#sorted[hashText(message.routingKey) % length] as Destination);
  }
}

export const modulusHashType: ExchangeType = {
  name: "x-modulus-hash",
  description: "Modulus Hashing Exchange",
  routesByContent: false,
  routesByKey: false,
  hasTopicPermissions: false,
  createRouter: () => new ModulusHashRouter(),
};
