// The management HTTP API, its web pages, and the Prometheus endpoint.

import { list, one, optional } from "../row.ts";
import { boolean, duration, integer, oneOf, orWord, path, size, text } from "../value-types.ts";
import { tlsRows } from "./tls.ts";

export const managementRows = {
  enabled: one(
    "leveret.management.enabled",
    boolean,
    true,
    "Serve the HTTP API and the web pages.",
  ),
  port: one(
    "management.tcp.port",
    integer(0, 65_535),
    15_672,
    "Port of the HTTP API and the web pages.",
    { aliases: ["management.listener.port"] },
  ),
  host: optional("management.tcp.ip", text, "Address to bind to; unset = all.", {
    aliases: ["management.listener.ip"],
  }),
  tlsPort: optional(
    "management.ssl.port",
    integer(0, 65_535),
    "Port of the same over TLS (usually 15671).",
  ),
  tlsHost: optional("management.ssl.ip", text, "Address to bind to for TLS; unset = all."),
  pathPrefix: one(
    "management.path_prefix",
    text,
    "",
    "Put in front of every path, such as `/rabbitmq`.",
  ),
  ratesMode: one(
    "management.rates_mode",
    oneOf("basic", "detailed", "none"),
    "basic",
    "`none` tells nothing of messages that passed; `basic` and `detailed` tell the same, each channel, exchange and queue by the others.",
  ),
  disableStatistics: one(
    "management.disable_stats",
    boolean,
    false,
    "Answer without message counts and rates.",
    { aliases: ["management_agent.disable_metrics_collector"] },
  ),
  enableQueueTotals: one(
    "management.enable_queue_totals",
    boolean,
    false,
    "Tell how many messages queues have even where `management.disable_stats` leaves counts out.",
  ),
  corsOrigins: list(
    "management.cors.allow_origins",
    text,
    [],
    "Web origins that may call the API from a browser.",
  ),
  corsMaxAgeSeconds: one(
    "management.cors.max_age",
    orWord("undefined", duration("s")),
    1_800,
    "How long a browser may remember that.",
  ),
  sessionTimeoutMinutes: one(
    "management.login_session_timeout",
    integer(0),
    480,
    "The web pages ask for the password again after this many idle minutes.",
  ),
  bodyMaxBytes: one(
    "management.http.max_body_size",
    size,
    20_971_520,
    "Largest request body; definitions included.",
  ),
  disableBasicAuth: one(
    "management.disable_basic_auth",
    boolean,
    false,
    "Accept only OAuth 2 tokens.",
  ),
  operatorPolicyReadOnly: one(
    "management.restrictions.operator_policy_changes.disabled",
    boolean,
    false,
    "Refuse changes of operator policies through the API.",
  ),
  contentSecurityPolicy: optional(
    "management.csp.policy",
    text,
    "Replaces the Content-Security-Policy of the web pages.",
  ),
  strictTransportSecurity: optional(
    "management.hsts.policy",
    text,
    "Adds this Strict-Transport-Security header.",
    { aliases: ["management.headers.strict_transport_security"] },
  ),
  frameOptions: one(
    "management.headers.x_frame_options",
    text,
    "DENY",
    "Who may put the web pages into a frame.",
    { aliases: ["management.headers.frame_options"] },
  ),
  unixSocket: one(
    "leveret.management.unix_socket",
    text,
    "leveret.sock",
    "Socket in the data directory for local command lines; its file mode lets only the owner in. `none` for no socket.",
  ),
  loginFailuresPerMinute: one(
    "leveret.management.login_failures_per_minute",
    integer(1),
    10,
    "Failed logins of one user from one address before answers are delayed.",
  ),
  tracesDirectory: optional(
    "trace_files_directory",
    path,
    "Where trace files are written; unset = `traces` in the data directory.",
  ),
} as const;

export const managementTlsRows = tlsRows("management.ssl");

export const prometheusRows = {
  enabled: one("leveret.prometheus.enabled", boolean, true, "Serve metrics on their own port."),
  port: one("prometheus.tcp.port", integer(0, 65_535), 15_692, "Port of the metrics."),
  host: optional("prometheus.tcp.ip", text, "Address to bind to; unset = all."),
  tlsPort: optional(
    "prometheus.ssl.port",
    integer(0, 65_535),
    "Port of the metrics over TLS (usually 15691).",
  ),
  tlsHost: optional("prometheus.ssl.ip", text, "Address to bind to for TLS; unset = all."),
  path: one("prometheus.path", text, "/metrics", "Path of the metrics."),
  perObject: one(
    "prometheus.return_per_object_metrics",
    boolean,
    false,
    "`/metrics` lists every object instead of totals.",
  ),
  authentication: one(
    "prometheus.authentication.enabled",
    boolean,
    false,
    "Ask for a user name and password.",
  ),
} as const;

export const prometheusTlsRows = tlsRows("prometheus.ssl");
