// What clients send, held back for a while: a slow network. What the broker sends is not.

import type { Clock, Socket, SocketHandler } from "../env/env.ts";
import { CopiedInput } from "../env/node-copied-input.ts";
import type { Address } from "../lib/arena.ts";
import type { Memory } from "../lib/memory.ts";

interface Held {
  readonly dueMs: number;
  readonly deliver: () => void;
}

export class DelayedInput {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #latencyMs: () => number;
  readonly #handler: SocketHandler;
  readonly #copied: CopiedInput;
  /** In the order in which it came: nothing overtakes what is held, whatever the latency is by then. */
  readonly #held: Held[] = [];

  constructor(
    parts: { readonly memory: Memory; readonly clock: Clock; readonly latencyMs: () => number },
    socket: Socket,
    handler: SocketHandler,
  ) {
    this.#memory = parts.memory;
    this.#clock = parts.clock;
    this.#latencyMs = parts.latencyMs;
    this.#handler = handler;
    const source = { pause: socket.pause.bind(socket), resume: socket.resume.bind(socket) };
    this.#copied = new CopiedInput(parts.memory, source);
    this.#copied.start(handler);
    socket.pause = () => this.#copied.pause();
    socket.resume = () => this.#copied.resume();
  }

  onBytes(address: Address, lengthBytes: number): void {
    if (this.#held.length === 0 && this.#latencyMs() === 0) {
      this.#handler.onBytes(address, lengthBytes);
      return;
    }
    const bytes = this.#memory.arena.u8.slice(address, address + lengthBytes);
    this.#hold(() => this.#copied.push(bytes));
  }

  onEnd(): void {
    if (this.#held.length === 0) this.#copied.end(this.#handler);
    else this.#hold(() => this.#copied.end(this.#handler));
  }

  /** The socket is gone: nothing is delivered any more. */
  clear(): void {
    this.#held.length = 0;
  }

  #hold(deliver: () => void): void {
    this.#held.push({ dueMs: this.#clock.monotonicMs() + this.#latencyMs(), deliver });
    if (this.#held.length === 1) this.#wait();
  }

  #wait(): void {
    const first = this.#held[0];
    if (first === undefined) return;
    this.#clock.setTimer(Math.max(0, first.dueMs - this.#clock.monotonicMs()), () => {
      if (this.#held[0] !== first) return;
      this.#held.shift();
      first.deliver();
      this.#wait();
    });
  }
}
