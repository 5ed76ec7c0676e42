// The recorded cases: what a client sends, what RabbitMQ 3.10.8 answered, and which answers are right for us.
//
// A step is one line, beginning with the number of the connection:
//   0 open user=relab vhost=rel-lab channels=1     handshake, connection.open, channels 1..n
//   0 > 0100..                send these bytes                0 >z eNr..         the same, zlib in base64
//   0 dribble 5 0100..        send them one byte at a time, 5 ms apart
//   0 publish 400 100000 q    publish 400 messages of 100,000 bytes to queue q
//   0 < queue.declare-ok 01.. a frame of this kind comes (the bytes are those RabbitMQ sent)
//   0 <exact BODY 01..        ... and has exactly these bytes
//   0 <within 100 basic.ack   ... at most 100 ms after the last bytes were sent, of processor where that is known
//   0 rounds 300 0100.. a b   send these bytes, a and b come; 300 times
//   0 closed                  the broker closes the TCP connection
//   0 pause 300               wait        0 stop-reading      read no more        0 disconnect     close without a word
//   0 outside                 this connection comes from an address that is not loopback

import { readdirSync, readFileSync } from "node:fs";

export interface Answer {
  readonly outcome:
    | "no-error"
    | "channel.close"
    | "connection.close"
    | "tcp-close"
    | "protocol-header";
  readonly code?: number;
  readonly classId?: number;
  readonly methodId?: number;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly string[];
  /** Any one of these is right. */
  readonly accept: readonly Answer[];
  readonly rabbitmq: Answer & { readonly text?: string };
  /** What must still work after no-error or channel.close: basic.qos on channel 1, channel.open on the connection. */
  readonly after?: { readonly channel?: "usable"; readonly connection?: "usable" };
  /** After connection.close and close-ok the broker closes the TCP connection. */
  readonly closesAfterCloseOk?: boolean;
  /** Counts connections of a user or vhost, so nothing else may run beside it. */
  readonly alone?: boolean;
}

const folder = new URL("./data/", import.meta.url);

/** The AMQP cases; those of the HTTP API lie beside them in files of their own. */
export function loadCases(): Case[] {
  return (
    readdirSync(folder)
      .filter((name) => name.endsWith(".json") && !name.startsWith("http"))
      .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as unknown)
      // Other recordings lie beside the cases; those are lists.
      .flatMap((content) => (Array.isArray(content) ? (content as Case[]) : []))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  );
}
