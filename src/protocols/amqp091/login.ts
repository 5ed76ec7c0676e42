// Everything between the protocol header and connection.open-ok on one connection: who is it, and on what terms.

import type { User } from "../../broker/access/user.ts";
import { EMPTY_TABLE } from "../../broker/message/field-table.ts";
import type { TlsFacts } from "../../env/env.ts";
import type {
  ClientMethod,
  ConnectionOpen,
  ConnectionStartOk,
  ConnectionTuneOk,
  ServerMethod,
} from "./codec/methods.generated.ts";
import type { Connection } from "./connection.ts";
import {
  type ClientFacts,
  checkAwaited,
  HandshakeRefused,
  negotiate,
  offeredMechanisms,
  readClientFacts,
  serverProperties,
  type TuneLimits,
} from "./handshake.ts";
import { replyCodes } from "./reply-codes.ts";
import { type Claim, type SaslMechanism, saslMechanisms } from "./sasl.ts";
import type { ConnectionSettings, LoginOutcome } from "./settings.ts";

export type LoginPhase = "awaiting-header" | "starting" | "authenticating" | "tuning" | "opening";

/** What login does to its connection. */
export interface LoginHost {
  send(method: ServerMethod): void;
  /** The client is known but refused: it heard why; the connection ends after a while. */
  onRefused(): void;
  /** It can't even shake hands: silence, then the end. */
  onSilentEnd(): void;
  onTuned(limits: TuneLimits): void;
  /** Opens the vhost; throws BrokerError not-allowed. */
  onOpen(user: User, vhost: string): void;
}

const NO_CLIENT: ClientFacts = {
  properties: EMPTY_TABLE,
  capabilities: {
    notifiesCancels: false,
    notifiesBlocked: false,
    hearsAuthenticationFailure: false,
  },
  name: undefined,
};

export class Login {
  readonly #settings: ConnectionSettings;
  readonly #host: LoginHost;
  readonly #connection: Connection;
  readonly #tls: TlsFacts | undefined;
  phase: LoginPhase = "awaiting-header";
  client: ClientFacts = NO_CLIENT;
  mechanism = "";
  user: User | undefined = undefined;
  limits: TuneLimits;

  constructor(
    settings: ConnectionSettings,
    host: LoginHost,
    connection: Connection,
    tls: TlsFacts | undefined,
  ) {
    this.#settings = settings;
    this.#host = host;
    this.#connection = connection;
    this.#tls = tls;
    this.limits = settings.tune;
  }

  /** The protocol header was ours: offers mechanisms. */
  start(): void {
    this.phase = "starting";
    this.#host.send({
      name: "connection.start",
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: serverProperties(this.#settings.server()),
      mechanisms: offeredMechanisms(saslMechanisms, (mechanism) => this.#offers(mechanism)),
      locales: Buffer.from("en_US"),
    });
  }

  /** Throws HandshakeRefused for a method that has no place now. */
  onMethod(method: ClientMethod): void {
    checkAwaited(this.phase, method);
    if (method.name === "connection.start-ok") this.#onStartOk(method);
    else if (method.name === "connection.tune-ok") this.#onTuneOk(method);
    else if (method.name === "connection.open") this.#onOpen(method);
  }

  #offers(mechanism: SaslMechanism): boolean {
    return this.#settings.mechanisms.includes(mechanism.name) && mechanism.isOffered(this.#tls);
  }

  #onStartOk(method: ConnectionStartOk): void {
    this.client = readClientFacts(method);
    const mechanism = saslMechanisms.find((known) => known.name === method.mechanism);
    if (mechanism === undefined || !this.#offers(mechanism)) {
      throw new HandshakeRefused(`unknown mechanism ${method.mechanism}`);
    }
    this.mechanism = mechanism.name;
    this.phase = "authenticating";
    this.#settings.authenticate(this.#claim(mechanism, method), this.#connection, (outcome) =>
      this.#onAuthenticated(outcome),
    );
  }

  #claim(mechanism: SaslMechanism, method: ConnectionStartOk): Claim {
    try {
      return mechanism.claim(method.response, this.#tls);
    } catch (error) {
      throw new HandshakeRefused(String(error));
    }
  }

  #onAuthenticated(outcome: LoginOutcome): void {
    if (this.phase !== "authenticating") return;
    if ("refused" in outcome) return this.#refuse(outcome.refused);
    this.user = outcome;
    this.phase = "tuning";
    const { channelMax, frameMaxBytes, heartbeatSeconds } = this.#settings.tune;
    this.#host.send({
      name: "connection.tune",
      channelMax,
      frameMax: frameMaxBytes,
      heartbeat: heartbeatSeconds,
    });
  }

  #refuse(reason: string): void {
    this.#settings.log("error", `login refused on ${this.#connection.name}: ${reason}`);
    if (!this.client.capabilities.hearsAuthenticationFailure) return this.#host.onSilentEnd();
    const { code, name } = replyCodes["access-refused"];
    const text = `Login was refused using authentication mechanism ${this.mechanism}. For details see the broker logfile.`;
    this.#host.send({
      name: "connection.close",
      replyCode: code,
      replyText: `${name} - ${text}`,
      classId: 0,
      methodId: 0,
    });
    this.#host.onRefused();
  }

  #onTuneOk(method: ConnectionTuneOk): void {
    this.limits = negotiate(this.#settings.tune, method);
    this.phase = "opening";
    this.#host.onTuned(this.limits);
  }

  #onOpen(method: ConnectionOpen): void {
    if (this.user === undefined) throw new HandshakeRefused("not authenticated");
    this.#host.onOpen(this.user, method.virtualHost);
  }
}
