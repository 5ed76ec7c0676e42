// Users of this node, their permissions, and logging in. Every change is logged and told, and ends what connections
// remember about permissions.

import type { Clock, Random } from "../../env/env.ts";
import type { Hashing } from "../../env/hashing.ts";
import { BrokerError } from "../errors.ts";
import type { BrokerEvents, EventFacts, EventName } from "../events.ts";
import type { DefinitionKind } from "../journal/definition-kinds.ts";
import type { JsonObject } from "../journal/journaling.ts";
import type { Limits } from "../limits.ts";
import type { PatternMatcher } from "../patterns.ts";
import { authenticateBy, type BackendPair } from "./backend.ts";
import { InternalAuthenticator, internalAuthorizer } from "./internal-backend.ts";
import { LoginCache } from "./login-cache.ts";
import { LoginFailures } from "./login-failures.ts";
import { hashPassword, type PasswordHash, SHA256 } from "./password-hash.ts";
import type { Authorizer, Login, LoginOutcome, UserLimits, UserTag } from "./user.ts";
import {
  type StoredUser,
  type TopicPermissions,
  type UserPermissions,
  UserStore,
} from "./user-store.ts";

export interface AccessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly limits: Limits;
  readonly events: BrokerEvents;
  readonly matcher: PatternMatcher;
  record(kind: DefinitionKind, object: JsonObject): void;
}

/** Logins held back at once; more are refused at once. */
const LATE_MAX = 1_000;

export class AccessControl {
  readonly store: UserStore;
  /** The users of `store`, as a backend. */
  readonly internal: BackendPair;
  /** Asked in turn. */
  backends: readonly BackendPair[];
  /** Users that may log in from this machine only. */
  loopbackUsers: ReadonlySet<string> = new Set(["guest"]);
  /** How new passwords are stored; a name of the table of hash algorithms. */
  passwordAlgorithm = SHA256;
  /** Bumped by any change of users, permissions or limits. */
  epoch = 1;
  readonly failures: LoginFailures;
  /** Logins that succeeded and failed, by protocol. */
  readonly attempts = new Map<string, { succeeded: number; failed: number }>();
  readonly #context: AccessContext;
  /** Logins that are held back now. */
  #late = 0;

  constructor(context: AccessContext) {
    this.#context = context;
    this.store = new UserStore(context.matcher);
    this.failures = new LoginFailures(context.clock);
    const { clock, random, hashing, limits } = context;
    const cache = new LoginCache(clock, random, hashing, limits);
    this.internal = {
      authenticator: new InternalAuthenticator(this.store, hashing, cache),
      authorizer: internalAuthorizer(this.store),
    };
    this.backends = [this.internal];
  }

  /** The authorizer of the users stored here. */
  get authorizer(): Authorizer {
    return this.internal.authorizer;
  }

  /** Decides who a client is; answers in this turn or later. Who has failed often is answered late. */
  authenticate(login: Login, onOutcome: (outcome: LoginOutcome) => void): void {
    const waitMs = this.failures.waitMs(login.peer.address, login.user);
    if (waitMs === 0) return this.#authenticate(login, onOutcome);
    if (this.#late >= LATE_MAX) return onOutcome({ refused: "too many logins are being slowed" });
    this.#late++;
    this.#context.clock.setTimer(waitMs, () => {
      this.#late--;
      this.#authenticate(login, onOutcome);
    });
  }

  #authenticate(login: Login, onOutcome: (outcome: LoginOutcome) => void): void {
    if (this.loopbackUsers.has(login.user) && !isLoopback(login.peer.address)) {
      const refused = `user '${login.user}' can only connect via localhost`;
      return this.#finish(login, { refused }, onOutcome);
    }
    authenticateBy(this.backends, login, (outcome) => this.#finish(login, outcome, onOutcome));
  }

  #finish(login: Login, outcome: LoginOutcome, onOutcome: (outcome: LoginOutcome) => void): void {
    const succeeded = !("refused" in outcome);
    const attempts = this.attempts.get(login.protocol) ?? { succeeded: 0, failed: 0 };
    this.attempts.set(login.protocol, attempts);
    if (succeeded) {
      attempts.succeeded++;
      this.failures.succeeded(login.peer.address, login.user);
    } else {
      attempts.failed++;
      this.failures.failed(login.peer.address, login.user);
    }
    this.#context.events.emit(
      succeeded ? "user.authentication.success" : "user.authentication.failure",
      { ...loginFacts(login), ...(succeeded ? {} : { error: outcome.refused }) },
    );
    onOutcome(outcome);
  }

  /** Permissions may have changed somewhere else: what connections remember about them ends. */
  forgetAnswers(): void {
    this.epoch++;
  }

  /** Hashes a password as new ones are stored here. */
  hash(password: string, onHash: (hash: PasswordHash) => void): void {
    const { hashing, random } = this.#context;
    hashPassword(hashing, random, this.passwordAlgorithm, password, onHash);
  }

  // ---- users --------------------------------------------------------------------------------------------------

  /** Adds a user or replaces everything about it. A hash of undefined lets no password in. */
  putUser(user: StoredUser, by: string): void {
    const before = this.store.get(user.name);
    this.store.put(user);
    this.#changed("user", describeUser(user));
    if (before === undefined) this.#tell("user.created", by, { name: user.name });
    else if (before.hash?.value !== user.hash?.value) {
      const name = user.hash === undefined ? "user.password.cleared" : "user.password.changed";
      this.#tell(name, by, { name: user.name });
    }
    if (before === undefined || String(before.tags) !== String(user.tags)) {
      this.#tell("user.tags.set", by, { name: user.name, tags: user.tags });
    }
  }

  /** Stores a user with a password. Answers when it is there. */
  setPassword(
    name: string,
    password: string,
    tags: readonly UserTag[],
    by: string,
    onDone: () => void,
  ): void {
    this.hash(password, (hash) => {
      const limits = this.store.limitsOf(name);
      this.putUser({ name, tags, hash, limits }, by);
      onDone();
    });
  }

  setTags(name: string, tags: readonly UserTag[], by: string): void {
    this.putUser({ ...this.#stored(name), tags }, by);
  }

  setUserLimits(name: string, limits: UserLimits, by: string): void {
    const user = { ...this.#stored(name), limits };
    this.store.put(user);
    this.#changed("user", describeUser(user));
    const cleared = limits.connectionsMax === undefined && limits.channelsMax === undefined;
    this.#tell(cleared ? "user.limits.cleared" : "user.limits.set", by, {
      name,
      username: name,
      ...limitFacts(limits),
    });
  }

  /** Answers false when there is no such user. */
  deleteUser(name: string, by: string): boolean {
    if (!this.store.delete(name)) return false;
    this.#changed("user.delete", { name });
    this.#tell("user.deleted", by, { name });
    return true;
  }

  #stored(name: string): StoredUser {
    const user = this.store.get(name);
    if (user === undefined) throw new BrokerError("not-found", `user '${name}' does not exist`);
    return user;
  }

  // ---- permissions --------------------------------------------------------------------------------------------

  /** Throws precondition-failed for a pattern that is none, not-found for a user that does not exist. */
  setPermissions(permissions: UserPermissions, by: string): void {
    const { user, vhost, configure, write, read } = permissions;
    this.#stored(user);
    for (const pattern of [configure, write, read]) this.#context.matcher.check(pattern);
    this.store.putPermissions({ user, vhost, configure, write, read });
    this.#changed("permission", { user, vhost, configure, write, read });
    this.#tell("permission.created", by, { user, vhost, configure, write, read });
  }

  deletePermissions(user: string, vhost: string, by: string): boolean {
    if (!this.store.deletePermissions(user, vhost)) return false;
    this.#changed("permission.delete", { user, vhost });
    this.#tell("permission.deleted", by, { user, vhost });
    return true;
  }

  setTopicPermissions(permissions: TopicPermissions, by: string): void {
    const { user, vhost, exchange, write, read } = permissions;
    this.#stored(user);
    for (const pattern of [write, read]) this.#context.matcher.check(pattern);
    this.store.putTopicPermissions({ user, vhost, exchange, write, read });
    this.#changed("topic-permission", { user, vhost, exchange, write, read });
    this.#tell("topic.permission.created", by, { user, vhost, exchange, write, read });
  }

  /** Of one exchange, or of all when it is undefined. */
  deleteTopicPermissions(
    user: string,
    vhost: string,
    exchange: string | undefined,
    by: string,
  ): boolean {
    if (!this.store.deleteTopicPermissions(user, vhost, exchange)) return false;
    const which = exchange === undefined ? {} : { exchange };
    this.#changed("topic-permission.delete", { user, vhost, ...which });
    this.#tell("topic.permission.deleted", by, { user, vhost, ...which });
    return true;
  }

  /** A vhost is gone; its deletion is logged by itself. */
  forgetVhost(vhost: string): void {
    this.store.forgetVhost(vhost);
    this.epoch++;
  }

  #changed(kind: DefinitionKind, object: JsonObject): void {
    this.epoch++;
    this.#context.record(kind, object);
  }

  #tell(name: EventName, by: string, facts: EventFacts): void {
    this.#context.events.emit(name, { ...facts, user_who_performed_action: by });
  }
}

/** A user as the log keeps it. */
export function describeUser(user: StoredUser): JsonObject {
  const { name, tags, hash, limits } = user;
  return {
    name,
    tags,
    ...(hash === undefined ? {} : { hash: hash.value, algorithm: hash.algorithm }),
    limits: limitFacts(limits),
  };
}

/** The inverse of `describeUser`. */
export function userOf(object: JsonObject): StoredUser {
  const { name, tags, hash, algorithm, limits } = object as unknown as {
    name: string;
    tags: string[];
    hash?: string;
    algorithm?: string;
    limits: JsonObject;
  };
  return {
    name,
    tags,
    hash: hash === undefined ? undefined : { value: hash, algorithm: algorithm ?? SHA256 },
    limits: userLimitsOf(limits),
  };
}

/** Limits by RabbitMQ's names. */
export function limitFacts({ connectionsMax, channelsMax }: UserLimits): Record<string, number> {
  return {
    ...(connectionsMax === undefined ? {} : { "max-connections": connectionsMax }),
    ...(channelsMax === undefined ? {} : { "max-channels": channelsMax }),
  };
}

/** The inverse of `limitFacts`; a negative number is no limit. */
export function userLimitsOf(limits: JsonObject | undefined): UserLimits {
  return {
    connectionsMax: limitOf(limits?.["max-connections"]),
    channelsMax: limitOf(limits?.["max-channels"]),
  };
}

function limitOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? value : undefined;
}

/** This machine itself: 127/8, ::1, or a Unix socket. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, "");
  return plain === "" || plain === "::1" || /^127\.\d+\.\d+\.\d+$/.test(plain);
}

/** What events tell of a login; never its password. */
function loginFacts({ user, protocol, peer, connection }: Login): EventFacts {
  const facts = {
    name: user,
    connection_type: "network",
    protocol,
    peer_host: peer.address,
    peer_port: peer.port,
  };
  if (connection === undefined) return facts;
  const { name, mechanism, local, isTls } = connection;
  return {
    ...facts,
    connection_name: name,
    auth_mechanism: mechanism,
    host: local.address,
    ssl: isTls,
  };
}
