// x-random: each message goes to one destination by chance. x-local-random: the same among queues of this node, bound
// without a key.

import type { Random } from "../../env/env.ts";
import { BrokerError } from "../errors.ts";
import type {
  Binding,
  Destination,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

class RandomRouter implements ExchangeRouter {
  readonly #random: Random;
  readonly #bindings = new Map<Destination, number>();
  #destinations: Destination[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  bind({ destination }: Binding): void {
    this.#bindings.set(destination, (this.#bindings.get(destination) ?? 0) + 1);
    this.#destinations = [...this.#bindings.keys()];
  }

  unbind({ destination }: Binding): void {
    const left = (this.#bindings.get(destination) ?? 0) - 1;
    if (left > 0) this.#bindings.set(destination, left);
    else this.#bindings.delete(destination);
    this.#destinations = [...this.#bindings.keys()];
  }

  route(_message: RoutedMessage, into: TargetSet): void {
    const { length } = this.#destinations;
    if (length > 0) into.add(this.#destinations[this.#random.integer(length)] as Destination);
  }
}

const random = {
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
} as const;

export const randomType: ExchangeType = {
  ...random,
  name: "x-random",
  description: "AMQP random exchange. Routes each message to one queue picked at random",
  createRouter: (_definition, tools) => new RandomRouter(tools.random),
};

function refuseKey({ routingKey }: Pick<Binding, "routingKey">): void {
  if (routingKey === "") return;
  throw new BrokerError(
    "precondition-failed",
    "non-empty binding keys are not permitted for exchanges of type 'x-local-random'",
  );
}

class LocalRandomRouter extends RandomRouter {
  override bind(binding: Binding): void {
    refuseKey(binding);
    super.bind(binding);
  }
}

export const localRandomType: ExchangeType = {
  ...random,
  name: "x-local-random",
  description: "Picks one random local binding (queue) to route via (to).",
  checkBinding: refuseKey,
  createRouter: (_definition, tools) => new LocalRandomRouter(tools.random),
};
