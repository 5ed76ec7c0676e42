// Client libraries from npm over everything but plain TCP: TLS with client certificates (EXTERNAL), WebSocket, behind a
// proxy that speaks the PROXY protocol; and with tokens that are renewed while connected.

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AMQPWebSocketClient } from "@cloudamqp/amqp-client";
import { connect, credentials } from "amqplib";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeCertificates } from "../../src/env/testing/certificates.ts";
import { LeveretProcess } from "../process/leveret-process.ts";
import { tlsSettings } from "../tls-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "leveret-transports-"));
const certificates = makeCertificates();
if (certificates === undefined) console.warn("skipped: no openssl to make certificates with");

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A broker of its own process with these lines as its rabbitmq.conf. */
async function startBroker(name: string, ...lines: string[]): Promise<LeveretProcess> {
  const config = file(`${name}.conf`, `${lines.join("\n")}\nprometheus.tcp.port = 0\n`);
  const directory = ["--data-dir", join(folder, name)];
  const ports = ["--amqp-port", "0", "--http-port", "0"];
  const broker = new LeveretProcess(["start", "--config", config, ...directory, ...ports]);
  await broker.printed("Server startup complete");
  return broker;
}

/** What the HTTP API says about the one connection there is. */
async function onlyConnection(broker: LeveretProcess): Promise<Record<string, unknown>> {
  const url = `http://127.0.0.1:${await broker.port("http")}/api/connections`;
  const headers = { authorization: `Basic ${Buffer.from("guest:guest").toString("base64")}` };
  const connections = (await (await fetch(url, { headers })).json()) as Record<string, unknown>[];
  expect(connections).toHaveLength(1);
  return connections[0] as Record<string, unknown>;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(certificates === undefined)("TLS", () => {
  const { ca, client, server, stranger } = certificates ?? ({} as never);
  let broker: LeveretProcess;
  let url: string;

  beforeAll(async () => {
    broker = await startBroker("tls", ...tlsSettings({ ca, server }, file));
    url = `amqps://localhost:${await broker.port("amqp/ssl")}/`;
  });
  afterAll(() => broker?.kill());

  it("EXTERNAL logs in whom the client's certificate names", async () => {
    const connection = await connect(url, {
      ...{ ca: [ca], cert: client.cert, key: client.key },
      credentials: credentials.external(),
    });
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("by-certificate");
    channel.sendToQueue("by-certificate", Buffer.alloc(300_000, "x"));
    await channel.waitForConfirms();
    const message = await channel.get("by-certificate", { noAck: true });
    if (message === false) throw new Error("nothing there");
    expect(message.content.length).toBe(300_000);
    expect(await onlyConnection(broker)).toMatchObject({
      ...{ user: "guest", auth_mechanism: "EXTERNAL", ssl: true, ssl_protocol: "tlsv1.3" },
      peer_cert_subject: "CN=guest,O=client",
    });
    await connection.close();
  });

  it("EXTERNAL without a certificate is refused, a password is not", async () => {
    await expect(connect(url, { ca: [ca], credentials: credentials.external() })).rejects.toThrow(
      /403|ACCESS_REFUSED|ACCESS-REFUSED/,
    );
    const connection = await connect(url.replace("//", "//guest:guest@"), { ca: [ca] });
    await connection.close();
  });

  it("a certificate that nobody known signed ends in the handshake", async () => {
    const { cert, key } = stranger;
    await expect(
      connect(url, { ...{ ca: [ca], cert, key }, credentials: credentials.external() }),
    ).rejects.toThrow();
  });
});

describe("WebSocket", () => {
  it("carries AMQP for a browser's client", async () => {
    const broker = await startBroker("websocket", "leveret.listeners.websocket.1 = 127.0.0.1:0");
    // Browsers have it, and so has Node from 22 on.
    globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
    const port = await broker.port("amqp/ws");
    const client = new AMQPWebSocketClient(`ws://127.0.0.1:${port}/ws/amqp`);
    const connection = await client.connect();
    const channel = await connection.channel();
    await channel.confirmSelect();
    await channel.queueDeclare("from-a-browser");
    const body = "x".repeat(100_000);
    await channel.basicPublish("", "from-a-browser", body);
    const received = await new Promise<string | null>((resolve) => {
      void channel.basicConsume("from-a-browser", { noAck: true }, (message) =>
        resolve(message.bodyString()),
      );
    });
    expect(received).toBe(body);
    expect(await onlyConnection(broker)).toMatchObject({ user: "guest", protocol: "AMQP 0-9-1" });
    await connection.close();
    await broker.kill();
  });
});

describe("behind a proxy", () => {
  it.each([
    ["1", Buffer.from("PROXY TCP4 203.0.113.7 203.0.113.1 50123 5672\r\n")],
    [
      "2",
      Buffer.concat([
        Buffer.from("\r\n\r\n\0\r\nQUIT\n"),
        Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 7, 203, 0, 113, 1, 0xc3, 0xcb, 0x16, 0x28]),
      ]),
    ],
  ])("the real peer is the one that version %s of its header names", async (version, header) => {
    const broker = await startBroker(`proxy-${version}`, "proxy_protocol = true");
    const port = await broker.port("amqp");
    const proxy = createServer((near) => {
      const far = connectTcp(port, "127.0.0.1");
      far.write(header);
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const connection = await connect({ port: (proxy.address() as AddressInfo).port }).catch(
      (error: Error) => error,
    );
    // guest may only come from this machine, and says now that it does not.
    expect(String(connection)).toMatch(/ACCESS.REFUSED/);
    await broker.kill();
    proxy.close();
  });
});

describe("tokens", () => {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let broker: LeveretProcess;

  const token = (lifetimeSeconds: number) =>
    new SignJWT({ scope: "shop.configure:*/* shop.write:*/* shop.read:*/*" })
      .setProtectedHeader({ alg: "RS256", kid: "ours" })
      .setSubject("till")
      .setAudience("shop")
      .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
      .sign(keys.privateKey);
  const logIn = async (lifetimeSeconds: number) =>
    connect({
      port: await broker.port("amqp"),
      username: "",
      password: await token(lifetimeSeconds),
    });

  beforeAll(async () => {
    const pem = keys.publicKey.export({ type: "spki", format: "pem" }) as string;
    broker = await startBroker(
      "tokens",
      "auth_backends.1 = oauth2",
      "auth_oauth2.resource_server_id = shop",
      `auth_oauth2.signing_keys.ours = ${file("ours.pem", pem)}`,
    );
  });
  afterAll(() => broker?.kill());

  it("end the connection when they expire, unless update-secret brings a new one", async () => {
    const [left, renewed] = [await logIn(3), await logIn(3)];
    const closed = new Promise<Error>((resolve) => left.once("close", resolve));
    const channel = await renewed.createConfirmChannel();
    await channel.assertQueue("till");
    await renewed.updateSecret(Buffer.from(await token(600)), "renewed");
    expect(String(await closed)).toMatch(/320|CONNECTION_FORCED|credential expired/);
    channel.sendToQueue("till", Buffer.from("still here"));
    await channel.waitForConfirms();
    await renewed.close();
  }, 30_000);

  it("a secret that is none ends the connection", async () => {
    const connection = await logIn(600);
    connection.on("error", () => {});
    const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
    connection.updateSecret(Buffer.from("no token"), "by mistake").catch(() => {});
    expect(String(await closed)).toMatch(/New secret was refused/);
  });
});
