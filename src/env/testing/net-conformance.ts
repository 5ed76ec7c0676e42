// What every Net must do, whatever is below it. Each implementation runs these tests through a small harness.

import { beforeAll, describe, expect, test } from "vitest";
import type { Address } from "../../lib/arena.ts";
import { Memory } from "../../lib/memory.ts";
import type { Listener, ListenOptions, Net, Socket, SocketHandler } from "../env.ts";

/** A client made with the tools of the other side, never with the code under test. */
export interface TestClient {
  write(bytes: Uint8Array): void;
  end(): void;
  destroy(): void;
  /** While false it takes nothing from the system any more. */
  setReads(reads: boolean): void;
  /** Everything received so far. */
  readonly received: Uint8Array;
  /** The broker ended its half (or all of it). */
  readonly ended: boolean;
}

export interface NetHarness {
  readonly net: Net;
  connect(listener: Listener): Promise<TestClient>;
  /** Waits until `condition` holds; real time or virtual. */
  until(condition: () => boolean): Promise<void>;
  /** Waits long enough for anything wrong to show. */
  while(): Promise<void>;
  readonly listenOptions: ListenOptions;
  /** WebSocket ends both halves together; TLS over some stacks too. */
  readonly halfClose: boolean;
}

/** Records what a handler hears. */
export class RecordingHandler implements SocketHandler {
  readonly #memory: Memory;
  #pieces: Uint8Array[] = [];
  largestPiece = 0;
  sent: number[] = [];
  ends = 0;
  closes: string[] = [];
  onPiece: (() => void) | undefined;
  onPeerEnd: (() => void) | undefined;

  constructor(memory: Memory) {
    this.#memory = memory;
  }
  get received(): Uint8Array {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
  onBytes(address: Address, lengthBytes: number): void {
    const { read, arena } = this.#memory;
    expect(address >= read.at && address + lengthBytes <= read.at + read.lengthBytes).toBe(true);
    this.#pieces.push(arena.u8.slice(address, address + lengthBytes));
    this.largestPiece = Math.max(this.largestPiece, lengthBytes);
    this.onPiece?.();
  }
  onSent(token: number): void {
    this.sent.push(token);
  }
  onEnd(): void {
    this.ends++;
    this.onPeerEnd?.();
  }
  onClose(reason: string): void {
    this.closes.push(reason);
  }
}

/** Bytes that differ from place to place, so that a shifted or repeated piece shows. */
export function pattern(lengthBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = seed;
  for (let i = 0; i < lengthBytes; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Not `toEqual`: megabytes compared element by element take seconds. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const OUTPUT_AT = 8 * 1_048_576;

export function netConformance(
  name: string,
  memory: Memory,
  makeHarness: () => Promise<NetHarness>,
): void {
  describe(`Net: ${name}`, () => {
    let harness: NetHarness;
    beforeAll(async () => {
      harness = await makeHarness();
    });

    /** One connection, both ends. */
    async function connection() {
      const sockets: Socket[] = [];
      const handler = new RecordingHandler(memory);
      const listener = await harness.net.listen(harness.listenOptions, (socket) => {
        sockets.push(socket);
        socket.start(handler);
      });
      const client = await harness.connect(listener);
      await harness.until(() => sockets.length === 1);
      const socket = sockets[0] as Socket;
      const finish = async () => {
        client.destroy();
        // A connection that breaks off may look like an orderly end: then our half has to follow.
        await harness.until(() => handler.closes.length === 1 || handler.ends === 1);
        socket.end();
        await harness.until(() => handler.closes.length === 1);
        await listener.close();
        await harness.while();
        expect(handler.closes.length).toBe(1);
      };
      return { socket, handler, client, listener, finish };
    }

    function put(bytes: Uint8Array, at = OUTPUT_AT): Address {
      memory.arena.u8.set(bytes, at);
      return at;
    }

    /** Writes slab after slab the way a connection does: on, until one is in flight. */
    async function writeAll(socket: Socket, handler: RecordingHandler, bytes: Uint8Array) {
      const slabBytes = 65_536;
      let token = 100;
      let inFlight = 0;
      for (let from = 0; from < bytes.length; from += slabBytes) {
        const slab = bytes.subarray(from, from + slabBytes);
        token++;
        if (!socket.write(put(slab), slab.length, token)) {
          inFlight++;
          const awaited = token;
          await harness.until(() => handler.sent.at(-1) === awaited);
        }
        // The bytes may be reused now: whoever still looks at them sees this instead.
        memory.arena.u8.fill(0xee, OUTPUT_AT, OUTPUT_AT + slab.length);
      }
      return inFlight;
    }

    test("bytes arrive whole and in order, both ways", async () => {
      const { socket, handler, client, finish } = await connection();
      client.write(Buffer.from("AMQP\0\0\u0009\u0001"));
      await harness.until(() => handler.received.length === 8);
      expect(Buffer.from(handler.received).toString("latin1")).toBe("AMQP\0\0\u0009\u0001");
      const answer = Buffer.from("welcome");
      if (!socket.write(put(answer), answer.length, 7)) {
        await harness.until(() => handler.sent.length === 1);
        expect(handler.sent).toEqual([7]);
      }
      await harness.until(() => client.received.length === answer.length);
      expect(same(client.received, answer)).toBe(true);
      await finish();
    });

    test("a big transfer comes in as it was sent", async () => {
      const { handler, client, finish } = await connection();
      const sent = pattern(1_500_000);
      client.write(sent);
      await harness.until(() => handler.received.length === sent.length);
      expect(same(handler.received, sent)).toBe(true);
      expect(handler.largestPiece).toBeLessThanOrEqual(memory.read.lengthBytes);
      await finish();
    });

    test("a big transfer goes out as it was written, though its memory is reused at once", async () => {
      const { socket, handler, client, finish } = await connection();
      const sent = pattern(4_000_000, 2);
      await writeAll(socket, handler, sent);
      await harness.until(() => client.received.length === sent.length);
      expect(same(client.received, sent)).toBe(true);
      await finish();
    });

    test("a client that does not read leaves a write in flight, and it ends when it reads again", async () => {
      const { socket, handler, client, finish } = await connection();
      client.setReads(false);
      const slab = pattern(262_144, 3);
      const at = put(slab);
      let token = 0;
      // System buffers take a few slabs; a thousand would be 256 MiB.
      for (let stuck = false; !stuck && token < 1000; ) {
        if (socket.write(at, slab.length, ++token)) continue;
        await harness.while();
        stuck = handler.sent.at(-1) !== token;
      }
      expect(token).toBeLessThan(1000);
      client.setReads(true);
      await harness.until(() => handler.sent.at(-1) === token);
      await harness.until(() => client.received.length === token * slab.length);
      await finish();
    });

    test("nothing arrives while paused, everything after resume", async () => {
      const { socket, handler, client, finish } = await connection();
      client.write(pattern(10));
      await harness.until(() => handler.received.length === 10);
      socket.pause();
      const sent = pattern(1_000_000, 4);
      client.write(sent);
      await harness.while();
      expect(handler.received.length).toBe(10);
      socket.resume();
      await harness.until(() => handler.received.length === 10 + sent.length);
      expect(same(handler.received.subarray(10), sent)).toBe(true);
      await finish();
    });

    test("pausing inside onBytes holds the rest back", async () => {
      const { socket, handler, client, finish } = await connection();
      let resumes = 0;
      let pausedPieces = 0;
      let paused = false;
      handler.onPiece = () => {
        if (paused) pausedPieces++;
        socket.pause();
        paused = true;
      };
      const sent = pattern(600_000, 5);
      client.write(sent);
      while (handler.received.length < sent.length) {
        await harness.until(() => paused || handler.received.length === sent.length);
        resumes++;
        paused = false;
        socket.resume();
      }
      expect(same(handler.received, sent)).toBe(true);
      expect(pausedPieces).toBe(0);
      expect(resumes).toBeGreaterThan(1);
      await finish();
    });

    test("the client's end is heard once, after its bytes; ours follows and closes", async () => {
      const { socket, handler, client, listener } = await connection();
      client.write(pattern(100));
      client.end();
      await harness.until(() => handler.ends === 1);
      expect(handler.received.length).toBe(100);
      if (harness.halfClose) {
        const answer = pattern(50, 6);
        if (!socket.write(put(answer), 50, 1)) {
          await harness.until(() => handler.sent.length === 1);
        }
        await harness.until(() => client.received.length === 50);
        expect(handler.closes).toEqual([]);
        socket.end();
      }
      await harness.until(() => handler.closes.length === 1);
      expect(handler.closes).toEqual([""]);
      expect(handler.ends).toBe(1);
      await listener.close();
    });

    test("end() sends what is in flight first", async () => {
      const { socket, handler, client, listener } = await connection();
      const sent = pattern(300_000, 7);
      socket.write(put(sent), sent.length, 1);
      socket.end();
      await harness.until(() => client.ended);
      expect(same(client.received, sent)).toBe(true);
      await harness.until(() => handler.closes.length === 1);
      await listener.close();
    });

    test("destroy() closes at once and is heard once", async () => {
      const { socket, handler, client, listener } = await connection();
      socket.destroy();
      socket.destroy();
      await harness.until(() => handler.closes.length === 1 && client.ended);
      await harness.while();
      expect(handler.closes).toEqual([""]);
      // A late writer does no harm.
      expect(socket.write(put(pattern(10)), 10, 9)).toBe(true);
      socket.pause();
      socket.resume();
      socket.end();
      await listener.close();
    });

    test("a client that breaks off is heard as closed", async () => {
      const { socket, handler, client, finish } = await connection();
      client.write(pattern(10));
      await harness.until(() => handler.received.length === 10);
      socket.pause();
      socket.resume();
      await finish();
    });

    test("many connections do not mix their bytes", async () => {
      const handlers: RecordingHandler[] = [];
      const sockets: Socket[] = [];
      const listener = await harness.net.listen(harness.listenOptions, (socket) => {
        const handler = new RecordingHandler(memory);
        handlers.push(handler);
        handler.onPeerEnd = () => socket.end();
        sockets.push(socket);
        socket.start(handler);
      });
      const clients: TestClient[] = [];
      for (let i = 0; i < 8; i++) clients.push(await harness.connect(listener));
      await harness.until(() => sockets.length === 8);
      for (let round = 0; round < 5; round++) {
        for (const [i, client] of clients.entries()) {
          client.write(pattern(20_000, 10 + i).subarray(round * 4000, (round + 1) * 4000));
        }
      }
      await harness.until(() => handlers.every((handler) => handler.received.length === 20_000));
      const expected = clients.map((_, i) => Buffer.from(pattern(20_000, 10 + i)).toString("hex"));
      const received = handlers.map((handler) => Buffer.from(handler.received).toString("hex"));
      expect([...received].sort()).toEqual(expected.sort());
      for (const client of clients) client.destroy();
      await harness.until(() => handlers.every((handler) => handler.closes.length === 1));
      await listener.close();
    });

    test("both ends are named", async () => {
      const { socket, listener, finish } = await connection();
      expect(listener.local.port).toBeGreaterThan(0);
      expect(socket.local.port).toBe(listener.local.port);
      expect(socket.peer.port).toBeGreaterThan(0);
      expect(["127.0.0.1", "::1"]).toContain(socket.peer.address);
      await finish();
    });

    test("a port that is taken is refused, and free again after close", async () => {
      const first = await harness.net.listen(harness.listenOptions, () => {});
      const again = { ...harness.listenOptions, port: first.local.port };
      await expect(harness.net.listen(again, () => {})).rejects.toMatchObject({
        name: "NetError",
        code: "EADDRINUSE",
      });
      await first.close();
      const second = await harness.net.listen(again, () => {});
      await second.close();
    });
  });
}

/** An arena big enough for the tests above. */
export function conformanceMemory(): Memory {
  return new Memory({ arenaBytes: 32 * 1_048_576 });
}
