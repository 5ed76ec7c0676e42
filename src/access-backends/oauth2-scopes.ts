// Scopes of OAuth 2 tokens as RabbitMQ reads them: "read:vhost/name/routing-key" with `*` for any text, and
// "tag:administrator".

import type { Authorizer, Permission } from "../broker/access/user.ts";

interface Grant {
  readonly permission: Permission;
  readonly vhost: RegExp;
  readonly name: RegExp;
  readonly routingKey: RegExp;
}

/** What a token permits. */
export interface TokenRights {
  readonly tags: readonly string[];
  readonly grants: readonly Grant[];
}

const PERMISSIONS: readonly string[] = ["configure", "write", "read"];

/** `prefix` stands in front of the scopes meant for us ("rabbitmq."); others are passed over. */
export function rightsOf(scopes: readonly string[], prefix: string): TokenRights {
  const tags: string[] = [];
  const grants: Grant[] = [];
  for (const scope of scopes) {
    if (!scope.startsWith(prefix)) continue;
    const colon = scope.indexOf(":", prefix.length);
    if (colon < 0) continue;
    const kind = scope.slice(prefix.length, colon);
    const rest = scope.slice(colon + 1);
    if (kind === "tag") tags.push(rest);
    else if (PERMISSIONS.includes(kind)) grants.push(grantOf(kind as Permission, rest));
  }
  return { tags, grants };
}

function grantOf(permission: Permission, rest: string): Grant {
  const [vhost = "*", name = "*", ...routingKey] = rest.split("/");
  return {
    permission,
    vhost: wildcard(vhost),
    name: wildcard(name),
    routingKey: wildcard(routingKey.length === 0 ? "*" : routingKey.join("/")),
  };
}

/** `*` stands for any text; everything else for itself, percent-decoded. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => escapeAll(decoded(part)));
  return new RegExp(`^${parts.join("[^]*")}$`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function escapeAll(text: string): string {
  return text.replace(
    /[^A-Za-z0-9_]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Answers by the token's grants for as long as it is valid. */
export function tokenAuthorizer(rights: TokenRights, isValid: () => boolean): Authorizer {
  const { grants } = rights;
  return {
    permitsVhost: (_user, vhost) => isValid() && grants.some((grant) => grant.vhost.test(vhost)),
    permits: (_user, vhost, _kind, name, permission) =>
      isValid() &&
      grants.some(
        (grant) =>
          grant.permission === permission && grant.vhost.test(vhost) && grant.name.test(name),
      ),
    permitsTopic: (_user, vhost, exchange, routingKey, permission) =>
      isValid() &&
      grants.some(
        (grant) =>
          grant.permission === permission &&
          grant.vhost.test(vhost) &&
          grant.name.test(exchange) &&
          grant.routingKey.test(routingKey),
      ),
  };
}
