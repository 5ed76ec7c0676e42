// From the protocol header to connection.open-ok, as a state machine: every input belongs to one phase or is refused.

import { BrokerError } from "../../broker/errors.ts";
import type { FieldTable, FieldValue } from "../../broker/message/field-table.ts";
import { EMPTY_TABLE, longString, textOf } from "../../broker/message/field-table.ts";
import type {
  ClientMethod,
  ConnectionStartOk,
  ConnectionTuneOk,
} from "./codec/methods.generated.ts";
import type { SaslMechanism } from "./sasl.ts";

/** What tune settles. */
export interface TuneLimits {
  /** 0 = no limit asked for: then the client's own. */
  readonly channelMax: number;
  /** Whole frame, overhead included; 0 = no limit. */
  readonly frameMaxBytes: number;
  /** 0 = no heartbeats. */
  readonly heartbeatSeconds: number;
}

/** The smallest frame_max a client may ask for [0-9-1 4.2.3: every peer takes frames of 4096 bytes]. */
export const FRAME_MIN_BYTES = 4_096;
/** Largest payload taken before the tune, however much is offered later. */
export const INITIAL_FRAME_BYTES_MAX = 8_192;

/** Capabilities of a client that change what it is sent. */
export interface ClientCapabilities {
  readonly notifiesCancels: boolean;
  readonly notifiesBlocked: boolean;
  readonly hearsAuthenticationFailure: boolean;
}

/** The client's properties, and what of them matters. */
export interface ClientFacts {
  readonly properties: FieldTable;
  readonly capabilities: ClientCapabilities;
  /** connection_name, or undefined. */
  readonly name: string | undefined;
}

/** The client did something that RabbitMQ answers with silence and an end. */
export class HandshakeRefused extends Error {
  override readonly name = "HandshakeRefused";
}

/** Which method each phase waits for; everything else refuses the handshake. */
const awaited: Readonly<Record<string, ClientMethod["name"]>> = {
  starting: "connection.start-ok",
  tuning: "connection.tune-ok",
  opening: "connection.open",
};

/** Throws HandshakeRefused for a method that does not belong to `phase`. */
export function checkAwaited(phase: string, method: ClientMethod): void {
  if (awaited[phase] !== method.name) {
    throw new HandshakeRefused(`${method.name} while ${phase}`);
  }
}

export function readClientFacts(method: ConnectionStartOk): ClientFacts {
  const capabilities = method.clientProperties.get("capabilities");
  const table = capabilities?.type === "F" ? capabilities.value : EMPTY_TABLE;
  const has = (name: string) => {
    const value = table.get(name);
    return value?.type === "t" && value.value;
  };
  return {
    properties: method.clientProperties,
    capabilities: {
      notifiesCancels: has("consumer_cancel_notify"),
      notifiesBlocked: has("connection.blocked"),
      hearsAuthenticationFailure: has("authentication_failure_close"),
    },
    name: textOf(method.clientProperties.get("connection_name")),
  };
}

/** What was offered and what the client made of it. Throws not-allowed when it asks for more, or for too small frames. */
export function negotiate(offered: TuneLimits, method: ConnectionTuneOk): TuneLimits {
  const frameMaxBytes = method.frameMax;
  if (frameMaxBytes !== 0 && frameMaxBytes < FRAME_MIN_BYTES) {
    throw new BrokerError(
      "not-allowed",
      `negotiated frame_max = ${frameMaxBytes} is lower than the minimum allowed value (${FRAME_MIN_BYTES})`,
    );
  }
  checkAtMost("frame_max", offered.frameMaxBytes, frameMaxBytes);
  checkAtMost("channel_max", offered.channelMax, method.channelMax);
  return { channelMax: method.channelMax, frameMaxBytes, heartbeatSeconds: method.heartbeat };
}

/** 0 stands for "no limit", which is more than any limit that was offered. */
function checkAtMost(name: string, offered: number, asked: number): void {
  if (offered === 0 || (asked !== 0 && asked <= offered)) return;
  const text =
    asked === 0
      ? `negotiated ${name} = 0 (no limit) is higher than the maximum allowed value (${offered})`
      : `negotiated ${name} = ${asked} is higher than the maximum allowed value (${offered})`;
  throw new BrokerError("not-allowed", text);
}

/** What connection.start says of us. Client libraries branch on product, version and capabilities. */
export interface ServerFacts {
  readonly product: string;
  /** The level of RabbitMQ that is matched. */
  readonly version: string;
  readonly leveretVersion: string;
  readonly clusterName: string;
}

const CAPABILITIES = [
  "publisher_confirms",
  "exchange_exchange_bindings",
  "basic.nack",
  "consumer_cancel_notify",
  "connection.blocked",
  "consumer_priorities",
  "authentication_failure_close",
  "per_consumer_qos",
  "direct_reply_to",
];

export function serverProperties(facts: ServerFacts): FieldTable {
  const yes: FieldValue = { type: "t", value: true };
  return new Map<string, FieldValue>([
    ["capabilities", { type: "F", value: new Map(CAPABILITIES.map((name) => [name, yes])) }],
    ["cluster_name", longString(facts.clusterName)],
    ["copyright", longString("Copyright (c) the Leveret authors")],
    ["information", longString("Licensed under the Apache License 2.0")],
    ["platform", longString("Leveret on Node.js")],
    ["product", longString(facts.product)],
    ["version", longString(facts.version)],
    ["leveret_version", longString(facts.leveretVersion)],
  ]);
}

export function offeredMechanisms(
  mechanisms: readonly SaslMechanism[],
  isOffered: (mechanism: SaslMechanism) => boolean,
): Uint8Array {
  const names = mechanisms.filter(isOffered).map((mechanism) => mechanism.name);
  return Buffer.from(names.join(" "), "latin1");
}
