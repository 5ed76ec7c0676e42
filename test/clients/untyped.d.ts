// The part of rascal the tests use; it comes without types.
declare module "rascal" {
  import type { EventEmitter } from "node:events";

  type AckOrNack = (error?: Error, recovery?: unknown) => void;
  interface Subscription extends EventEmitter {
    on(
      event: "message",
      listener: (message: unknown, content: unknown, ackOrNack: AckOrNack) => void,
    ): this;
    on(event: string, listener: (...values: unknown[]) => void): this;
    cancel(): Promise<void>;
  }
  interface Publication extends EventEmitter {}
  export class BrokerAsPromised extends EventEmitter {
    static create(config: unknown): Promise<BrokerAsPromised>;
    publish(name: string, content: unknown, overrides?: unknown): Promise<Publication>;
    subscribe(name: string): Promise<Subscription>;
    shutdown(): Promise<void>;
  }
  export function withDefaultConfig(config: unknown): unknown;
}
