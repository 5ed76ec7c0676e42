// Logins whose password was verified a moment ago: a storm of reconnects costs a digest each, not a slow hash.
// What is kept is a digest under a key made at start, so that memory holds nothing to attack the passwords with.

import type { Clock, Random } from "../../env/env.ts";
import type { Hashing } from "../../env/hashing.ts";
import { Lru } from "../../lib/lru.ts";
import type { Limits } from "../limits.ts";
import type { PasswordHash } from "./password-hash.ts";

interface VerifiedLogin {
  /** The stored hash it was verified against: another password or another user is another hash. */
  readonly hash: PasswordHash;
  readonly untilMs: number;
}

const utf8 = new TextEncoder();
const SEPARATOR = new Uint8Array(1);

export class LoginCache {
  readonly #clock: Clock;
  readonly #hashing: Hashing;
  readonly #key = new Uint8Array(32);
  readonly #verified: Lru<string, VerifiedLogin>;
  readonly #trustedMs: number;

  constructor(clock: Clock, random: Random, hashing: Hashing, limits: Limits) {
    this.#clock = clock;
    this.#hashing = hashing;
    random.fill(this.#key);
    this.#verified = new Lru(limits.cachedLoginsMax);
    this.#trustedMs = limits.cachedLoginMs;
  }

  has(user: string, password: string, hash: PasswordHash): boolean {
    if (this.#trustedMs === 0) return false;
    const verified = this.#verified.get(this.#keyOf(user, password));
    return verified?.hash === hash && verified.untilMs > this.#clock.monotonicMs();
  }

  add(user: string, password: string, hash: PasswordHash): void {
    if (this.#trustedMs === 0) return;
    const untilMs = this.#clock.monotonicMs() + this.#trustedMs;
    this.#verified.set(this.#keyOf(user, password), { hash, untilMs });
  }

  #keyOf(user: string, password: string): string {
    const parts = [this.#key, utf8.encode(user), SEPARATOR, utf8.encode(password)];
    return Buffer.from(this.#hashing.digest("sha256", parts)).toString("base64");
  }
}
