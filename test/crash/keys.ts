// Keys of messages to a place that drops duplicates: which one the next message has.

import type { Chance } from "./chance.ts";
import type { Ledger } from "./ledger.ts";

/** Fewer than the broker keeps. */
const KEYS_MAX = 1_000;
const COPIES_SHARE = 0.25;

export interface Key {
  readonly key: string;
  /** A message with it was confirmed: no other with it may be seen. */
  readonly isKnown: boolean;
}

export class Keys {
  /** Of confirmed messages, oldest first. */
  readonly #confirmed: string[] = [];
  /** By message: a key it has from another. */
  readonly #inherited = new Map<number, string>();

  /** For message `id`: that of a confirmed message now and then, or of one that never arrived, or one of its own. */
  choose(chance: Chance, id: number, ledger: Ledger): Key {
    if (this.#confirmed.length > 0 && chance.happens(COPIES_SHARE)) {
      return { key: chance.pick(this.#confirmed), isKnown: true };
    }
    const lost = ledger.takeNeverThere();
    const key = lost === undefined ? `k${id}` : this.#keyOf(lost);
    if (lost !== undefined) {
      this.#inherited.delete(lost);
      this.#inherited.set(id, key);
    }
    return { key, isKnown: false };
  }

  #keyOf(id: number): string {
    return this.#inherited.get(id) ?? `k${id}`;
  }

  /** The message with it was confirmed. */
  confirmed(key: string): void {
    this.#confirmed.push(key);
    if (this.#confirmed.length > KEYS_MAX) this.#confirmed.shift();
  }
}
