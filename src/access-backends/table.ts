// The table of authentication and authorization backends: name in auth_backends to how it is made.

import type { Authentication, Authenticator, BackendPair } from "../broker/access/backend.ts";
import type { Login } from "../broker/access/user.ts";
import type { Config } from "../config/table.ts";
import type { Clock } from "../env/env.ts";
import type { Hashing } from "../env/hashing.ts";
import { Lru } from "../lib/lru.ts";

export interface BackendTools {
  readonly access: Config["access"];
  readonly clock: Clock;
  readonly hashing: Hashing;
  /** The users this broker stores itself. */
  readonly internal: BackendPair;
  /** Reads a key file; throws when it can't. */
  readonly readFile: (path: string) => string;
  /** Whether a pattern is found in a text; false for one that is none or takes too long. */
  readonly matches: (pattern: string, text: string) => boolean;
  readonly log: (text: string) => void;
}

/** Backends that need libraries load them when they are asked for: most brokers never are. */
type CreateBackend = (tools: BackendTools, keptMs: number) => BackendPair | Promise<BackendPair>;

const nobody: BackendPair = {
  authenticator: {
    name: "dummy",
    authenticate: (_login, onAuthentication) =>
      onAuthentication({ refused: "the dummy backend refuses everybody" }),
  },
  authorizer: { permitsVhost: () => false, permits: () => false, permitsTopic: () => false },
};

const backends: Readonly<Record<string, CreateBackend>> = {
  internal: ({ internal }) => internal,
  dummy: () => nobody,
  http: async ({ access, clock, log }, keptMs) =>
    (await import("./http-backend.ts")).createHttpBackend({
      clock,
      log,
      keptMs,
      method: access.httpMethod === "post" ? "post" : "get",
      userUrl: access.httpUserPath,
      vhostUrl: access.httpVhostPath,
      resourceUrl: access.httpResourcePath,
      topicUrl: access.httpTopicPath,
      timeoutMs: access.httpRequestTimeoutMs,
    }),
  oauth2: async ({ access, clock, log, readFile }) =>
    (await import("./oauth2-backend.ts")).createOAuth2Backend({
      clock,
      log,
      resourceServerId: access.oauthResourceServerId,
      scopePrefix: access.oauthScopePrefix,
      issuer: access.oauthIssuer,
      jwksUrl: access.oauthJwksUrl,
      signingKeys: new Map(
        [...access.oauthSigningKeys].map(([name, path]) => [name, readFile(path)]),
      ),
      defaultKey: access.oauthDefaultKey,
      algorithms: access.oauthAlgorithms,
      verifyAudience: access.oauthVerifyAudience,
      scopeClaim: access.oauthScopeClaim,
      userClaims: access.oauthUserClaims,
      scopeAliases: scopeAliasesOf(access),
    }),
  ldap: async ({ access, clock, log, matches }, keptMs) =>
    (await import("./ldap-backend.ts")).createLdapBackend({
      ...{ clock, log, keptMs, matches },
      queries: {
        vhost: access.ldapVhostQuery?.query,
        resource: access.ldapResourceQuery?.query,
        topic: access.ldapTopicQuery?.query,
        tags: new Map([...access.ldapTagQueries].map(([tag, { query }]) => [tag, query])),
        groupBase: access.ldapGroupBase,
      },
      servers: access.ldapServers,
      port: access.ldapPort,
      userDnPattern: access.ldapUserDnPattern,
      lookupAttribute: access.ldapLookupAttribute,
      lookupBase: access.ldapLookupBase,
      bindDn: access.ldapBindDn,
      bindPassword: access.ldapBindPassword?.reveal(),
      tls: access.ldapTls,
      startTls: access.ldapStartTls,
      timeoutMs: access.ldapTimeoutMs,
    }),
  cache: async (tools) => {
    const { cachedBackend, cacheTtlMs } = tools.access;
    const cached = await createBackend(cachedBackend === "cache" ? "internal" : cachedBackend, {
      tools,
      keptMs: cacheTtlMs,
    });
    return { ...cached, authenticator: new CachedLogins(cached.authenticator, tools) };
  },
};

async function createBackend(
  name: string,
  { tools, keptMs }: { readonly tools: BackendTools; readonly keptMs: number },
): Promise<BackendPair> {
  const create = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (create === undefined) throw new Error(`there is no auth backend '${name}'`);
  return create(tools, keptMs);
}

/** The chain of `auth_backends`: one instance per name, however often it is used. */
export async function createBackends(tools: BackendTools): Promise<BackendPair[]> {
  const made = new Map<string, BackendPair>();
  for (const name of tools.access.authBackends.flatMap(({ authn, authz }) => [authn, authz])) {
    if (!made.has(name)) made.set(name, await createBackend(name, { tools, keptMs: 0 }));
  }
  const backend = (name: string) => made.get(name) as BackendPair;
  return tools.access.authBackends.map(({ authn, authz }) => ({
    authenticator: backend(authn).authenticator,
    authorizer: backend(authz).authorizer,
    // A token brings its own permissions only where nobody else is asked for them.
    ...(authn === authz ? {} : { authorizerIsSeparate: true as const }),
  }));
}

const CACHED_LOGINS_MAX = 10_000;
const utf8 = new TextEncoder();

interface CachedLogin {
  readonly answer: Authentication;
  readonly untilMs: number;
}

/** Remembers who was let in, under a digest of name and password. */
class CachedLogins implements Authenticator {
  readonly name = "cache";
  readonly #inner: Authenticator;
  readonly #tools: BackendTools;
  readonly #cached = new Lru<string, CachedLogin>(CACHED_LOGINS_MAX);

  constructor(inner: Authenticator, tools: BackendTools) {
    this.#inner = inner;
    this.#tools = tools;
  }

  authenticate(login: Login, onAuthentication: (answer: Authentication) => void): void {
    const { clock, access } = this.#tools;
    const key = this.#keyOf(login);
    const cached = this.#cached.get(key);
    if (cached !== undefined && cached.untilMs > clock.monotonicMs()) {
      return onAuthentication(cached.answer);
    }
    this.#inner.authenticate(login, (answer) => {
      if (!("refused" in answer)) {
        this.#cached.set(key, { answer, untilMs: clock.monotonicMs() + access.cacheTtlMs });
      }
      onAuthentication(answer);
    });
  }

  #keyOf({ user, password }: Login): string {
    const secret = password === undefined ? "-" : `+${password}`;
    const parts = [utf8.encode(`${user}\0${secret}`)];
    return Buffer.from(this.#tools.hashing.digest("sha256", parts)).toString("base64");
  }
}

/** By name in the key, or numbered with the name as value. */
function scopeAliasesOf(access: Config["access"]): ReadonlyMap<string, string> {
  const aliases = new Map(access.oauthScopeAliases);
  for (const [index, alias] of access.oauthAliasNames) {
    aliases.set(alias, access.oauthAliasScopes.get(index) ?? "");
  }
  return aliases;
}
