// Logins by protocol: what /metrics and /api/auth/attempts tell of them.

import type { Broker } from "../../broker/broker.ts";
import { headerText, labelsText } from "./family.ts";

/** Protocols as RabbitMQ abbreviates them here. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "AMQP 0-9-1": "amqp091",
  "AMQP 1.0": "amqp10",
  "HTTP API": "http",
};

export interface LoginAttempts {
  readonly protocol: string;
  readonly succeeded: number;
  readonly failed: number;
}

export function loginAttempts({ access }: Broker): readonly LoginAttempts[] {
  return [...access.attempts].map(([protocol, { succeeded, failed }]) => ({
    protocol: SHORT_NAMES[protocol] ?? protocol.toLowerCase(),
    succeeded,
    failed,
  }));
}

const COUNTERS: readonly (readonly [string, string, (attempts: LoginAttempts) => number])[] = [
  ["", "Logins tried", ({ succeeded, failed }) => succeeded + failed],
  ["_succeeded", "Logins that succeeded", ({ succeeded }) => succeeded],
  ["_failed", "Logins that failed", ({ failed }) => failed],
];

export function loginsText(prefix: string, broker: Broker): string {
  let text = "";
  for (const [suffix, help, read] of COUNTERS) {
    const name = `auth_attempts${suffix}_total`;
    text += headerText(prefix, { name, type: "counter", help });
    for (const attempts of loginAttempts(broker)) {
      text += `${prefix}${name}${labelsText([["protocol", attempts.protocol]])} ${read(attempts)}\n`;
    }
  }
  return text;
}
