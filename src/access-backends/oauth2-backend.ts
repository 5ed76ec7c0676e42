// Users with an OAuth 2 access token as their password: a JWT whose signature, audience and expiry are checked and
// whose scopes are the permissions.

import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  importSPKI,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import type { Authentication, Authenticator, BackendPair } from "../broker/access/backend.ts";
import type { Authorizer } from "../broker/access/user.ts";
import type { Clock } from "../env/env.ts";
import { rightsOf, tokenAuthorizer } from "./oauth2-scopes.ts";

export interface OAuth2Options {
  readonly clock: Clock;
  readonly resourceServerId: string | undefined;
  /** Undefined: "<resource server id>." */
  readonly scopePrefix: string | undefined;
  readonly issuer: string | undefined;
  readonly jwksUrl: string | undefined;
  /** Public keys by key id, PEM. */
  readonly signingKeys: ReadonlyMap<string, string>;
  /** Taken when a token names no key. */
  readonly defaultKey: string | undefined;
  /** Empty: the RS, ES and PS families and EdDSA. */
  readonly algorithms: readonly string[];
  readonly verifyAudience: boolean;
  /** Further claims with scopes; "" = none. */
  readonly scopeClaim: string;
  readonly userClaims: readonly string[];
  /** A scope and the scopes it stands for, separated by blanks. */
  readonly scopeAliases: ReadonlyMap<string, string>;
  readonly log: (text: string) => void;
}

const DEFAULT_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"],
];
type PublicKey = Awaited<ReturnType<typeof importSPKI>>;

const NEVER: Authorizer = {
  permitsVhost: () => false,
  permits: () => false,
  permitsTopic: () => false,
};

export function createOAuth2Backend(options: OAuth2Options): BackendPair {
  return { authenticator: new TokenAuthenticator(options), authorizer: NEVER };
}

class TokenAuthenticator implements Authenticator {
  readonly name = "oauth2";
  readonly #options: OAuth2Options;
  readonly #localKeys = new Map<string, Promise<PublicKey>>();
  #remoteKeys: Promise<JWTVerifyGetKey> | undefined = undefined;

  constructor(options: OAuth2Options) {
    this.#options = options;
  }

  authenticate(
    login: Parameters<Authenticator["authenticate"]>[0],
    onAuthentication: (answer: Authentication) => void,
  ): void {
    const { password } = login;
    if (password === undefined || password === "") {
      return onAuthentication({ refused: "an OAuth 2 login needs a token as password" });
    }
    this.#verify(password).then(
      (payload) => onAuthentication(this.#read(payload)),
      (error) => {
        const text = error instanceof Error ? error.message : String(error);
        this.#options.log(`token refused: ${text}`);
        onAuthentication({ refused: `token refused: ${text}` });
      },
    );
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { algorithms, verifyAudience, resourceServerId, issuer, clock } = this.#options;
    const { kid, alg } = decodeProtectedHeader(token);
    const checks = {
      algorithms: [...(algorithms.length === 0 ? DEFAULT_ALGORITHMS : algorithms)],
      currentDate: new Date(clock.nowMs()),
      ...(verifyAudience && resourceServerId !== undefined ? { audience: resourceServerId } : {}),
      ...(issuer === undefined ? {} : { issuer }),
    };
    const local = await this.#localKey(kid ?? this.#options.defaultKey, alg ?? "RS256");
    if (local !== undefined) return (await jwtVerify(token, local, checks)).payload;
    const keys = await this.#remote();
    return (await jwtVerify(token, keys, checks)).payload;
  }

  #localKey(name: string | undefined, algorithm: string): Promise<PublicKey> | undefined {
    const pem = name === undefined ? undefined : this.#options.signingKeys.get(name);
    if (name === undefined || pem === undefined) return undefined;
    const id = `${algorithm} ${name}`;
    let key = this.#localKeys.get(id);
    if (key === undefined) {
      key = importSPKI(pem, algorithm);
      this.#localKeys.set(id, key);
    }
    return key;
  }

  /** The issuer's keys, fetched when first needed; a failure is tried again with the next login. */
  #remote(): Promise<JWTVerifyGetKey> {
    this.#remoteKeys ??= this.#findKeys().catch((error) => {
      this.#remoteKeys = undefined;
      throw error;
    });
    return this.#remoteKeys;
  }

  async #findKeys(): Promise<JWTVerifyGetKey> {
    const { jwksUrl, issuer } = this.#options;
    if (jwksUrl !== undefined) return createRemoteJWKSet(new URL(jwksUrl));
    if (issuer === undefined) throw new Error("no key for this token is configured");
    const base = issuer.endsWith("/") ? issuer : `${issuer}/`;
    const response = await fetch(new URL(".well-known/openid-configuration", base), {
      redirect: "error",
    });
    if (!response.ok) throw new Error(`the issuer's configuration answered ${response.status}`);
    const { jwks_uri: found } = (await response.json()) as { jwks_uri?: string };
    if (found === undefined) throw new Error("the issuer names no keys");
    return createRemoteJWKSet(new URL(found));
  }

  #read(payload: JWTPayload): Authentication {
    const { clock, scopePrefix, resourceServerId, userClaims } = this.#options;
    const prefix = scopePrefix ?? (resourceServerId === undefined ? "" : `${resourceServerId}.`);
    const rights = rightsOf(this.#scopes(payload), prefix);
    const name = [...userClaims, "sub", "client_id"]
      .map((claim) => payload[claim])
      .find((value) => typeof value === "string" && value !== "");
    if (typeof name !== "string") return { refused: "the token names no user" };
    const expiresAtMs = payload.exp === undefined ? undefined : payload.exp * 1000;
    const isValid = () => expiresAtMs === undefined || clock.nowMs() < expiresAtMs;
    return {
      name,
      tags: rights.tags,
      authorizer: tokenAuthorizer(rights, isValid),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    };
  }

  #scopes(payload: JWTPayload): string[] {
    const { scopeClaim, scopeAliases, resourceServerId } = this.#options;
    const found = [
      ...words(payload.scope),
      ...scopeClaim.split(/\s+/).flatMap((claim) => this.#extraScopes(payload[claim])),
    ];
    const prefix = resourceServerId === undefined ? "" : `${resourceServerId}.`;
    return found.flatMap((scope) => {
      const alias = scopeAliases.get(scope) ?? scopeAliases.get(`${prefix}${scope}`);
      return alias === undefined ? [scope] : words(alias);
    });
  }

  /** A claim may hold words, a list, or an object of lists by resource server (Keycloak). */
  #extraScopes(value: unknown): string[] {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return words(value);
    const { resourceServerId } = this.#options;
    if (resourceServerId === undefined || !Object.hasOwn(value, resourceServerId)) return [];
    return words((value as Record<string, unknown>)[resourceServerId]).map(
      (scope) => `${resourceServerId}.${scope}`,
    );
  }
}

function words(value: unknown): string[] {
  if (typeof value === "string") return value.split(/\s+/).filter((word) => word !== "");
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}
