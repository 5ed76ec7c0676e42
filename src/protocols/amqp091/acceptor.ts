// Takes sockets and makes them AMQP 0-9-1 connections; knows all of them, so that they can be closed together.

import type { Broker } from "../../broker/broker.ts";
import type { Socket, TimerHandle } from "../../env/env.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { ConnectionSettings } from "./settings.ts";
import { ProtocolTools } from "./tools.ts";

/** How often deliveries are looked at for their acknowledgement timeout. */
const TIMEOUT_CHECK_MS = 30_000;

export class Amqp091Acceptor implements ConnectionOwner {
  readonly #broker: Broker;
  readonly #tools: ProtocolTools;
  readonly #settings: ConnectionSettings;
  readonly #connections = new Set<Connection>();
  #timer: TimerHandle | undefined = undefined;
  #onAllClosed: (() => void) | undefined = undefined;

  constructor(broker: Broker, settings: ConnectionSettings) {
    this.#broker = broker;
    this.#tools = new ProtocolTools(broker);
    this.#settings = settings;
    this.#checkTimeouts();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  accept(socket: Socket): void {
    this.#connections.add(new Connection(this.#tools, this.#settings, socket, this));
  }

  onConnectionClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onAllClosed?.();
  }

  /** Tells every client why (320) and resolves when all sockets are gone. */
  closeAll(reason: string): Promise<void> {
    if (this.#timer !== undefined) this.#broker.clock.clearTimer(this.#timer);
    return new Promise((resolve) => {
      if (this.#connections.size === 0) return resolve();
      this.#onAllClosed = resolve;
      for (const connection of [...this.#connections]) {
        connection.close(`broker forced connection closure with reason '${reason}'`);
      }
    });
  }

  #checkTimeouts(): void {
    this.#timer = this.#broker.clock.setTimer(TIMEOUT_CHECK_MS, () => {
      for (const connection of this.#connections) connection.checkDeliveryTimeouts();
      this.#checkTimeouts();
    });
  }
}
