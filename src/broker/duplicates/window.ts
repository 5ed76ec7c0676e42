// hot path: runs per message
// The keys of the messages an exchange or queue has seen last: a second message with the same key is dropped. Bounded in
// number and, where it is set, in time. What is new goes to the log at the end of a turn, behind the messages themselves:
// a crash may let a duplicate of what was not confirmed through, it never drops the only copy.

import type { Clock } from "../../env/env.ts";
import type { LogGatherer, Turn } from "../flow/turn.ts";
import type { Json } from "../journal/journaling.ts";
import { type FieldTable, integerOf } from "../message/field-table.ts";
import { comparableText } from "../message/field-values.ts";

export interface DuplicateRules {
  /** Keys kept at most: the oldest goes. */
  readonly sizeMax: number;
  /** How long a key counts, in ms; undefined = as long as it is kept. */
  readonly ttlMs: number | undefined;
  /** The header that holds the key. */
  readonly header: string;
}

/** Expiry of a key that only goes when others come. */
const NEVER = Number.POSITIVE_INFINITY;
/** A message's own time for its key, in ms. */
const TTL_HEADER = "x-cache-ttl";

export class DuplicateWindow implements LogGatherer {
  inTurnLog = false;
  readonly followsTransactions = true;
  rules: DuplicateRules;
  readonly #clock: Clock;
  readonly #turn: Turn;
  /** Logs new keys; undefined where nothing is kept. */
  readonly #log: ((keys: readonly Json[]) => void) | undefined;
  /** Until when each counts, from the oldest to the newest. */
  readonly #keys = new Map<string, number>();
  /** Keys of this turn. */
  readonly #fresh = new Set<string>();

  constructor(
    parts: { readonly clock: Clock; readonly turn: Turn },
    rules: DuplicateRules,
    log: ((keys: readonly Json[]) => void) | undefined,
  ) {
    this.#clock = parts.clock;
    this.#turn = parts.turn;
    this.rules = rules;
    this.#log = log;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The key in a message's headers; undefined = it has none, and is never a duplicate. */
  keyOf(headers: FieldTable): string | undefined {
    const value = headers.get(this.rules.header);
    if (value === undefined) return undefined;
    return comparableText(value);
  }

  /** Whether a message with that key was here before. If not it is from now on. */
  hasSeen(key: string, headers: FieldTable): boolean {
    const nowMs = this.#clock.nowMs();
    const untilMs = this.#keys.get(key);
    if (untilMs !== undefined && untilMs > nowMs) return true;
    const own = integerOf(headers.get(TTL_HEADER));
    const ttlMs = own === undefined ? this.rules.ttlMs : Number(own);
    this.#add(key, ttlMs === undefined ? NEVER : nowMs + ttlMs);
    if (this.#log === undefined) return false;
    this.#fresh.add(key);
    // The log may be cut between a message and its key: a confirm says that both are there.
    this.#turn.owesEntries = true;
    if (!this.inTurnLog) this.#turn.appendLater(this);
    return false;
  }

  /** The message was refused after all: it may come again. */
  forget(key: string): void {
    this.#keys.delete(key);
    this.#fresh.delete(key);
  }

  appendGathered(): void {
    const keys = this.#describe(this.#fresh);
    this.#fresh.clear();
    if (keys.length > 0) this.#log?.(keys);
  }

  /** All keys that count, for checkpoints. */
  describe(): readonly Json[] {
    return this.#describe(this.#keys.keys());
  }

  /** What the log has kept. */
  restore(keys: readonly Json[]): void {
    for (const pair of keys) {
      const [key, untilMs] = pair as [string, number | null];
      this.#add(key, untilMs ?? NEVER);
    }
  }

  #add(key: string, untilMs: number): void {
    // A key that comes again is the newest.
    this.#keys.delete(key);
    this.#keys.set(key, untilMs);
    while (this.#keys.size > this.rules.sizeMax) {
      const oldest = this.#keys.keys().next().value as string;
      this.#keys.delete(oldest);
      this.#fresh.delete(oldest);
    }
  }

  #describe(keys: Iterable<string>): Json[] {
    const nowMs = this.#clock.nowMs();
    const described: Json[] = [];
    for (const key of keys) {
      const untilMs = this.#keys.get(key);
      if (untilMs === undefined || untilMs <= nowMs) continue;
      described.push([key, untilMs === NEVER ? null : untilMs]);
    }
    return described;
  }
}
