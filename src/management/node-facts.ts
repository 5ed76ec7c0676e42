// What the API shows of the process around the broker. Gathered by whoever starts it; management only reads.

import type { NodeSample } from "./sampling/metrics.ts";

/** One listening socket. */
export interface ListenerFacts {
  /** As RabbitMQ names protocols: "amqp", "amqp/ssl", "http", "https", "http/prometheus". */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM of the certificate, for the expiry check; undefined without TLS. */
  readonly certificate?: string | undefined;
}

export interface NodeFacts {
  readonly startedAtMs: number;
  readonly processId: number;
  readonly processorCount: number;
  /** "Node.js v24.1.0". */
  readonly platform: string;
  readonly leveretVersion: string;
  /** The level of RabbitMQ that is matched: "4.3.5". */
  readonly rabbitmqVersion: string;
  /** Undefined when nothing is kept on disk. */
  readonly dataDirectory: string | undefined;
  readonly configFiles: readonly string[];
  readonly logFiles: readonly string[];
  /** Addresses as they really are; ports are never 0. */
  listeners(): readonly ListenerFacts[];
  sample(): NodeSample;
  memoryLimitBytes(): number;
  totalMemoryBytes(): number;
  diskFreeLimitBytes(): number;
  fileCountMax(): number;
  /** Where memory went, in bytes, by name. */
  memoryBreakdown(): Readonly<Record<string, number>>;
  /** How late the event loop runs, in ms: the last and the worst of the last minute. */
  loopDelayMs(): { readonly last: number; readonly worst: number };
}
