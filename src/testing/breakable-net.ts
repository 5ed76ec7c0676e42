// A network whose connections can be cut, and which can stop letting anybody in.

import type { Listener, ListenOptions, Net, Socket, SocketHandler } from "../env/env.ts";

export class BreakableNet implements Net {
  readonly #real: Net;
  readonly #open = new Set<Socket>();
  /** New connections are closed as soon as they are made. */
  refuses = false;

  constructor(real: Net) {
    this.#real = real;
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

  /** Everything goes to the real socket; only its start and end are noticed. */
  #watched(socket: Socket): Socket {
    const start = socket.start.bind(socket);
    socket.start = (handler: SocketHandler) => {
      this.#open.add(socket);
      start({
        onBytes: (address, lengthBytes) => handler.onBytes(address, lengthBytes),
        onSent: (token) => handler.onSent(token),
        onEnd: () => handler.onEnd(),
        onClose: (reason) => {
          this.#open.delete(socket);
          handler.onClose(reason);
        },
      });
    };
    return socket;
  }
}
