// x-consistent-hash: the binding key is a weight; equal keys (or headers, or properties) go to the same destination,
// shares are as the weights, and a new destination takes its share evenly from the others.

import { BrokerError } from "../errors.ts";
import { defaultLimits } from "../limits.ts";
import { type FieldTable, textOf } from "../message/field-table.ts";
import { comparableText } from "../message/field-values.ts";
import type {
  Binding,
  Destination,
  ExchangeDefinition,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";
import { hashText, scramble } from "./text-hash.ts";

/** Each unit of weight is a bucket. */
const WEIGHT_MAX = defaultLimits.hashWeightMax;

type HashedProperty = "message_id" | "correlation_id" | "timestamp";
const properties: Readonly<Record<HashedProperty, (message: RoutedMessage) => string>> = {
  message_id: (message) => message.messageId ?? "",
  correlation_id: (message) => message.correlationId ?? "",
  timestamp: (message) => String(message.timestamp ?? ""),
};

class ConsistentHashRouter implements ExchangeRouter {
  readonly #hashed: (message: RoutedMessage) => string;
  /** The first binding of a destination counts; others wait until it goes. */
  readonly #bindings = new Map<Destination, Binding[]>();
  /** One entry per unit of weight, in the order of the bindings. */
  #buckets: Destination[] = [];

  constructor(exchangeArguments: FieldTable) {
    this.#hashed = hashedBy(exchangeArguments);
  }

  bind(binding: Binding): void {
    const weight = weightOf(binding);
    const known = this.#bindings.get(binding.destination);
    if (known !== undefined) {
      known.push(binding);
      return;
    }
    this.#bindings.set(binding.destination, [binding]);
    for (let i = 0; i < weight; i++) this.#buckets.push(binding.destination);
  }

  unbind(binding: Binding): void {
    const { destination } = binding;
    const known = this.#bindings.get(destination) ?? [];
    const counted = known[0];
    const left = known.filter((other) => other !== binding);
    if (counted !== binding) {
      this.#bindings.set(destination, left);
      return;
    }
    this.#buckets = this.#buckets.filter((bucket) => bucket !== destination);
    this.#bindings.delete(destination);
    for (const other of left) this.bind(other);
  }

  /** Its share remains what it was: nothing else moves. */
  rebind(binding: Binding, moved: Binding): void {
    const { destination } = binding;
    const left = this.#bindings.get(destination)?.filter((other) => other !== binding) ?? [];
    if (left.length > 0) this.#bindings.set(destination, left);
    else this.#bindings.delete(destination);
    const known = this.#bindings.get(moved.destination) ?? [];
    this.#bindings.set(moved.destination, [...known, moved]);
    this.#buckets = this.#buckets.map((bucket) =>
      bucket === destination ? moved.destination : bucket,
    );
  }

  route(message: RoutedMessage, into: TargetSet): void {
    if (this.#buckets.length === 0) return;
    const bucket = bucketOf(hashText(this.#hashed(message)), this.#buckets.length);
    into.add(this.#buckets[bucket] as Destination);
  }
}

/**
 * Jump consistent hashing [Lamping, Veach 2014] with a 32-bit generator: each bucket gets an equal share, and one
 * bucket more moves only what belongs to it.
 */
function bucketOf(hash: number, bucketCount: number): number {
  let seed = hash;
  let bucket = 0;
  for (let next = 0; next < bucketCount; ) {
    bucket = next;
    seed = (Math.imul(seed, 0x19660d) + 0x3c6ef35f) | 0;
    next = Math.floor((bucket + 1) * (0x1_0000_0000 / (scramble(seed) + 1)));
  }
  return bucket;
}

function hashedBy(exchangeArguments: FieldTable): (message: RoutedMessage) => string {
  const header = exchangeArguments.get("hash-header");
  const property = exchangeArguments.get("hash-property");
  if (header !== undefined && property !== undefined) {
    throw new BrokerError(
      "precondition-failed",
      "hash-header and hash-property are mutually exclusive",
    );
  }
  const headerName = textOf(header);
  if (headerName !== undefined) {
    return (message) => {
      const value = message.headers.get(headerName);
      return value === undefined ? "" : comparableText(value);
    };
  }
  const name = textOf(property);
  if (name === undefined) return (message) => message.routingKey;
  if (Object.hasOwn(properties, name)) return properties[name as HashedProperty];
  throw new BrokerError("precondition-failed", `Unsupported property: ${name}`);
}

function weightOf({ routingKey }: Pick<Binding, "routingKey">): number {
  if (!/^[+-]?[0-9]+$/.test(routingKey)) {
    throw new BrokerError(
      "precondition-failed",
      `The binding key must be an integer: <<"${routingKey}">>`,
    );
  }
  const weight = Number(routingKey);
  if (weight < 1) {
    throw new BrokerError("precondition-failed", "The binding key must be greater than 0");
  }
  if (weight > WEIGHT_MAX) {
    throw new BrokerError(
      "precondition-failed",
      `The binding key must not be greater than ${WEIGHT_MAX}`,
    );
  }
  return weight;
}

export const consistentHashType: ExchangeType = {
  name: "x-consistent-hash",
  description: "Consistent Hashing Exchange",
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
  checkBinding: (binding) => void weightOf(binding),
  createRouter: (definition: ExchangeDefinition) => new ConsistentHashRouter(definition.arguments),
};
