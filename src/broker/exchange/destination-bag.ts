// The destinations of one key or pattern, each with how many bindings lead there. Usually one, so that one costs no map.

import type { Destination, TargetSet } from "./exchange.ts";

export class DestinationBag {
  #only: Destination | undefined = undefined;
  #onlyCount = 0;
  #many: Map<Destination, number> | undefined = undefined;

  get isEmpty(): boolean {
    return this.#only === undefined && this.#many === undefined;
  }

  add(destination: Destination): void {
    if (this.#many !== undefined) {
      this.#many.set(destination, (this.#many.get(destination) ?? 0) + 1);
    } else if (this.#only === undefined || this.#only === destination) {
      this.#only = destination;
      this.#onlyCount++;
    } else {
      this.#many = new Map([[this.#only, this.#onlyCount]]);
      this.#many.set(destination, 1);
      this.#only = undefined;
      this.#onlyCount = 0;
    }
  }

  delete(destination: Destination): void {
    if (this.#many === undefined) {
      if (this.#only !== destination) return;
      this.#onlyCount--;
      if (this.#onlyCount === 0) this.#only = undefined;
      return;
    }
    const count = this.#many.get(destination);
    if (count === undefined) return;
    if (count > 1) this.#many.set(destination, count - 1);
    else this.#many.delete(destination);
    if (this.#many.size === 0) this.#many = undefined;
  }

  addTo(targets: TargetSet): void {
    if (this.#only !== undefined) targets.add(this.#only);
    else if (this.#many !== undefined) {
      for (const destination of this.#many.keys()) targets.add(destination);
    }
  }

  *all(): Iterable<Destination> {
    if (this.#only !== undefined) yield this.#only;
    else if (this.#many !== undefined) yield* this.#many.keys();
  }
}
