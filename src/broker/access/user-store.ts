// Users with their passwords, tags, limits and permissions, as this node stores them. Data and look-ups only.

import type { PatternMatcher } from "../patterns.ts";
import type { PasswordHash } from "./password-hash.ts";
import {
  NO_USER_LIMITS,
  type Permission,
  type TopicVariables,
  type UserLimits,
  type UserTag,
} from "./user.ts";

export interface StoredUser {
  readonly name: string;
  readonly tags: readonly UserTag[];
  /** Undefined: no password lets this user in. */
  readonly hash: PasswordHash | undefined;
  readonly limits: UserLimits;
}

/** Patterns; "" permits nothing. */
export type Permissions = Readonly<Record<Permission, string>>;

export interface UserPermissions extends Permissions {
  readonly user: string;
  readonly vhost: string;
}

/** Patterns for routing keys; may hold {username}, {vhost} and {client_id}. */
export interface TopicPermissions {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

const PERMITS_NOTHING = "^$";

export class UserStore {
  readonly #matcher: PatternMatcher;
  readonly #users = new Map<string, StoredUser>();
  /** By user, then vhost. */
  readonly #permissions = new Map<string, Map<string, UserPermissions>>();
  /** By user, then vhost, then exchange. */
  readonly #topics = new Map<string, Map<string, Map<string, TopicPermissions>>>();

  constructor(matcher: PatternMatcher) {
    this.#matcher = matcher;
  }

  get(name: string): StoredUser | undefined {
    return this.#users.get(name);
  }

  all(): Iterable<StoredUser> {
    return this.#users.values();
  }

  get count(): number {
    return this.#users.size;
  }

  limitsOf(name: string): UserLimits {
    return this.#users.get(name)?.limits ?? NO_USER_LIMITS;
  }

  put(user: StoredUser): void {
    this.#users.set(user.name, user);
  }

  delete(name: string): boolean {
    this.#permissions.delete(name);
    this.#topics.delete(name);
    return this.#users.delete(name);
  }

  permissionsOf(user: string, vhost: string): UserPermissions | undefined {
    return this.#permissions.get(user)?.get(vhost);
  }

  *permissions(): Iterable<UserPermissions> {
    for (const byVhost of this.#permissions.values()) yield* byVhost.values();
  }

  putPermissions(permissions: UserPermissions): void {
    inner(this.#permissions, permissions.user).set(permissions.vhost, permissions);
  }

  deletePermissions(user: string, vhost: string): boolean {
    return this.#permissions.get(user)?.delete(vhost) ?? false;
  }

  *topicPermissions(): Iterable<TopicPermissions> {
    for (const byVhost of this.#topics.values()) {
      for (const byExchange of byVhost.values()) yield* byExchange.values();
    }
  }

  putTopicPermissions(permissions: TopicPermissions): void {
    const byVhost = inner(this.#topics, permissions.user);
    inner(byVhost, permissions.vhost).set(permissions.exchange, permissions);
  }

  /** Of one exchange, or of all when it is undefined. */
  deleteTopicPermissions(user: string, vhost: string, exchange: string | undefined): boolean {
    const byExchange = this.#topics.get(user)?.get(vhost);
    if (byExchange === undefined) return false;
    if (exchange === undefined) return this.#topics.get(user)?.delete(vhost) ?? false;
    return byExchange.delete(exchange);
  }

  forgetVhost(vhost: string): void {
    for (const byVhost of this.#permissions.values()) byVhost.delete(vhost);
    for (const byVhost of this.#topics.values()) byVhost.delete(vhost);
  }

  permits(user: string, vhost: string, name: string, permission: Permission): boolean {
    const permissions = this.#permissions.get(user)?.get(vhost);
    if (permissions === undefined) return false;
    return this.#matcher.matches(permissions[permission] || PERMITS_NOTHING, name);
  }

  /** Without an entry for the exchange nothing is forbidden. */
  permitsTopic(
    user: string,
    vhost: string,
    exchange: string,
    routingKey: string,
    permission: Permission,
    variables: TopicVariables,
  ): boolean {
    const entry = this.#topics.get(user)?.get(vhost)?.get(exchange);
    if (entry === undefined || permission === "configure") return true;
    const pattern = expandVariables(entry[permission] || PERMITS_NOTHING, variables);
    return this.#matcher.matches(pattern, routingKey);
  }
}

/**
 * Puts {username} and the like into a pattern as plain text: every character that means something in a pattern is
 * escaped, so that no name can widen what is permitted.
 */
export function expandVariables(pattern: string, variables: TopicVariables): string {
  let expanded = pattern;
  for (const [name, value] of variables) {
    if (expanded.includes(`{${name}}`)) {
      expanded = expanded.replaceAll(`{${name}}`, () => escapePattern(value));
    }
  }
  return expanded;
}

function escapePattern(text: string): string {
  return text.replace(
    /[^A-Za-z0-9_]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function inner<A, B, C>(table: Map<A, Map<B, C>>, key: A): Map<B, C> {
  let found = table.get(key);
  if (found === undefined) {
    found = new Map();
    table.set(key, found);
  }
  return found;
}
