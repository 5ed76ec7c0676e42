// Users who are known elsewhere: the program asks a web service, an issuer of tokens and a directory (Debian's slapd),
// each running beside it, and amqplib and the HTTP API show what that permits.

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import amqplib from "amqplib";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { LeveretProcess } from "./leveret-process.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, server };
}

class Broker {
  readonly #leveret: LeveretProcess;

  constructor(settings: Readonly<Record<string, string>>) {
    const given = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    this.#leveret = LeveretProcess.start("--in-memory", ...ports, ...given);
    closers.push(() => this.#leveret.kill());
  }

  /** Rejects with what the broker says where it lets nobody in. */
  async connect(user: string, password: string) {
    const socket = {
      protocol: "amqp",
      hostname: "127.0.0.1",
      port: await this.#leveret.port("amqp"),
    };
    const connection = await amqplib.connect({ ...socket, username: user, password });
    connection.on("error", () => {});
    closers.push(() => connection.close().catch(() => {}));
    return connection;
  }

  async whoAmI(user: string, password: string): Promise<{ status: number; tags?: string[] }> {
    const response = await fetch(
      `http://127.0.0.1:${await this.#leveret.port("http")}/api/whoami`,
      { headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` } },
    );
    const { tags } = (await response.json()) as { tags?: string[] };
    return { status: response.status, ...(tags === undefined ? {} : { tags }) };
  }
}

type Connection = Awaited<ReturnType<Broker["connect"]>>;

/** "done", or what the broker says of it. */
async function outcome(
  connection: Connection,
  act: (channel: amqplib.Channel) => Promise<unknown>,
): Promise<string> {
  const channel = await connection.createChannel();
  const closed = new Promise<string>((resolve) =>
    channel.once("error", ({ message }: Error) => resolve(message)),
  );
  const done = act(channel).then(() => "done");
  done.catch(() => {});
  const what = await Promise.race([closed, done.catch(() => closed)]);
  if (what === "done") await channel.close();
  return what;
}

describe.each(["get", "post"])("a web service asked by %s", (method) => {
  let broker: Broker;
  let service: Server;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    const { url, server } = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { pathname, search } = new URL(request.url ?? "/", "http://service");
        const fields = new URLSearchParams(
          request.method === "GET" ? search : Buffer.concat(chunks).toString(),
        );
        asked.push(`${request.method} ${pathname}`);
        response.end(verdict(pathname, fields));
      });
    });
    service = server;
    broker = new Broker({
      "auth_backends.1": "http",
      "auth_http.http_method": method,
      "auth_http.user_path": `${url}/auth/user`,
      "auth_http.vhost_path": `${url}/auth/vhost`,
      "auth_http.resource_path": `${url}/auth/resource`,
      "auth_http.topic_path": `${url}/auth/topic`,
    });
  });

  function verdict(path: string, fields: URLSearchParams): string {
    const of = (name: string) => fields.get(name) ?? "";
    const permitted: Readonly<Record<string, boolean>> = {
      "/auth/vhost": of("vhost") === "/" && of("ip").includes("127.0.0.1"),
      "/auth/resource": of("resource") === "exchange" || of("name").startsWith("own"),
      "/auth/topic": of("routing_key").startsWith("a."),
    };
    if (path !== "/auth/user") return permitted[path] ? "allow" : "deny";
    return of("username") === "ann" && of("password") === "sec ret&=ü"
      ? "allow monitoring"
      : "deny";
  }

  test("lets in and permits what it says", async () => {
    await expect(broker.connect("ann", "wrong")).rejects.toThrow(/ACCESS[-_]REFUSED/);
    expect(await broker.whoAmI("bob", "sec ret&=ü")).toMatchObject({ status: 401 });
    const connection = await broker.connect("ann", "sec ret&=ü");
    expect(await outcome(connection, (channel) => channel.assertQueue("own"))).toBe("done");
    expect(await outcome(connection, (channel) => channel.assertQueue("others"))).toMatch(
      "403 (ACCESS-REFUSED)",
    );
    const bind = (key: string) => (channel: amqplib.Channel) =>
      channel.bindQueue("own", "amq.topic", key);
    expect(await outcome(connection, bind("a.b"))).toBe("done");
    expect(await outcome(connection, bind("b.b"))).toMatch("403 (ACCESS-REFUSED)");
    expect(new Set(asked.map((line) => line.split(" ")[0]))).toEqual(
      new Set([method.toUpperCase()]),
    );
    expect(asked).toContain(`${method.toUpperCase()} /auth/topic`);
  });

  test("while it is gone nobody comes in", async () => {
    service.close();
    service.closeAllConnections();
    await expect(broker.connect("ann", "sec ret&=ü")).rejects.toThrow(/ACCESS[-_]REFUSED/);
  });
});

describe("tokens of an issuer, found by its discovery document", () => {
  let broker: Broker;
  let issuer: string;
  const keys = generateKeyPair("RS256");

  beforeEach(async () => {
    const jwk = {
      ...(await exportJWK((await keys).publicKey)),
      kid: "key-1",
      use: "sig",
      alg: "RS256",
    };
    const { url } = await serve((request, response) => {
      const documents: Readonly<Record<string, unknown>> = {
        "/realm/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/certs` },
        "/realm/certs": { keys: [jwk] },
      };
      const document = documents[request.url ?? ""];
      response.writeHead(document === undefined ? 404 : 200, {
        "content-type": "application/json",
      });
      response.end(JSON.stringify(document ?? {}));
    });
    issuer = `${url}/realm`;
    broker = new Broker({
      "auth_backends.1": "oauth2",
      "auth_backends.2": "internal",
      "auth_oauth2.resource_server_id": "rabbitmq",
      "auth_oauth2.issuer": issuer,
      "auth_oauth2.scope_aliases.operators": "rabbitmq.tag:policymaker",
      "auth_oauth2.scope_aliases.1.alias": "api://rabbit.admins",
      "auth_oauth2.scope_aliases.1.scope": "rabbitmq.tag:administrator rabbitmq.read:*/*",
    });
  });

  async function token(scope: string, expiry = "5m", key = keys): Promise<string> {
    return new SignJWT({ scope })
      .setProtectedHeader({ alg: "RS256", kid: "key-1" })
      .setIssuer(issuer)
      .setAudience("rabbitmq")
      .setSubject("ann")
      .setExpirationTime(expiry)
      .sign((await key).privateKey);
  }

  test("their scopes are permissions and tags", async () => {
    const scopes = ["configure:%2F/own*", "read:%2F/own*", "tag:monitoring"];
    const good = await token(scopes.map((scope) => `rabbitmq.${scope}`).join(" "));
    const connection = await broker.connect("", good);
    expect(await outcome(connection, (channel) => channel.assertQueue("own"))).toBe("done");
    expect(await outcome(connection, (channel) => channel.get("own"))).toBe("done");
    expect(await outcome(connection, (channel) => channel.assertQueue("others"))).toMatch("403");
    expect(await broker.whoAmI("ann", good)).toEqual({ status: 200, tags: ["monitoring"] });
    const aliased = await token("operators api://rabbit.admins");
    const { tags } = await broker.whoAmI("ann", aliased);
    expect(tags?.toSorted()).toEqual(["administrator", "policymaker"]);
    // Those stored here come in beside them.
    await broker.connect("guest", "guest");
  });

  test("forged and expired ones are refused", async () => {
    const scope = "rabbitmq.read:*/*";
    const forged = await token(scope, "5m", generateKeyPair("RS256"));
    for (const bad of [forged, await token(scope, "-1m"), "no token"]) {
      await expect(broker.connect("", bad)).rejects.toThrow(/ACCESS[-_]REFUSED/);
    }
  });

  test("a connection ends with its token, unless it is given another in time", async () => {
    const scope = "rabbitmq.configure:*/* rabbitmq.read:*/*";
    const ended = (connection: Connection) =>
      new Promise<string>((resolve) =>
        connection.once("close", (error?: Error) => resolve(String(error))),
      );
    // The broker is up: the tokens' time is for their connections.
    await broker.connect("guest", "guest");
    const [left, renewed] = [
      await broker.connect("", await token(scope, "6s")),
      await broker.connect("", await token(scope, "6s")),
    ];
    await renewed.updateSecret(Buffer.from(await token(scope, "5m")), "renewed");
    expect(await ended(left)).toMatch(/token|expired|CONNECTION_FORCED/i);
    expect(await outcome(renewed, (channel) => channel.assertQueue("own"))).toBe("done");
  });
});

const SLAPD = "/usr/sbin/slapd";

describe.skipIf(!existsSync(SLAPD))(
  existsSync(SLAPD) ? "a directory" : "a directory: slapd is not installed",
  () => {
    const PEOPLE = [
      "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example",
      "dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people",
      "dn: ou=groups,dc=example,dc=com\nobjectClass: organizationalUnit\nou: groups",
      ...["ann", "bob", "o\\,brien"].map(
        (name) =>
          `dn: uid=${name},ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ${name.replace("\\", "")}\ncn: ${name}\nsn: ${name}\nuserPassword: ${name[0]}-secret`,
      ),
      "dn: cn=admins,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: admins\nmember: uid=ann,ou=people,dc=example,dc=com",
      "dn: cn=users,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: users\nmember: cn=admins,ou=groups,dc=example,dc=com\nmember: uid=o\\,brien,ou=people,dc=example,dc=com",
    ];
    let folder: string;
    let port: number;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "leveret-slapd-"));
      closers.push(() => rmSync(folder, { recursive: true, force: true }));
      const configuration = join(folder, "slapd.conf");
      mkdirSync(join(folder, "db"));
      writeFileSync(configuration, slapdConfiguration(folder));
      writeFileSync(join(folder, "people.ldif"), `${PEOPLE.join("\n\n")}\n`);
      // Under its own path some systems let it read its own directories only. What it does it knows by its name.
      const [slapd, slapadd] = [join(folder, "slapd"), join(folder, "slapadd")];
      for (const copy of [slapd, slapadd]) copyFileSync(SLAPD, copy);
      const people = join(folder, "people.ldif");
      const added = spawnSync(slapadd, ["-f", configuration, "-l", people]);
      expect(added.status, String(added.stderr)).toBe(0);
      port = await freePort();
      const url = `ldap://127.0.0.1:${port}`;
      const options = ["-h", url, "-f", configuration, "-d", "0"];
      const directory = spawn(slapd, options, { stdio: "ignore" });
      const ended = new Promise((resolve) => directory.once("exit", resolve));
      closers.push(() => {
        directory.kill("SIGKILL");
        return ended;
      });
      await answers(port);
    });

    function newBroker(settings: Readonly<Record<string, string>>): Broker {
      return new Broker({
        "auth_backends.1": "ldap",
        "auth_ldap.servers.1": "127.0.0.1",
        "auth_ldap.port": String(port),
        "auth_ldap.vhost_access_query": '{in_group_nested, "cn=users,ou=groups,dc=example,dc=com"}',
        "auth_ldap.group_lookup_base": "ou=groups,dc=example,dc=com",
        "auth_ldap.resource_access_query":
          '{for, [{permission, configure, {in_group, "cn=admins,ou=groups,dc=example,dc=com"}}, {permission, write, {constant, true}}, {permission, read, {constant, true}}]}',
        "auth_ldap.tag_queries.administrator":
          '{in_group, "cn=admins,ou=groups,dc=example,dc=com"}',
        ...settings,
      });
    }

    test("who can bind there comes in, and its groups permit", async () => {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: RabbitMQ's placeholder, not ours.
      const pattern = "uid=${username},ou=people,dc=example,dc=com";
      const broker = newBroker({ "auth_ldap.user_dn_pattern": pattern });
      await expect(broker.connect("ann", "wrong")).rejects.toThrow(/ACCESS[-_]REFUSED/);
      // An empty password is what directories take for nobody in particular.
      await expect(broker.connect("ann", "")).rejects.toThrow(/ACCESS[-_]REFUSED/);
      // Bob is nobody's member: he may log in and enter nothing.
      await expect(broker.connect("bob", "b-secret")).rejects.toThrow("ConnectionClose");
      const ann = await broker.connect("ann", "a-secret");
      expect(await outcome(ann, (channel) => channel.assertQueue("q"))).toBe("done");
      expect(await broker.whoAmI("ann", "a-secret")).toEqual({
        status: 200,
        tags: ["administrator"],
      });
      // A comma in a name stays part of the name.
      const other = await broker.connect("o,brien", "o-secret");
      expect(await outcome(other, (channel) => channel.get("q"))).toBe("done");
      expect(await outcome(other, (channel) => channel.assertQueue("r"))).toMatch("403");
    });

    test("who is found by a search comes in", async () => {
      const broker = newBroker({
        "auth_ldap.dn_lookup_attribute": "uid",
        "auth_ldap.dn_lookup_base": "ou=people,dc=example,dc=com",
        "auth_ldap.dn_lookup_bind.user_dn": "cn=admin,dc=example,dc=com",
        "auth_ldap.dn_lookup_bind.password": "admin-secret",
      });
      await broker.connect("ann", "a-secret");
      for (const name of ["*", "ann)(uid=*", "nobody"]) {
        await expect(broker.connect(name, "a-secret")).rejects.toThrow(/ACCESS[-_]REFUSED/);
      }
    });
  },
);

function slapdConfiguration(folder: string): string {
  const schemas = ["core", "cosine", "inetorgperson"];
  return [
    ...schemas.map((name) => `include /etc/ldap/schema/${name}.schema`),
    `pidfile ${join(folder, "slapd.pid")}`,
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "database mdb",
    'suffix "dc=example,dc=com"',
    'rootdn "cn=admin,dc=example,dc=com"',
    "rootpw admin-secret",
    `directory ${join(folder, "db")}`,
    "",
  ].join("\n");
}

/** Waits until somebody listens there. */
async function answers(port: number): Promise<void> {
  await expect
    .poll(
      () =>
        new Promise((resolve) => {
          const socket = connectTcp(port, "127.0.0.1");
          socket.once("connect", () => resolve(socket.destroy()));
          socket.once("error", () => resolve("refused"));
        }),
    )
    .not.toBe("refused");
}
