// What a connection is told by whoever set the server up.

import type { User } from "../../broker/access/user.ts";
import type { Connection } from "./connection.ts";
import type { ServerFacts, TuneLimits } from "./handshake.ts";
import type { Claim } from "./sasl.ts";

export type LoginOutcome = User | { readonly refused: string };
export type LogLevel = "debug" | "info" | "warning" | "error";

export interface ConnectionSettings {
  /** Offered to every client. */
  readonly tune: TuneLimits;
  /** Names of the SASL mechanisms that are enabled. */
  readonly mechanisms: readonly string[];
  /** From accept to connection.open. RabbitMQ: 10 s. */
  readonly handshakeTimeoutMs: number;
  /** How long close-ok is waited for. */
  readonly closeTimeoutMs: number;
  /** How long a refused client hears nothing before the end: slows guessing down. RabbitMQ: 3 s. */
  readonly silentCloseDelayMs: number;
  /** A client that sends no heartbeats, whether it asked for them or not, is not given up: time is not what it is to it. */
  readonly allowsSilence?: boolean;
  readonly server: () => ServerFacts;
  /** Decides who a client is; answers in this turn or later. */
  readonly authenticate: (
    claim: Claim,
    connection: Connection,
    onOutcome: (outcome: LoginOutcome) => void,
  ) => void;
  /** connection.update-secret: the same user with new credentials. */
  readonly updateSecret: (
    claim: Claim,
    connection: Connection,
    onOutcome: (outcome: LoginOutcome) => void,
  ) => void;
  readonly onUserOpened: (connection: Connection, vhost: string) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Something was thrown that is not the client's fault. */
  readonly onBug: (error: unknown) => void;
}
