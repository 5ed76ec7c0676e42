// A direct exchange with the argument x-super-stream: its bindings are the partitions of a super stream. A message whose
// key is a binding's goes there, as in any direct exchange; for any other key a hash chooses the partition, the same
// one that the stream clients' own hash routing chooses.

import { integerOf } from "../message/field-table.ts";
import type {
  Binding,
  Destination,
  ExchangeDefinition,
  ExchangeRouter,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

export const SUPER_STREAM_ARGUMENT = "x-super-stream";
export const PARTITION_ORDER_ARGUMENT = "x-stream-partition-order";

/** The seed the stream clients use. */
const SEED = 104_729;

const textEncoder = new TextEncoder();

export function isSuperStream({ arguments: exchangeArguments }: ExchangeDefinition): boolean {
  const value = exchangeArguments.get(SUPER_STREAM_ARGUMENT);
  return value?.type === "t" && value.value;
}

export class SuperStreamRouter implements ExchangeRouter {
  readonly #bindings = new Set<Binding>();
  readonly #byKey = new Map<string, Set<Destination>>();
  /** In the order of the partitions. */
  #partitions: Destination[] = [];
  /** Bindings have come or gone since the last message. */
  #isCurrent = true;

  bind(binding: Binding): void {
    this.#bindings.add(binding);
    this.#isCurrent = false;
  }

  unbind(binding: Binding): void {
    for (const known of this.#bindings) {
      const isSame =
        known.destination === binding.destination && known.propertiesKey === binding.propertiesKey;
      if (isSame) this.#bindings.delete(known);
    }
    this.#isCurrent = false;
  }

  route({ routingKey }: RoutedMessage, into: TargetSet): void {
    if (!this.#isCurrent) this.#rebuild();
    const bound = this.#byKey.get(routingKey);
    if (bound !== undefined) {
      for (const destination of bound) into.add(destination);
      return;
    }
    const count = this.#partitions.length;
    if (count === 0) return;
    const partition = murmur3(textEncoder.encode(routingKey), SEED) % count;
    into.add(this.#partitions[partition] as Destination);
  }

  #rebuild(): void {
    this.#isCurrent = true;
    this.#byKey.clear();
    const bindings = partitionsInOrder(this.#bindings);
    for (const { routingKey, destination } of bindings) {
      const known = this.#byKey.get(routingKey);
      if (known === undefined) this.#byKey.set(routingKey, new Set([destination]));
      else known.add(destination);
    }
    this.#partitions = [...new Set(bindings.map(({ destination }) => destination))];
  }
}

/** By x-stream-partition-order; those without one come last, in the order of their names. */
export function partitionsInOrder(bindings: Iterable<Binding>): readonly Binding[] {
  const orderOf = (binding: Binding) =>
    Number(integerOf(binding.arguments.get(PARTITION_ORDER_ARGUMENT)) ?? Number.MAX_SAFE_INTEGER);
  return [...bindings].sort((a, b) => {
    const byOrder = orderOf(a) - orderOf(b);
    if (byOrder !== 0) return byOrder;
    return a.destination.definition.name < b.destination.definition.name ? -1 : 1;
  });
}

/** MurmurHash3, 32 bits. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let hash = seed | 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    hash ^= mix(view.getInt32(at, true));
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let i = length - 1; i >= at; i--) tail = (tail << 8) | (bytes[i] as number);
  if (at < length) hash ^= mix(tail);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
}
