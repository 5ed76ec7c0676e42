// Where users come from: the seam for authentication and authorization backends, and the chain that asks them in turn.

import type { Authorizer, Login, User, UserTag } from "./user.ts";

/** What a backend says about a login. */
export type Authentication =
  | {
      readonly name: string;
      readonly tags: readonly UserTag[];
      /** The login itself says what is permitted (a token). */
      readonly authorizer?: Authorizer;
      /** The login ends then; wall time. */
      readonly expiresAtMs?: number;
    }
  /** Not this backend's user, or the wrong password: the next backend is asked. */
  | { readonly refused: string };

/** Answers who somebody is. Implementations that ask other machines live outside the core. */
export interface Authenticator {
  readonly name: string;
  /** Calls back exactly once, in this turn or later. */
  authenticate(login: Login, onAuthentication: (answer: Authentication) => void): void;
}

/** One step of the chain: who the user is, and who says what they may do. */
export interface BackendPair {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Permissions come from `authorizer` even where a login brings its own. */
  readonly authorizerIsSeparate?: true;
}

/** Asks one backend after the other; the first that knows the user decides. */
export function authenticateBy(
  chain: readonly BackendPair[],
  login: Login,
  onOutcome: (outcome: User | { readonly refused: string }) => void,
): void {
  const refusals: string[] = [];
  const ask = (at: number): void => {
    const pair = chain[at];
    if (pair === undefined) return onOutcome({ refused: refusals.join("; ") || "no backends" });
    pair.authenticator.authenticate(login, (answer) => {
      if ("refused" in answer) {
        refusals.push(answer.refused);
        return ask(at + 1);
      }
      const { name, tags, expiresAtMs } = answer;
      const own = pair.authorizerIsSeparate === true ? undefined : answer.authorizer;
      const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
      onOutcome({ name, tags, authorizer: own ?? pair.authorizer, ...expiry });
    });
  };
  ask(0);
}
