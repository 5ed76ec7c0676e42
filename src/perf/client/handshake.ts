// Opens a connection: protocol header, login, tuning, vhost.

import { type FieldTable, type FieldValue, longString } from "../../broker/message/field-table.ts";
import { PROTOCOL_HEADER } from "../../protocols/amqp091/codec/frames.ts";
import type { Target } from "../target.ts";
import { ClientConnection } from "./connection.ts";
import { FRAME_BYTES_MAX } from "./read-region.ts";

const YES: FieldValue = { type: "t", value: true };

const clientProperties: FieldTable = new Map<string, FieldValue>([
  ["product", longString("leveret perf")],
  [
    "capabilities",
    {
      type: "F",
      value: new Map<string, FieldValue>([
        ["publisher_confirms", YES],
        ["basic.nack", YES],
        ["consumer_cancel_notify", YES],
        ["connection.blocked", YES],
        ["authentication_failure_close", YES],
      ]),
    },
  ],
]);

/**
 * Connects and opens the target's vhost, without heartbeats.
 * Rejects with the broker's words when it refuses, and with the system's when nobody listens.
 */
export async function openConnection(target: Target, name: string): Promise<ClientConnection> {
  const connection = new ClientConnection(target);
  await connection.connected();
  const { control } = connection;
  const failed = new Promise<never>((_, reject) => {
    connection.onFailure = reject;
  });
  failed.catch(() => {});
  await Promise.race([failed, login(connection, name)]);
  connection.onFailure = undefined;
  control.onMethod = undefined;
  return connection;
}

async function login(connection: ClientConnection, name: string): Promise<void> {
  const { control, target } = connection;
  const start = control.receive("connection.start");
  connection.write(PROTOCOL_HEADER.slice());
  await start;
  const { channelMax, frameMax } = await control.call(
    {
      name: "connection.start-ok",
      clientProperties: new Map([...clientProperties, ["connection_name", longString(name)]]),
      mechanism: target.login.external ? "EXTERNAL" : "PLAIN",
      response: target.login.external
        ? new Uint8Array(0)
        : new TextEncoder().encode(`\0${target.user}\0${target.password}`),
      locale: "en_US",
    },
    "connection.tune",
  );
  connection.frameMax = Math.min(frameMax === 0 ? FRAME_BYTES_MAX : frameMax, FRAME_BYTES_MAX);
  connection.channelMax = channelMax === 0 ? 65_535 : channelMax;
  control.send({
    name: "connection.tune-ok",
    channelMax,
    frameMax: connection.frameMax,
    heartbeat: 0,
  });
  await control.call(
    { name: "connection.open", virtualHost: target.virtualHost },
    "connection.open-ok",
  );
}
