// Backends against services of their own kind: a web server, token signers, a directory that speaks BER.
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import type { Server } from "node:net";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authenticateBy, type BackendPair } from "../broker/access/backend.ts";
import {
  AccessPending,
  decided,
  type LoginOutcome,
  type User,
  type Verdict,
} from "../broker/access/user.ts";
import { configWith } from "../config/testing.ts";
import { nodeClock } from "../env/node-clock.ts";
import { nodeHashing } from "../env/node-hashing.ts";
import { createHttpBackend } from "./http-backend.ts";
import { createOAuth2Backend, type OAuth2Options } from "./oauth2-backend.ts";
import { createBackends } from "./table.ts";

const peer = { address: "10.1.2.3", port: 5 };
const connection = { name: "c", user: "u", protocol: "test", peer };
const logged: string[] = [];
const log = (text: string) => void logged.push(text);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  logged.length = 0;
});

function login(
  backend: BackendPair,
  user: string,
  password: string | undefined,
): Promise<LoginOutcome> {
  return new Promise((resolve) =>
    authenticateBy([backend], { user, password, peer, protocol: "test" }, resolve),
  );
}

/** Asks until the answer is there, as a connection does. */
async function answer(ask: () => Verdict): Promise<boolean> {
  for (;;) {
    try {
      return decided(ask());
    } catch (error) {
      if (!(error instanceof AccessPending)) throw error;
      await new Promise<void>((resolve) => error.verdict.whenKnown(resolve));
    }
  }
}

async function listen(server: Server | HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe.each(["get", "post"] as const)("http by %s", (method) => {
  let requests: string[];
  let backend: BackendPair;

  beforeEach(async () => {
    requests = [];
    const server = createHttpServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const url = new URL(request.url ?? "", "http://x");
        const fields = new URLSearchParams(method === "get" ? url.search : body);
        requests.push(`${url.pathname} ${fields}`);
        const says: Record<string, string> = {
          "/user":
            fields.get("password") === "secret&=?" ? "ALLOW administrator management" : "deny",
          "/vhost": fields.get("vhost") === "v" ? "allow" : "deny",
          "/resource": fields.get("permission") === "read" ? "allow\n" : "deny",
          "/topic": fields.get("routing_key") === "a.b" ? "allow" : "deny",
        };
        response.writeHead(url.pathname === "/broken" ? 500 : 200);
        response.end(says[url.pathname] ?? "allow");
      });
    });
    const at = `http://127.0.0.1:${await listen(server)}`;
    backend = createHttpBackend({
      clock: nodeClock,
      method,
      userUrl: `${at}/user`,
      vhostUrl: `${at}/vhost`,
      resourceUrl: `${at}/resource`,
      topicUrl: `${at}/topic`,
      timeoutMs: 5000,
      keptMs: 0,
      log,
    });
  });

  test("lets in whom the service lets in, with its tags", async () => {
    const user = await login(backend, "ü", "secret&=?");
    expect(user).toMatchObject({ name: "ü", tags: ["administrator", "management"] });
    expect(await login(backend, "ü", "wrong")).toHaveProperty("refused");
    expect(requests[0]).toBe("/user username=%C3%BC&password=secret%26%3D%3F");
  });

  test("asks for permissions, and for each only once in a while", async () => {
    const user = (await login(backend, "u", "secret&=?")) as User;
    const { authorizer } = user;
    expect(await answer(() => authorizer.permitsVhost(user, "v", connection))).toBe(true);
    expect(await answer(() => authorizer.permitsVhost(user, "w", connection))).toBe(false);
    for (const permission of ["read", "write", "read"] as const) {
      const permits = () => authorizer.permits(user, "v", "queue", "q", permission);
      expect(await answer(permits)).toBe(permission === "read");
    }
    const variables = new Map([["username", "u"]]);
    const permitsTopic = (key: string) =>
      answer(() => authorizer.permitsTopic(user, "v", "x", key, "write", variables));
    expect(await permitsTopic("a.b")).toBe(true);
    expect(await permitsTopic("a.c")).toBe(false);
    expect(requests.slice(1)).toEqual([
      "/vhost username=u&vhost=v&tags=administrator+management&ip=10.1.2.3",
      "/vhost username=u&vhost=w&tags=administrator+management&ip=10.1.2.3",
      "/resource username=u&vhost=v&tags=administrator+management&resource=queue&name=q&permission=read",
      "/resource username=u&vhost=v&tags=administrator+management&resource=queue&name=q&permission=write",
      "/topic username=u&vhost=v&tags=administrator+management&resource=topic&name=x&permission=write&routing_key=a.b&variable_map.username=u",
      "/topic username=u&vhost=v&tags=administrator+management&resource=topic&name=x&permission=write&routing_key=a.c&variable_map.username=u",
    ]);
  });

  test("a service that is gone or broken permits nothing, and no password is logged", async () => {
    const gone = createHttpBackend({
      clock: nodeClock,
      method,
      userUrl: "http://127.0.0.1:1/user",
      vhostUrl: undefined,
      resourceUrl: "http://127.0.0.1:1/resource",
      topicUrl: undefined,
      timeoutMs: 2000,
      keptMs: 0,
      log,
    });
    expect(await login(gone, "u", "topsecret")).toHaveProperty("refused");
    const user: User = { name: "u", tags: [], authorizer: gone.authorizer };
    expect(gone.authorizer.permitsVhost(user, "v", connection)).toBe(false);
    expect(await answer(() => gone.authorizer.permits(user, "v", "queue", "q", "read"))).toBe(
      false,
    );
    expect(logged.join()).toContain("/user");
    expect(logged.join()).not.toContain("topsecret");
  });
});

describe("oauth2", () => {
  const keys = generateKeyPair("ES256");

  async function backend(changes: Partial<OAuth2Options> = {}): Promise<BackendPair> {
    const { publicKey } = await keys;
    return createOAuth2Backend({
      clock: nodeClock,
      resourceServerId: "rabbitmq",
      scopePrefix: undefined,
      issuer: undefined,
      jwksUrl: undefined,
      signingKeys: new Map([["k1", await exportSPKI(publicKey)]]),
      defaultKey: undefined,
      algorithms: [],
      verifyAudience: true,
      scopeClaim: "",
      userClaims: [],
      scopeAliases: new Map(),
      log,
      ...changes,
    });
  }

  async function token(claims: Record<string, unknown>, { kid = "k1", expiry = "5m" } = {}) {
    const { privateKey } = await keys;
    return new SignJWT({ aud: "rabbitmq", sub: "alice", ...claims })
      .setProtectedHeader({ alg: "ES256", kid })
      .setExpirationTime(expiry)
      .sign(privateKey);
  }

  test("scopes are permissions", async () => {
    const scope =
      "rabbitmq.read:*/q-* rabbitmq.write:v%2F1/amq.topic/a.* rabbitmq.configure:v%2F1/* rabbitmq.tag:management other.write:*/*";
    const user = (await login(await backend(), "ignored", await token({ scope }))) as User;
    expect(user).toMatchObject({ name: "alice", tags: ["management"] });
    const { authorizer } = user;
    const permits = (vhost: string, name: string, permission: "read" | "write" | "configure") =>
      authorizer.permits(user, vhost, "queue", name, permission);
    expect(permits("any", "q-1", "read")).toBe(true);
    expect(permits("any", "x", "read")).toBe(false);
    expect(permits("v/1", "x", "configure")).toBe(true);
    expect(permits("v", "x", "configure")).toBe(false);
    expect(permits("v/1", "amq.topic", "write")).toBe(true);
    expect(permits("v/1", "amqxtopic", "write")).toBe(false);
    const topic = (key: string) =>
      authorizer.permitsTopic(user, "v/1", "amq.topic", key, "write", new Map());
    expect(topic("a.b")).toBe(true);
    expect(topic("b.a")).toBe(false);
    expect(authorizer.permitsVhost(user, "v/1", connection)).toBe(true);
    expect(user.expiresAtMs).toBeGreaterThan(Date.now());
  });

  test.each([
    ["another audience", { aud: "other" }, {}],
    ["an expired token", {}, { expiry: "-1m" }],
    ["an unknown key", {}, { kid: "k2" }],
    ["no user", { sub: "" }, {}],
  ])("refuses %s", async (_what, claims, how) => {
    expect(await login(await backend(), "", await token(claims, how))).toHaveProperty("refused");
  });

  test("refuses what is no token, unsigned or signed by somebody else", async () => {
    const other = await generateKeyPair("ES256");
    const forged = await new SignJWT({ aud: "rabbitmq", sub: "alice" })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setExpirationTime("5m")
      .sign(other.privateKey);
    const none = `${btoa('{"alg":"none","kid":"k1"}')}.${btoa('{"sub":"alice","aud":"rabbitmq"}')}.`;
    for (const bad of [forged, none, "x.y.z", "", undefined]) {
      expect(await login(await backend(), "alice", bad)).toHaveProperty("refused");
    }
  });

  test("permits nothing any more when the token expires", async () => {
    let nowMs = Date.now();
    const clock = { ...nodeClock, nowMs: () => nowMs };
    const scope = "rabbitmq.read:*/*";
    const user = (await login(await backend({ clock }), "", await token({ scope }))) as User;
    expect(user.authorizer.permits(user, "v", "queue", "q", "read")).toBe(true);
    nowMs += 6 * 60_000;
    expect(user.authorizer.permits(user, "v", "queue", "q", "read")).toBe(false);
    expect(user.authorizer.permitsVhost(user, "v", connection)).toBe(false);
  });

  test("scopes may be lists, aliases, and lie in other claims", async () => {
    const claims = {
      scope: ["admins"],
      roles: { rabbitmq: ["read:a/*"], other: ["write:a/*"] },
      more: "rabbitmq.read:b/*",
      email: "a@example",
    };
    const user = (await login(
      await backend({
        scopeClaim: "roles more",
        scopeAliases: new Map([["admins", "rabbitmq.tag:administrator rabbitmq.configure:*/*"]]),
        userClaims: ["email"],
      }),
      "",
      await token(claims),
    )) as User;
    expect(user).toMatchObject({ name: "a@example", tags: ["administrator"] });
    const { authorizer } = user;
    expect(authorizer.permits(user, "a", "queue", "q", "read")).toBe(true);
    expect(authorizer.permits(user, "b", "queue", "q", "read")).toBe(true);
    expect(authorizer.permits(user, "a", "queue", "q", "write")).toBe(false);
    expect(authorizer.permits(user, "c", "queue", "q", "configure")).toBe(true);
  });

  test("keys come from the issuer", async () => {
    const { publicKey } = await keys;
    const { exportJWK } = await import("jose");
    const jwk = { ...(await exportJWK(publicKey)), kid: "remote", alg: "ES256" };
    let base = "";
    const server = createHttpServer((request, response) => {
      const isConfiguration = request.url?.endsWith("/.well-known/openid-configuration") ?? false;
      const json = isConfiguration ? { jwks_uri: `${base}/keys` } : { keys: [jwk] };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(json));
    });
    base = `http://127.0.0.1:${await listen(server)}`;
    const issued = { iss: `${base}/realm`, scope: "rabbitmq.read:*/*" };
    const found = await backend({ issuer: `${base}/realm` });
    expect(await login(found, "", await token(issued, { kid: "remote" }))).toMatchObject({
      name: "alice",
    });
    expect(
      await login(found, "", await token({ ...issued, iss: "x" }, { kid: "remote" })),
    ).toHaveProperty("refused");
  });
});

test("the chain is made from the configuration, libraries loaded as needed", async () => {
  const settings = [
    "auth_backends.1=oauth2",
    "auth_backends.2.authn=ldap",
    "auth_backends.2.authz=internal",
    "auth_backends.3=cache",
    "auth_cache.cached_backend=http",
    "auth_backends.4=internal",
  ];
  const config = configWith(...settings);
  const internal = {
    authenticator: { name: "internal", authenticate() {} },
    authorizer: { permitsVhost: () => true, permits: () => true, permitsTopic: () => true },
  };
  const chain = await createBackends({
    access: config.access,
    clock: nodeClock,
    hashing: nodeHashing,
    internal,
    readFile: () => "",
    matches: () => false,
    log,
  });
  expect(chain.map(({ authenticator }) => authenticator.name)).toEqual([
    "oauth2",
    "ldap",
    "cache",
    "internal",
  ]);
  expect(chain[1]?.authorizer).toBe(internal.authorizer);
  expect(chain[1]?.authorizerIsSeparate).toBe(true);
});
