// The users this node stores itself: passwords and permissions from the UserStore.

import type { Hashing } from "../../env/hashing.ts";
import type { Authentication, Authenticator } from "./backend.ts";
import type { LoginCache } from "./login-cache.ts";
import { IMPOSSIBLE_HASH, verifyPassword } from "./password-hash.ts";
import type { Authorizer, Login } from "./user.ts";
import type { UserStore } from "./user-store.ts";

export class InternalAuthenticator implements Authenticator {
  readonly name = "internal";
  readonly #store: UserStore;
  readonly #hashing: Hashing;
  readonly #cache: LoginCache;

  constructor(store: UserStore, hashing: Hashing, cache: LoginCache) {
    this.#store = store;
    this.#hashing = hashing;
    this.#cache = cache;
  }

  authenticate(login: Login, onAuthentication: (answer: Authentication) => void): void {
    const stored = this.#store.get(login.user);
    if (login.password === undefined) {
      // Known by other means; it still has to be one of ours.
      if (stored !== undefined) onAuthentication({ name: stored.name, tags: stored.tags });
      else onAuthentication({ refused: `user '${login.user}' does not exist` });
      return;
    }
    const { password } = login;
    // An unknown user costs what a wrong password costs: nobody learns from the time which names exist.
    const hash = stored?.hash ?? IMPOSSIBLE_HASH;
    if (stored?.hash !== undefined && this.#cache.has(stored.name, password, hash)) {
      return onAuthentication({ name: stored.name, tags: stored.tags });
    }
    verifyPassword(this.#hashing, hash, password, (isRight) => {
      if (!isRight || stored === undefined || password === "") {
        return onAuthentication({ refused: `user '${login.user}' - invalid credentials` });
      }
      this.#cache.add(stored.name, password, hash);
      onAuthentication({ name: stored.name, tags: stored.tags });
    });
  }
}

export function internalAuthorizer(store: UserStore): Authorizer {
  return {
    permitsVhost: (user, vhost) => store.permissionsOf(user.name, vhost) !== undefined,
    permits: (user, vhost, _kind, name, permission) =>
      store.permits(user.name, vhost, name, permission),
    permitsTopic: (user, vhost, exchange, routingKey, permission, variables) =>
      store.permitsTopic(user.name, vhost, exchange, routingKey, permission, variables),
  };
}
