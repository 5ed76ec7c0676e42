// SASL mechanisms as a table: what a client's answer says about who it is.

import { textOf } from "../../broker/message/field-table.ts";
import type { TlsFacts } from "../../env/env.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { readTable } from "./codec/table.ts";

/** What the client claims. Whether it is true is for the access control to say. */
export type Claim =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** The TLS layer has verified the client's certificate; which part of it names the user is configured. */
  | { readonly kind: "certificate"; readonly tls: TlsFacts }
  | { readonly kind: "anonymous" };

/** Throws MalformedResponse when the answer is none of the mechanism's. */
export interface SaslMechanism {
  readonly name: string;
  /** Offered only where it can work. */
  readonly isOffered: (tls: TlsFacts | undefined) => boolean;
  readonly claim: (response: Uint8Array, tls: TlsFacts | undefined) => Claim;
}

/** RabbitMQ closes without a frame on these. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
}

const plain: SaslMechanism = {
  name: "PLAIN",
  isOffered: () => true,
  claim(response) {
    // [authorization identity] NUL user NUL password [RFC 4616]; a NUL in the password is not allowed.
    const parts = Buffer.from(response).toString("utf8").split("\0");
    const [, user, password] = parts;
    if (parts.length !== 3 || user === undefined || password === undefined) {
      throw new MalformedResponse("PLAIN response is not NUL user NUL password");
    }
    return { kind: "password", user, password };
  },
};

const amqplain: SaslMechanism = {
  name: "AMQPLAIN",
  isOffered: () => true,
  claim(response) {
    // A field table without its length word.
    const framed = Buffer.alloc(response.length + 4);
    framed.writeUInt32BE(response.length);
    framed.set(response, 4);
    const table = readTable(ByteReader.of(framed));
    const user = textOf(table.get("LOGIN"));
    const password = textOf(table.get("PASSWORD"));
    if (user === undefined || password === undefined) {
      throw new MalformedResponse("AMQPLAIN response lacks LOGIN or PASSWORD");
    }
    return { kind: "password", user, password };
  },
};

const external: SaslMechanism = {
  name: "EXTERNAL",
  // On every TLS connection, as RabbitMQ: a client that forgot its certificate learns more from the refusal.
  isOffered: (tls) => tls !== undefined,
  claim(_response, tls) {
    if (tls === undefined) throw new MalformedResponse("EXTERNAL needs TLS");
    return { kind: "certificate", tls };
  },
};

const anonymous: SaslMechanism = {
  name: "ANONYMOUS",
  isOffered: () => true,
  claim: () => ({ kind: "anonymous" }),
};

/** In the order they are offered. */
export const saslMechanisms: readonly SaslMechanism[] = [plain, amqplain, external, anonymous];
