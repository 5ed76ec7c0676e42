// Somebody who has logged in, and who answers what they may do.

import type { Endpoint } from "../../env/env.ts";
import type { ConnectionIdentity } from "../connection-registry.ts";
import type { ResourceKind } from "../names.ts";

/** The three permissions of RabbitMQ. */
export type Permission = "configure" | "write" | "read";

/** Tags the broker itself knows; others are only shown. */
export type UserTag =
  | "administrator"
  | "monitoring"
  | "policymaker"
  | "management"
  | "impersonator"
  | (string & {});

/** Values that topic permissions may name: {username}, {vhost}, and what the protocol adds ({client_id}). */
export type TopicVariables = ReadonlyMap<string, string>;

/** An answer that is on its way. Whoever needed it asks the same question again when it has come. */
export interface PendingVerdict {
  /** Calls back once, in a later turn. */
  whenKnown(onKnown: () => void): void;
}

export type Verdict = boolean | PendingVerdict;

/**
 * Answers what a user may do. One per authorization backend.
 * Backends that ask elsewhere answer with a promise of theirs: PendingVerdict.
 */
export interface Authorizer {
  /** May the user open this vhost at all? */
  permitsVhost(user: User, vhost: string, connection: ConnectionIdentity): Verdict;
  /** `name` of the default exchange is "amq.default" here. */
  permits(
    user: User,
    vhost: string,
    kind: ResourceKind,
    name: string,
    permission: Permission,
  ): Verdict;
  /** Asked only for exchanges whose type has topic permissions, after `permits`. */
  permitsTopic(
    user: User,
    vhost: string,
    exchange: string,
    routingKey: string,
    permission: Permission,
    variables: TopicVariables,
  ): Verdict;
}

/** Limits of one user; undefined = none. */
export interface UserLimits {
  readonly connectionsMax: number | undefined;
  readonly channelsMax: number | undefined;
}

export const NO_USER_LIMITS: UserLimits = { connectionsMax: undefined, channelsMax: undefined };

export interface User {
  readonly name: string;
  readonly tags: readonly UserTag[];
  readonly authorizer: Authorizer;
  /** The broker itself: publishes to internal exchanges too. */
  readonly isBroker?: true;
  /** The login ends then (a token's expiry); wall time. Connections are closed soon after. */
  readonly expiresAtMs?: number;
}

/** What a client shows to be let in. */
export interface Login {
  readonly user: string;
  /** Undefined: the client is known by other means (a verified certificate, a local socket). */
  readonly password: string | undefined;
  readonly peer: Endpoint;
  /** As shown: "AMQP 0-9-1", "HTTP API". */
  readonly protocol: string;
  /** Undefined: the login is that of one request, not of a connection. */
  readonly connection?: LoginConnection;
}

/** The connection somebody logs in on, as events tell of it. */
export interface LoginConnection {
  readonly name: string;
  /** The SASL mechanism. */
  readonly mechanism: string;
  readonly local: Endpoint;
  readonly isTls: boolean;
}

/** Who it is, or why not; the reason is for the log, never for the client. */
export type LoginOutcome = User | { readonly refused: string };

export function hasTag(user: User, tag: UserTag): boolean {
  return user.tags.includes(tag);
}

/** Permits everything: the broker's own connections and embedded brokers without users. */
export const openAuthorizer: Authorizer = {
  permitsVhost: () => true,
  permits: () => true,
  permitsTopic: () => true,
};

/** Thrown where an answer is still pending: the operation has changed nothing and is tried again when it is known. */
export class AccessPending extends Error {
  override readonly name = "AccessPending";
  readonly verdict: PendingVerdict;
  constructor(verdict: PendingVerdict) {
    super("an authorization backend has not answered yet");
    this.verdict = verdict;
  }
}

/** The answer, or AccessPending. */
export function decided(verdict: Verdict): boolean {
  if (typeof verdict === "boolean") return verdict;
  throw new AccessPending(verdict);
}
