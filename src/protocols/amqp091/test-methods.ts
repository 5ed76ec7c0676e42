// For tests: methods as most clients send them; what is special about one is named by the test.

import { EMPTY_TABLE } from "../../broker/message/field-table.ts";
import type { ClientMethod } from "./codec/methods.generated.ts";

type Named<Name extends ClientMethod["name"]> = Extract<ClientMethod, { name: Name }>;
type Special<Name extends ClientMethod["name"]> = Partial<Omit<Named<Name>, "name">>;

export function declareQueue(
  queue: string,
  special: Special<"queue.declare"> = {},
): Named<"queue.declare"> {
  const none = { passive: false, durable: false, exclusive: false, autoDelete: false };
  return {
    ...{ name: "queue.declare", queue, ...none, noWait: false, arguments: EMPTY_TABLE },
    ...special,
  };
}

export function declareExchange(
  exchange: string,
  type: string,
  special: Special<"exchange.declare"> = {},
): Named<"exchange.declare"> {
  const none = { passive: false, durable: false, autoDelete: false, internal: false };
  return {
    ...{ name: "exchange.declare", exchange, type, ...none, noWait: false, arguments: EMPTY_TABLE },
    ...special,
  };
}

export function bindQueue(queue: string, exchange: string, routingKey = ""): Named<"queue.bind"> {
  return {
    ...{ name: "queue.bind", queue, exchange, routingKey, noWait: false, arguments: EMPTY_TABLE },
  };
}

/** Without acknowledgements. */
export function consume(
  queue: string,
  special: Special<"basic.consume"> = {},
): Named<"basic.consume"> {
  const none = { noLocal: false, exclusive: false, noWait: false };
  return {
    ...{ name: "basic.consume", queue, consumerTag: "c", noAck: true, ...none },
    arguments: EMPTY_TABLE,
    ...special,
  };
}
