// All bindings of a vhost, found from either end. Knows nothing of routing: exchanges keep their own index for that.

import type { Binding, Destination, Exchange } from "../exchange/exchange.ts";
import type { FieldTable } from "../message/field-table.ts";
import { canonicalText } from "../message/field-table-json.ts";

/** The bindings between one exchange and one destination. Most pairs have exactly one, so no map is made for it. */
class BindingGroup {
  readonly source: Exchange;
  readonly destination: Destination;
  #only: Binding | undefined = undefined;
  #many: Map<string, Binding> | undefined = undefined;

  constructor(source: Exchange, destination: Destination) {
    this.source = source;
    this.destination = destination;
  }

  get size(): number {
    return this.#many?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(identity: string): Binding | undefined {
    if (this.#many !== undefined) return this.#many.get(identity);
    const only = this.#only;
    return only !== undefined && identityOf(only) === identity ? only : undefined;
  }

  add(binding: Binding): void {
    if (this.#many !== undefined) {
      this.#many.set(identityOf(binding), binding);
    } else if (this.#only === undefined) {
      this.#only = binding;
    } else {
      this.#many = new Map([[identityOf(this.#only), this.#only]]);
      this.#many.set(identityOf(binding), binding);
      this.#only = undefined;
    }
  }

  delete(binding: Binding): void {
    if (this.#many === undefined) this.#only = undefined;
    else this.#many.delete(identityOf(binding));
  }

  *all(): Iterable<Binding> {
    if (this.#only !== undefined) yield this.#only;
    if (this.#many !== undefined) yield* this.#many.values();
  }
}

/** What makes a binding between two given ends unique: key and arguments, argument order aside. */
function bindingIdentity(routingKey: string, bindingArguments: FieldTable): string {
  // A plain binding's identity is its key itself, so that no text is made for it; "\0" keeps the two kinds apart.
  if (bindingArguments.size === 0 && !routingKey.startsWith("\0")) return routingKey;
  return `\0${canonicalText(bindingArguments)}\0${routingKey}`;
}

function identityOf(binding: Binding): string {
  return bindingIdentity(binding.routingKey, binding.arguments);
}

export class BindingTable {
  readonly #bySource = new Map<Exchange, Map<Destination, BindingGroup>>();
  readonly #byDestination = new Map<Destination, Map<Exchange, BindingGroup>>();
  #count = 0;

  /** Bindings of the vhost, the implicit ones of the default exchange not counted. */
  get count(): number {
    return this.#count;
  }

  find(
    source: Exchange,
    destination: Destination,
    routingKey: string,
    bindingArguments: FieldTable,
  ): Binding | undefined {
    const group = this.#bySource.get(source)?.get(destination);
    return group?.get(bindingIdentity(routingKey, bindingArguments));
  }

  add(binding: Binding): void {
    const group =
      this.#bySource.get(binding.source)?.get(binding.destination) ?? this.#newGroup(binding);
    group.add(binding);
    this.#count++;
  }

  delete(binding: Binding): void {
    const { source, destination } = binding;
    const group = this.#bySource.get(source)?.get(destination);
    if (group === undefined) return;
    group.delete(binding);
    this.#count--;
    if (group.size > 0) return;
    dropGroup(this.#bySource, source, destination);
    dropGroup(this.#byDestination, destination, source);
  }

  /** Takes away all bindings of an exchange at once; answers them. Costs its destinations, not its bindings. */
  dropSource(source: Exchange): Iterable<Binding> {
    const groups = this.#bySource.get(source);
    if (groups === undefined) return [];
    this.#bySource.delete(source);
    for (const [destination, group] of groups) {
      this.#count -= group.size;
      dropGroup(this.#byDestination, destination, source);
    }
    return bindingsOf(groups);
  }

  /** All bindings to `from` lead to `to` now, each in its place; answers each as it was and as it is. */
  replaceDestination(from: Destination, to: Destination): (readonly [Binding, Binding])[] {
    const replaced: (readonly [Binding, Binding])[] = [];
    for (const [source, group] of this.#byDestination.get(from) ?? []) {
      const moved = new BindingGroup(source, to);
      for (const binding of group.all()) {
        const other = { ...binding, destination: to };
        replaced.push([binding, other]);
        moved.add(other);
      }
      const groups = [...(this.#bySource.get(source) ?? [])];
      this.#bySource.set(
        source,
        new Map(groups.map((each) => (each[0] === from ? [to, moved] : each))),
      );
      putGroup(this.#byDestination, to, source, moved);
    }
    this.#byDestination.delete(from);
    return replaced;
  }

  *from(source: Exchange): Iterable<Binding> {
    for (const group of this.#bySource.get(source)?.values() ?? []) yield* group.all();
  }

  *to(destination: Destination): Iterable<Binding> {
    for (const group of this.#byDestination.get(destination)?.values() ?? []) yield* group.all();
  }

  *between(source: Exchange, destination: Destination): Iterable<Binding> {
    const group = this.#bySource.get(source)?.get(destination);
    if (group !== undefined) yield* group.all();
  }

  hasFrom(source: Exchange): boolean {
    return this.#bySource.has(source);
  }

  *all(): Iterable<Binding> {
    for (const groups of this.#bySource.values()) {
      for (const group of groups.values()) yield* group.all();
    }
  }

  #newGroup(binding: Binding): BindingGroup {
    const { source, destination } = binding;
    const group = new BindingGroup(source, destination);
    putGroup(this.#bySource, source, destination, group);
    putGroup(this.#byDestination, destination, source, group);
    return group;
  }
}

function* bindingsOf(groups: ReadonlyMap<Destination, BindingGroup>): Iterable<Binding> {
  for (const group of groups.values()) yield* group.all();
}

function putGroup<A, B>(table: Map<A, Map<B, BindingGroup>>, a: A, b: B, group: BindingGroup) {
  let inner = table.get(a);
  if (inner === undefined) {
    inner = new Map();
    table.set(a, inner);
  }
  inner.set(b, group);
}

function dropGroup<A, B>(table: Map<A, Map<B, BindingGroup>>, a: A, b: B): void {
  const inner = table.get(a);
  inner?.delete(b);
  if (inner?.size === 0) table.delete(a);
}
