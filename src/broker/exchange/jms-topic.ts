// x-jms-topic: a binding has a selector, and a message goes where a selector is for it, whatever its key. RabbitMQ's JMS
// client binds such an exchange to an ordinary topic exchange, which has looked at the key before.

import { BrokerError } from "../errors.ts";
import { textOf } from "../message/field-table.ts";
import type {
  Binding,
  Destination,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";
import { type Selector, selects } from "./jms-selector.ts";
import { parseSelector } from "./jms-term.ts";

const SELECTOR_ARGUMENT = "rjms_erlang_selector";

class JmsTopicRouter implements ExchangeRouter {
  readonly #selectors = new Map<Binding, { selector: Selector; destination: Destination }>();

  bind(binding: Binding): void {
    const selector = selectorOf(binding);
    // Without one nothing is for it.
    if (selector === undefined) return;
    this.#selectors.set(binding, { selector, destination: binding.destination });
  }

  unbind(binding: Binding): void {
    this.#selectors.delete(binding);
  }

  route({ headers }: RoutedMessage, into: TargetSet): void {
    for (const { selector, destination } of this.#selectors.values()) {
      if (selects(selector, headers)) into.add(destination);
    }
  }
}

function selectorOf(binding: Pick<Binding, "arguments">): Selector | undefined {
  const text = textOf(binding.arguments.get(SELECTOR_ARGUMENT));
  if (text === undefined) return undefined;
  const selector = parseSelector(text);
  if (selector !== undefined) return selector;
  throw new BrokerError("precondition-failed", `cannot parse selector '${JSON.stringify(text)}'`);
}

export const jmsTopicType: ExchangeType = {
  name: "x-jms-topic",
  description: "JMS selector exchange",
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
  checkBinding: (binding) => void selectorOf(binding),
  createRouter: () => new JmsTopicRouter(),
};
