// x-delayed-message: routes like the type its x-delayed-type argument names, and keeps messages that ask for it until
// they are due.

import { BrokerError } from "../errors.ts";
import { textOf } from "../message/field-table.ts";
import type { ExchangeDefinition, ExchangeType } from "./exchange.ts";

const TYPE_ARGUMENT = "x-delayed-type";

/** `types` are those it can be like: the table it stands in. */
export function delayedTypeAmong(types: () => ReadonlyMap<string, ExchangeType>): ExchangeType {
  const type: ExchangeType = {
    name: "x-delayed-message",
    description: "Delayed Message Exchange.",
    routesByContent: true,
    routesByKey: true,
    hasTopicPermissions: false,
    delays: true,
    comparedArguments: [TYPE_ARGUMENT],
    specialise: (definition) => {
      const inner = innerType(definition, types());
      const { name, description } = type;
      return { ...inner, name, description, delays: true, comparedArguments: [TYPE_ARGUMENT] };
    },
    createRouter: (definition, tools) =>
      innerType(definition, types()).createRouter(definition, tools),
  };
  return type;
}

function innerType(
  definition: Pick<ExchangeDefinition, "arguments">,
  types: ReadonlyMap<string, ExchangeType>,
): ExchangeType {
  const name = textOf(definition.arguments.get(TYPE_ARGUMENT));
  const inner = name === undefined ? undefined : types.get(name);
  // One that delays would have nothing to route by.
  if (inner === undefined || inner.delays === true) {
    throw new BrokerError(
      "precondition-failed",
      "Invalid argument, 'x-delayed-type' must be an existing exchange type",
    );
  }
  return inner;
}
