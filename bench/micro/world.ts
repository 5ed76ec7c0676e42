// The whole broker without sockets: bytes go in where a socket would put them, and what it writes is only counted.
// What is left is the broker's own cost per message, free of the kernel's.

import { openAuthorizer } from "../../src/broker/access/user.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { Clock, Socket, SocketHandler, TimerHandle } from "../../src/env/env.ts";
import { SeededRandom } from "../../src/env/fake-random.ts";
import { assert } from "../../src/lib/assert.ts";
import { Memory } from "../../src/lib/memory.ts";
import { encodeMethod } from "../../src/perf/client/channel.ts";
import { Amqp091Acceptor } from "../../src/protocols/amqp091/acceptor.ts";
import { PROTOCOL_HEADER } from "../../src/protocols/amqp091/codec/frames.ts";
import type { ClientMethod } from "../../src/protocols/amqp091/codec/methods.generated.ts";
import { createCore } from "../../src/server/core.ts";
import { MemoryEngine } from "../../src/store/memory-engine.ts";

const ARENA_BYTES = 128 * 1_048_576;

/** Time stands still, and turns run when the bench says so. */
class BenchClock implements Clock {
  #turns: (() => void)[] = [];

  nowMs(): number {
    return 1_750_000_000_000;
  }
  monotonicMs(): number {
    return 0;
  }
  setTimer(): TimerHandle {
    return {};
  }
  clearTimer(): void {}
  nextTurn(onTurn: () => void): void {
    this.#turns.push(onTurn);
  }

  runTurns(): void {
    while (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (const turn of turns) turn();
    }
  }
}

/** A client's end: puts bytes into the read region, counts what comes back. */
export class BenchSocket implements Socket {
  readonly peer = { address: "127.0.0.1", port: 50_000 };
  readonly local = { address: "127.0.0.1", port: 5672 };
  readonly tls = undefined;
  readonly #world: World;
  #handler: SocketHandler | undefined;
  writtenBytes = 0;

  constructor(world: World) {
    this.#world = world;
  }

  start(handler: SocketHandler): void {
    this.#handler = handler;
  }
  write(_address: number, lengthBytes: number): boolean {
    this.writtenBytes += lengthBytes;
    return true;
  }
  pause(): void {}
  resume(): void {}
  readGently(): void {}
  end(): void {}
  destroy(): void {
    throw new Error("the broker dropped the connection");
  }

  /** The broker reads `bytes`. */
  receive(bytes: Uint8Array): void {
    const { memory } = this.#world;
    assert(bytes.length <= memory.read.lengthBytes, "a read fits the read region");
    memory.arena.u8.set(bytes, memory.read.at);
    this.#handler!.onBytes(memory.read.at, bytes.length);
  }

  call(channel: number, method: ClientMethod): void {
    this.receive(encodeMethod(channel, method));
    this.#world.clock.runTurns();
  }
}

export class World {
  readonly clock = new BenchClock();
  readonly memory = new Memory({ arenaBytes: ARENA_BYTES });
  readonly broker: Broker;
  readonly #acceptor: Amqp091Acceptor;

  constructor() {
    const { memory, clock } = this;
    this.broker = createCore({
      clock,
      random: new SeededRandom(1),
      memory,
      engine: new MemoryEngine({ memory, clock }),
      nodeName: "rabbit@bench",
      clusterName: "rabbit@bench",
    });
    this.broker.addVhost("/");
    const user = { name: "guest", tags: [], authorizer: openAuthorizer };
    this.#acceptor = new Amqp091Acceptor(this.broker, {
      tune: { channelMax: 2047, frameMaxBytes: 131_072, heartbeatSeconds: 0 },
      mechanisms: ["PLAIN"],
      handshakeTimeoutMs: 10_000,
      closeTimeoutMs: 5_000,
      silentCloseDelayMs: 3_000,
      server: () => ({
        product: "RabbitMQ",
        version: "4.3.0",
        leveretVersion: "0.0.0",
        clusterName: "rabbit@bench",
      }),
      authenticate: (_claim, _connection, onOutcome) => onOutcome(user),
      updateSecret: (_claim, _connection, onOutcome) => onOutcome(user),
      onUserOpened: () => {},
      log: () => {},
      onBug: (error) => {
        throw error;
      },
    });
  }

  /** An open connection with channel 1. */
  connect(): BenchSocket {
    const socket = new BenchSocket(this);
    this.#acceptor.accept(socket);
    socket.receive(PROTOCOL_HEADER);
    this.clock.runTurns();
    socket.call(0, {
      name: "connection.start-ok",
      clientProperties: new Map(),
      mechanism: "PLAIN",
      response: new TextEncoder().encode("\0guest\0guest"),
      locale: "en_US",
    });
    socket.call(0, {
      name: "connection.tune-ok",
      channelMax: 2047,
      frameMax: 131_072,
      heartbeat: 0,
    });
    socket.call(0, { name: "connection.open", virtualHost: "/" });
    socket.call(1, { name: "channel.open" });
    return socket;
  }
}
