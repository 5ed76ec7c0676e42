// `leveret perf` as PerfTest's users call it: the short options of PerfTest, each seen in what the broker got.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificates } from "../../src/env/testing/certificates.ts";
import { tlsSettings } from "../tls-settings.ts";
import { LeveretProcess } from "./leveret-process.ts";

const folder = mkdtempSync(join(tmpdir(), "leveret-perf-options-"));
const certificates = makeCertificates();
if (certificates === undefined) console.warn("skipped: no openssl to make certificates with");
let broker: LeveretProcess;
let other: LeveretProcess;
let uri: string;

beforeAll(async () => {
  [broker, other] = ["one", "other"].map((name) =>
    LeveretProcess.start(
      ...["--data-dir", join(folder, name), "--amqp-port", "0", "--http-port", "0"],
    ),
  ) as [LeveretProcess, LeveretProcess];
  uri = `amqp://127.0.0.1:${await broker.port("amqp")}`;
});
afterAll(() => {
  broker?.kill();
  other?.kill();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function perf(...args: string[]): Promise<Run> {
  const run = new LeveretProcess(["perf", ...args]);
  const code = await run.exitCode();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

async function resultOf(...args: string[]): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await perf("-j", ...args);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, number>;
}

async function api(path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${await broker.port("http")}/api/${path}`, {
    headers: { authorization: `Basic ${Buffer.from("guest:guest").toString("base64")}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return response.json();
}

interface Got {
  readonly payload: string;
  readonly payload_bytes: number;
  readonly properties: { readonly content_type?: string };
}

function messagesOf(queue: string, count: number): Promise<Got[]> {
  const ask = { count, ackmode: "ack_requeue_false", encoding: "auto" };
  return api(`queues/%2F/${queue}/get`, ask) as Promise<Got[]>;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("what is published", () => {
  it("-vs: sizes in turn", async () => {
    const steps = ["-vs", "100:0.5", "-vs", "2k:0.5"];
    await resultOf(
      "-h",
      uri,
      "-u",
      "sizes",
      "-y",
      "0",
      "-C",
      "90",
      "-r",
      "100",
      "--keep",
      ...steps,
    );
    const sizes = (await messagesOf("sizes", 100)).map((got) => got.payload_bytes);
    expect(sizes).toHaveLength(90);
    expect(new Set(sizes)).toEqual(new Set([100, 2_048]));
    // Half a second each of a hundred a second, one after the other.
    const small = sizes.filter((size) => size === 100).length;
    expect(small).toBeGreaterThan(30);
    expect(small).toBeLessThan(60);
    expect(sizes[0]).toBe(100);
    expect(sizes[89]).toBe(2_048);
  });

  it("-B and -T: what is in files, in turn, and what it is", async () => {
    const files = [file("a", "first"), file("b", "the second")].join(",");
    const args = ["-h", uri, "-u", "bodies", "-y", "0", "-C", "5", "--keep"];
    await resultOf(...args, "-B", files, "-T", "text/plain");
    const got = await messagesOf("bodies", 10);
    expect(got.map(({ payload }) => payload)).toEqual([
      "first",
      "the second",
      "first",
      "the second",
      "first",
    ]);
    expect(got.every(({ properties }) => properties.content_type === "text/plain")).toBe(true);
    expect((await perf("-B", join(folder, "none"))).stderr).toContain("--body: ENOENT");
  });
});

describe("how consumers work", () => {
  it("-L: so long on each message, one after the other", async () => {
    const args = ["-h", uri, "-u", "work", "-C", "100", "-q", "20", "-L", "10000"];
    const result = await resultOf(...args);
    expect(result.avg_consume_rate).toBeLessThanOrEqual(100.5);
    expect(result.avg_consume_rate).toBeGreaterThan(20);
  });

  it("-vl: for so long, then another time", async () => {
    const latencies = ["-vl", "1000:1", "-vl", "20000:9"];
    const result = await resultOf("-h", uri, "-u", "work2", "-C", "1050", "-q", "20", ...latencies);
    // At most a thousand in the first second, the others 20 ms each.
    expect(result.received).toBe(1_050);
    expect(result.elapsed_seconds).toBeGreaterThan(1.9);
  });
});

it("-H: several nodes, which get connections in turn", async () => {
  const uris = [uri, `amqp://127.0.0.1:${await other.port("amqp")}`].join(",");
  const args = ["-H", uris, "-u", "nodes", "-x", "2", "-y", "0", "-C", "10", "-f", "mandatory"];
  const { code, stdout } = await perf(...args);
  expect(code).toBe(0);
  // Queues are made at the first node only: what is published to the other one comes back.
  expect(stdout).toContain("left in queues: 10");
});

it("-ct: a confirm that does not come ends the run", async () => {
  const blocked = LeveretProcess.start(
    ...["--data-dir", join(folder, "blocked"), "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "vm_memory_high_watermark.absolute=1KB"],
  );
  try {
    const to = `amqp://127.0.0.1:${await blocked.port("amqp")}`;
    const { code, stderr } = await perf("-h", to, "-y", "0", "-c", "10", "-ct", "1");
    expect(stderr).toContain("a confirm did not come within 1 s");
    expect(code).toBe(1);
  } finally {
    blocked.kill();
  }
});

it("what publishers send that a full memory held, once the queues are removed, is not called lost", async () => {
  const full = LeveretProcess.start(
    ...["--in-memory", "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "leveret.memory.arena=32MiB"],
  );
  try {
    const to = `amqp://127.0.0.1:${await full.port("amqp")}`;
    const run = ["-h", to, "-x", "4", "-y", "0", "-c", "256", "-s", "1024", "-z", "1"];
    const { lost, left } = await resultOf(...run);
    expect(left).toBeGreaterThan(1_000);
    expect(lost).toBe(0);
  } finally {
    full.kill();
  }
});

it("-mf compact: intervals in columns", async () => {
  const args = ["-h", uri, "-u", "compact", "-z", "1", "--warm-up", "0", "-c", "5", "-i", "0.5"];
  const { stdout } = await perf(...args, "-mf", "compact");
  const lines = stdout.split("\n");
  const header = lines.findIndex((line) => /^ +time \(s\) +sent\/s +confirmed\/s/.test(line));
  expect(header).toBeGreaterThan(0);
  expect(lines[header + 1]).toMatch(/^ +0\.5\d\d +\d+ +\d+ +0 +\d+ +\d+\/\d+\/\d+/);
  expect(stdout).not.toContain(", time ");
  expect((await perf("-mf", "wide")).stderr).toContain("--metrics-format");
});

describe.skipIf(certificates === undefined)("TLS", () => {
  const { ca, client, server } = certificates ?? ({} as never);
  let secure: LeveretProcess;
  let secureUri: string;
  const few = ["-y", "0", "-C", "5"];

  beforeAll(async () => {
    const config = file(
      "tls.conf",
      [...tlsSettings({ ca, server }, file), "prometheus.tcp.port = 0\n"].join("\n"),
    );
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    const directory = ["--data-dir", join(folder, "tls")];
    secure = new LeveretProcess(["start", "--config", config, ...directory, ...ports]);
    secureUri = `amqps://localhost:${await secure.port("amqp/ssl")}`;
  });
  afterAll(() => secure?.kill());

  it("-udsc: the broker's certificate is checked", async () => {
    expect((await perf("-h", secureUri, ...few)).code).toBe(0);
    const refused = await perf("-h", secureUri, "-udsc", ...few);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/certificate/);
    const trusted = await perf(
      "-h",
      secureUri,
      "-udsc",
      "--tls-ca",
      join(folder, "ca.pem"),
      ...few,
    );
    expect(trusted.stderr).toBe("");
    expect(trusted.code).toBe(0);
  });

  it("-se: the client's certificate says who it is", async () => {
    const nobody = secureUri.replace("amqps://", "amqps://nobody:wrong@");
    expect((await perf("-h", nobody, ...few)).code).toBe(1);
    const files = ["--tls-cert", file("client.pem", client.cert)];
    files.push("--tls-key", file("client.key", client.key));
    const logged = await perf("-h", nobody, "-se", ...files, ...few);
    expect(logged.stderr).toBe("");
    expect(logged.code).toBe(0);
    expect((await perf("-h", nobody, "-se", ...few)).code).toBe(1);
  });
});
