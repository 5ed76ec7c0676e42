// Somebody who has logged in, and who answers what they may do.

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

/** Answers what a user may do. One per authorization backend; answers come at once (backends that ask elsewhere keep what they heard). */
export interface Authorizer {
  /** May the user open this vhost at all? */
  permitsVhost(user: User, vhost: string, connection: ConnectionIdentity): boolean;
  /** `name` of the default exchange is "amq.default" here. */
  permits(
    user: User,
    vhost: string,
    kind: ResourceKind,
    name: string,
    permission: Permission,
  ): boolean;
  /** Asked only for exchanges whose type has topic permissions, after `permits`. */
  permitsTopic(
    user: User,
    vhost: string,
    exchange: string,
    routingKey: string,
    permission: Permission,
    variables: TopicVariables,
  ): boolean;
}

/** Limits of one user; undefined = none. */
export interface UserLimits {
  readonly connectionsMax: number | undefined;
  readonly channelsMax: number | undefined;
}

export interface User {
  readonly name: string;
  readonly tags: readonly UserTag[];
  readonly authorizer: Authorizer;
}

export function hasTag(user: User, tag: UserTag): boolean {
  return user.tags.includes(tag);
}

/** Permits everything: the broker's own connections and embedded brokers without users. */
export const openAuthorizer: Authorizer = {
  permitsVhost: () => true,
  permits: () => true,
  permitsTopic: () => true,
};
