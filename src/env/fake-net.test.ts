// The simulated network under the tests every Net passes, in each of its moods.

import { expect, test } from "vitest";
import type { Listener } from "./env.ts";
import { FakeEnv } from "./fake-env.ts";
import type { FakeClient, FakeNetOptions } from "./fake-net.ts";
import {
  conformanceMemory,
  type NetHarness,
  netConformance,
  pattern,
  RecordingHandler,
  type TestClient,
} from "./testing/net-conformance.ts";

const memory = conformanceMemory();

class VirtualClient implements TestClient {
  readonly #client: FakeClient;
  #all = new Uint8Array(0);
  constructor(client: FakeClient) {
    this.#client = client;
  }
  write(bytes: Uint8Array): void {
    this.#client.write(bytes);
  }
  end(): void {
    this.#client.end();
  }
  destroy(): void {
    this.#client.destroy();
  }
  setReads(reads: boolean): void {
    this.#client.setReads(reads);
  }
  get received(): Uint8Array {
    this.#all = Buffer.concat([this.#all, this.#client.take()]);
    return this.#all;
  }
  get ended(): boolean {
    return this.#client.ended || this.#client.closed;
  }
}

async function harness(options: Partial<FakeNetOptions>): Promise<NetHarness> {
  const env = new FakeEnv({ seed: 5, memory, net: options });
  return {
    net: env.net,
    connect: async (listener: Listener) => new VirtualClient(env.net.connect(listener.local.port)),
    until: async (condition) => env.clock.runUntil(condition, 3_600_000),
    while: async () => env.clock.runFor(1000),
    listenOptions: { port: 0 },
    halfClose: true,
  };
}

netConformance("simulated, whole pieces", memory, () => harness({}));
netConformance("simulated, every write in flight", memory, () =>
  harness({ split: "seeded", inFlight: 1, latencyMs: 5 }),
);
netConformance("simulated, seeded pieces, some writes in flight", memory, () =>
  harness({ split: "seeded", inFlight: 0.3, latencyMs: 2 }),
);

test("input can come byte by byte", () => {
  const env = new FakeEnv({ seed: 1, memory, net: { split: "bytes" } });
  const handler = new RecordingHandler(memory);
  void env.net.listen({ port: 5672 }, (socket) => socket.start(handler));
  const client = env.net.connect(5672);
  client.write(pattern(500));
  env.clock.runFor(0);
  expect(handler.largestPiece).toBe(1);
  expect(handler.received).toEqual(Buffer.from(pattern(500)));
});

test("bytes touched while in flight, and the read region used too late, are noticed", () => {
  const env = new FakeEnv({ seed: 1, memory, net: { inFlight: 1 } });
  const handler = new RecordingHandler(memory);
  void env.net.listen({ port: 5672 }, (socket) => {
    socket.start(handler);
    expect(socket.write(0, 10, 1)).toBe(false);
    memory.arena.u8[5] = (memory.arena.u8[5] as number) ^ 1;
  });
  const client = env.net.connect(5672);
  expect(() => env.clock.runFor(10)).toThrow("bytes in flight are not touched");
  client.write(Uint8Array.of(1));
  env.clock.runFor(10);
  expect(memory.arena.u8[memory.read.at]).toBe(0xdd);
});
