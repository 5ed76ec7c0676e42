// A second declare must ask for what is there. The texts are RabbitMQ's, in its three forms: none,
// 'value', and the value 'v' of type 't'.

import type { ExchangeDeclaration, QueueDeclaration } from "../declarations.ts";
import { BrokerError } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { type FieldTable, type FieldValue, textOf } from "../message/field-table.ts";
import { comparableText, fieldTypeName } from "../message/field-values.ts";
import { resourceText } from "../names.ts";
import type { Queue } from "../queue/queue.ts";
import { exchangeSettings } from "./exchange-settings.ts";
import { comparedArguments, QUEUE_TYPE_ARGUMENT } from "./queue-arguments.ts";
import { shownValue } from "./shown-value.ts";

/**
 * Throws precondition-failed unless a redeclare asks for the queue that is there. The owner is checked before.
 * `isRelaxed`: a quorum queue may be redeclared as if it were classic.
 */
export function assertSameQueue(
  queue: Queue,
  received: QueueDeclaration,
  defaultType: string,
  isRelaxed: boolean,
): void {
  const { definition } = queue;
  const resource = resourceText("queue", definition.name, definition.vhost);
  if (isRelaxed && isClassicForQuorum(queue, received, defaultType)) {
    return assertSameArguments(
      received.arguments,
      definition.arguments,
      RELAXED_ARGUMENTS,
      resource,
    );
  }
  assertSameField(received.durable, definition.durable, "durable", resource);
  assertSameField(received.autoDelete, definition.autoDelete, "auto_delete", resource);
  assertSameType(queue, received.arguments, defaultType, resource);
  const compared = comparedArguments(definition.type);
  assertSameArguments(received.arguments, definition.arguments, compared, resource);
}

/** What still has to agree when a quorum queue is declared as if it were a classic one. */
const RELAXED_ARGUMENTS = [
  "x-dead-letter-exchange",
  "x-dead-letter-routing-key",
  "x-expires",
  "x-max-length",
  "x-max-length-bytes",
  "x-single-active-consumer",
  "x-message-ttl",
];

/** An application not told yet that its queue is replicated now. */
function isClassicForQuorum(
  { definition }: Queue,
  received: QueueDeclaration,
  defaultType: string,
): boolean {
  const asked = textOf(received.arguments.get(QUEUE_TYPE_ARGUMENT)) ?? defaultType;
  const { traits } = definition.type;
  return traits.settlesRemove && !traits.mayBeTransient && asked !== definition.type.name;
}

/** A type that was asked for and the same type by default are alike. */
function assertSameType(
  { definition }: Queue,
  received: FieldTable,
  defaultType: string,
  resource: string,
): void {
  const asked = received.get(QUEUE_TYPE_ARGUMENT);
  const current = definition.type.name;
  if ((asked === undefined ? defaultType : textOf(asked)) === current) return;
  const stored = definition.arguments.get(QUEUE_TYPE_ARGUMENT);
  const bothGiven = asked !== undefined && stored !== undefined;
  throw inequivalent(
    QUEUE_TYPE_ARGUMENT,
    resource,
    bothGiven ? `'${shownValue(asked)}'` : described(asked),
    bothGiven ? `'${shownValue(stored)}'` : described(stored),
  );
}

/** Throws precondition-failed unless a redeclare asks for the exchange that is there. */
export function assertSameExchange(
  { definition, type }: Exchange,
  received: ExchangeDeclaration,
): void {
  const resource = resourceText("exchange", definition.name, definition.vhost);
  assertSameField(received.type, definition.type, "type", resource);
  assertSameField(received.durable, definition.durable, "durable", resource);
  assertSameField(received.autoDelete, definition.autoDelete, "auto_delete", resource);
  assertSameField(received.internal, definition.internal, "internal", resource);
  const compared = [
    ...exchangeSettings.map((setting) => setting.argument as string),
    ...(type.comparedArguments ?? []),
  ];
  assertSameArguments(received.arguments, definition.arguments, compared, resource);
}

/** Flags and types: `argument` is RabbitMQ's name of the field. */
function assertSameField(
  received: boolean | string,
  current: boolean | string,
  argument: string,
  resource: string,
): void {
  if (received !== current) throw inequivalent(argument, resource, `'${received}'`, `'${current}'`);
}

/** The arguments in `names`, one after the other; others are not compared. */
function assertSameArguments(
  received: FieldTable,
  current: FieldTable,
  names: Iterable<string>,
  resource: string,
): void {
  for (const name of names)
    assertSameArgument(received.get(name), current.get(name), name, resource);
}

function assertSameArgument(
  received: FieldValue | undefined,
  current: FieldValue | undefined,
  name: string,
  resource: string,
): void {
  if (received === undefined && current === undefined) return;
  if (received !== undefined && current !== undefined) {
    if (comparableText(received) === comparableText(current)) return;
    throw inequivalent(name, resource, `'${shownValue(received)}'`, `'${shownValue(current)}'`);
  }
  throw inequivalent(name, resource, described(received), described(current));
}

function described(value: FieldValue | undefined): string {
  if (value === undefined) return "none";
  return `the value '${shownValue(value)}' of type '${fieldTypeName(value)}'`;
}

/** The error of a declare that differs from what is there. */
function inequivalent(
  argument: string,
  resource: string,
  received: string,
  current: string,
): BrokerError {
  return new BrokerError(
    "precondition-failed",
    `inequivalent arg '${argument}' for ${resource}: received ${received} but current is ${current}`,
  );
}
