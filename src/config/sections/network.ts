// Listeners and the limits of AMQP connections.

import { list, one } from "../row.ts";
import { address, boolean, duration, integer, orWord, size, text } from "../value-types.ts";

const unlimited = orWord("infinity", integer(0));

export const networkRows = {
  tcpListeners: list(
    "listeners.tcp",
    address,
    [{ host: undefined, port: 5672 }],
    "Where AMQP is served without TLS; `listeners.tcp = none` for nowhere.",
  ),
  tlsListeners: list(
    "listeners.ssl",
    address,
    [],
    "Where AMQP is served with TLS (usually 5671); needs `ssl_options.certfile` and `.keyfile`.",
  ),
  handshakeTimeoutMs: one(
    "handshake_timeout",
    orWord("infinity", duration("ms")),
    10_000,
    "How long a client may take until connection.open.",
  ),
  heartbeatSeconds: one(
    "heartbeat",
    integer(0, 65_535),
    60,
    "Heartbeat proposed to clients, in seconds; 0 = none.",
  ),
  frameMaxBytes: one(
    "frame_max",
    size,
    131_072,
    "Largest frame, 4096 or more; 0 = the largest there can be.",
  ),
  channelMax: one(
    "channel_max",
    integer(0, 65_535),
    2_047,
    "Channels of one connection; 0 = 65535.",
    { aliases: ["max_channels_per_connection"] },
  ),
  channelMaxPerNode: one(
    "channel_max_per_node",
    unlimited,
    undefined,
    "Channels of all connections together.",
  ),
  connectionMax: one("connection_max", unlimited, undefined, "Connections of this node.", {
    aliases: ["max_connections"],
  }),
  consumerMaxPerChannel: one(
    "consumer_max_per_channel",
    unlimited,
    10_000,
    "Consumers of one channel.",
  ),
  maxMessageSizeBytes: one(
    "max_message_size",
    size,
    134_217_728,
    "Largest message body; at most 512 MiB.",
  ),
  consumerTimeoutMs: one(
    "consumer_timeout",
    orWord("undefined", duration("ms")),
    1_800_000,
    "A delivery not acknowledged for this long closes its channel.",
  ),
  backlog: one(
    "tcp_listen_options.backlog",
    integer(0),
    1_024,
    "Connections that may wait to be accepted.",
  ),
  noDelay: one("tcp_listen_options.nodelay", boolean, true, "Send small packets at once."),
  keepAlive: one(
    "tcp_listen_options.keepalive",
    boolean,
    false,
    "TCP keepalive probes on idle connections.",
  ),
  proxyProtocol: one(
    "proxy_protocol",
    boolean,
    false,
    "Connections begin with a PROXY protocol header (versions 1 and 2) that names the real peer.",
  ),
  webSocketListeners: list(
    "leveret.listeners.websocket",
    address,
    [],
    "Where AMQP is served over WebSocket (subprotocol `amqp`).",
  ),
  webSocketOrigins: list(
    "leveret.websocket.allow_origins",
    text,
    [],
    "Origins that may open WebSockets; empty = the page's own.",
  ),
  proxyTrusted: list(
    "leveret.proxy_protocol.trusted",
    text,
    [],
    "Addresses a PROXY header is believed from; empty = all.",
  ),
} as const;
