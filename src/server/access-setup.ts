// Logins and permissions as the configuration says: the chain of backends, password hashing, loopback users, and the
// clock that ends what other machines may have taken back.

import { createBackends } from "../access-backends/table.ts";
import type { LoginOutcome } from "../broker/access/user.ts";
import type { Broker } from "../broker/broker.ts";
import type { Config } from "../config/table.ts";
import { CallbackTimer } from "../lib/timer-wheel.ts";
import type { Log } from "../logging/log.ts";
import type { Connection } from "../protocols/amqp091/connection.ts";

export interface AccessSetup {
  readonly broker: Broker;
  readonly access: Config["access"];
  readonly readFile: (path: string) => string;
  readonly log: Log;
}

/** How often connections ask again what other machines permit. RabbitMQ forgets its channels' answers as often. */
const FORGET_ANSWERS_MS = 60_000;
/** How late a connection may be closed after its token has expired. */
const EXPIRY_CHECK_MS = 5_000;

/** Applies the configuration. Rejects when a key file cannot be read. */
export async function setUpAccess(setup: AccessSetup): Promise<void> {
  const { broker, access, readFile, log } = setup;
  applyLiveAccess(broker, access);
  const { clock, hashing } = broker;
  broker.access.backends = await createBackends({
    ...{ access, clock, hashing, readFile },
    internal: broker.access.internal,
    matches: (pattern, text) => {
      try {
        return broker.matcher.matches(pattern, text);
      } catch {
        return false;
      }
    },
    log: (text) => log.write("warning", "user", text),
  });
  const isOnlyInternal = access.authBackends.every(
    ({ authn, authz }) => authn === "internal" && authz === "internal",
  );
  if (isOnlyInternal) return;
  every(broker, FORGET_ANSWERS_MS, () => broker.access.forgetAnswers());
  every(broker, EXPIRY_CHECK_MS, () => {
    const now = clock.nowMs();
    broker.connections.closeAll(
      "credential expired",
      ({ credentialsExpireAtMs: expiry }) => expiry !== undefined && expiry <= now,
    );
  });
}

/** What may change while clients are connected. */
export function applyLiveAccess(broker: Broker, access: Config["access"]): void {
  broker.access.loopbackUsers = access.loopbackUsers;
  broker.access.passwordAlgorithm = access.passwordHashing;
}

function every(broker: Broker, intervalMs: number, act: () => void): void {
  const timer: CallbackTimer = new CallbackTimer(() => {
    act();
    broker.timers.schedule(timer, broker.clock.monotonicMs() + intervalMs);
  });
  broker.timers.schedule(timer, broker.clock.monotonicMs() + intervalMs);
}

/**
 * connection.update-secret: a new token for the user who is connected. Users whose login does not expire stay as
 * they are, whatever they send, as in RabbitMQ.
 */
export function renewLogin(
  broker: Broker,
  connection: Connection,
  secret: string,
  onOutcome: (outcome: LoginOutcome) => void,
): void {
  const { access, peer, protocol } = connection;
  const { user } = access;
  if (user.expiresAtMs === undefined) return onOutcome(user);
  broker.access.authenticate({ user: user.name, password: secret, peer, protocol }, (outcome) => {
    if ("refused" in outcome) return onOutcome(outcome);
    if (outcome.name !== user.name) return onOutcome({ refused: "the secret is another user's" });
    access.user = outcome;
    broker.access.forgetAnswers();
    onOutcome(outcome);
  });
}
