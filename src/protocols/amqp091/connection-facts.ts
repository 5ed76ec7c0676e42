// A connection as listings show it.

import type { ConnectionFacts } from "../../broker/connection-registry.ts";
import type { Socket } from "../../env/env.ts";
import type { Output } from "../output.ts";
import type { FrameInput } from "./frame-input.ts";
import type { Login } from "./login.ts";

export interface DescribedConnection {
  readonly name: string;
  readonly vhost: string;
  readonly state: string;
  readonly connectedAtMs: number;
  readonly socket: Socket;
  readonly login: Login;
  readonly input: FrameInput;
  readonly output: Output;
}

export function connectionFacts(connection: DescribedConnection): ConnectionFacts {
  const { socket, login, input, output } = connection;
  return {
    name: connection.name,
    protocol: "AMQP 0-9-1",
    user: login.user?.name ?? "",
    vhost: connection.vhost,
    state: connection.state,
    peer: socket.peer,
    local: socket.local,
    tls: tlsFacts(socket),
    authenticationMechanism: login.mechanism,
    connectedAtMs: connection.connectedAtMs,
    heartbeatSeconds: login.limits.heartbeatSeconds,
    frameBytesMax: login.limits.frameMaxBytes,
    channelsMax: login.limits.channelMax,
    clientProperties: login.client.properties,
    clientName: login.client.name,
    receivedBytes: input.byteCount,
    receivedFrames: input.frameCount,
    sentBytes: output.sentBytes,
    sentFrames: output.sentFrames,
    pendingBytes: output.pendingBytes,
  };
}

function tlsFacts({ tls }: Socket): ConnectionFacts["tls"] {
  if (tls === undefined) return undefined;
  const { version, cipher, peerSubject, peerIssuer, peerValidity } = tls;
  return { version, cipher, peerSubject, peerIssuer, peerValidity };
}
