// A network whose connections can be cut or slow, and which can stop letting anybody in.

import type { Clock, Listener, ListenOptions, Net, Socket, SocketHandler } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { DelayedInput } from "./delayed-input.ts";

export class BreakableNet implements Net {
  readonly #real: Net;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #open = new Set<Socket>();
  /** New connections are closed as soon as they are made. */
  refuses = false;
  /** What clients send arrives so much later. */
  latencyMs = 0;

  /** `clock` tells the latency's time: the real one, even where a test turns another. */
  constructor(real: Net, memory: Memory, clock: Clock) {
    this.#real = real;
    this.#memory = memory;
    this.#clock = clock;
  }

  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
    return this.#real.listen(options, (socket) => {
      if (this.refuses) socket.destroy();
      else onConnection(this.#watched(socket));
    });
  }

  /** Cuts every open connection without a word, as a network does; answers how many those were. */
  cutAll(): number {
    const cut = [...this.#open];
    for (const socket of cut) socket.destroy();
    return cut.length;
  }

  /** Everything goes to the real socket, unless it is held back; its start and end are noticed. */
  #watched(socket: Socket): Socket {
    const start = socket.start.bind(socket);
    socket.start = (handler: SocketHandler) => {
      const parts = { memory: this.#memory, clock: this.#clock, latencyMs: () => this.latencyMs };
      const input = new DelayedInput(parts, socket, handler);
      this.#open.add(socket);
      start({
        onBytes: (address, lengthBytes) => input.onBytes(address, lengthBytes),
        onSent: (token) => handler.onSent(token),
        onEnd: () => input.onEnd(),
        onClose: (reason) => {
          this.#open.delete(socket);
          input.clear();
          handler.onClose(reason);
        },
      });
    };
    return socket;
  }
}
