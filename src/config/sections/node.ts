// The node itself: names, data directory, definitions at start, how it introduces itself.

import { list, named, one, optional } from "../row.ts";
import { boolean, duration, oneOf, path, text } from "../value-types.ts";

export const nodeRows = {
  name: optional(
    "leveret.node_name",
    text,
    "Name of this node; unset = `rabbit@<host>`. The data directory does not depend on it.",
  ),
  clusterName: optional(
    "cluster_name",
    text,
    "Shown to clients and in the web pages; unset = the node's name.",
  ),
  dataDirectory: one("leveret.data_dir", path, "./leveret-data", "Where everything durable lies."),
  inMemory: one("leveret.in_memory", boolean, false, "Keep nothing: no data directory, no disk."),
  productName: one(
    "product.name",
    text,
    "RabbitMQ",
    "Product named to AMQP clients, whose libraries branch on it.",
  ),
  productVersion: one(
    "product.version",
    text,
    "4.3.5",
    "RabbitMQ version named to AMQP clients, which is the level of compatibility.",
  ),
  profile: one(
    "leveret.profile",
    oneOf("permissive", "strict"),
    "permissive",
    "`strict` refuses what RabbitMQ 4.3 refuses by default (transient non-exclusive queues, frame_max below 8192).",
    { live: true },
  ),
  messageOfTheDayFile: optional("motd_file", path, "File whose text is printed at start."),
  loadDefinitions: optional(
    "load_definitions",
    path,
    "Definitions file (or a directory of them) imported at start; existing queues and exchanges stay as they are.",
    { aliases: ["management.load_definitions", "definitions.local.path"], live: true },
  ),
  definitionsBackend: one(
    "definitions.import_backend",
    oneOf("local_filesystem", "local", "https", "http"),
    "local_filesystem",
    "Where definitions to import at start come from: the file or directory above, or `definitions.https.url`.",
    { live: true },
  ),
  definitionsUrl: optional(
    "definitions.https.url",
    text,
    "Address of a definitions file, fetched at start when `definitions.import_backend` is `https`.",
    { live: true },
  ),
  definitionsCaFile: optional(
    "definitions.tls.cacertfile",
    path,
    "Certificates (PEM) to trust when definitions are fetched; unset = those of the system.",
    { live: true },
  ),
  definitionsVerify: one(
    "definitions.tls.verify",
    oneOf("verify_peer", "verify_none"),
    "verify_peer",
    "`verify_none` fetches definitions from a server whoever it is.",
    { live: true },
  ),
  definitionsSkipUnchanged: one(
    "definitions.skip_if_unchanged",
    boolean,
    false,
    "What was imported last is not imported again, so that changes made since stay.",
    { live: true },
  ),
  timestampOverwrites: optional(
    "message_interceptors.incoming.set_header_timestamp.overwrite",
    boolean,
    "Puts the header `timestamp_in_ms` and the property timestamp on messages as they come in; `true` also where the publisher has put them. Unset = not at all.",
    { live: true },
  ),
  routingNodeOverwrites: optional(
    "message_interceptors.incoming.set_header_routing_node.overwrite",
    boolean,
    "Puts the name of this node into the header `x-routed-by` of messages as they come in; `true` also where the publisher has put one. Unset = not at all.",
    { live: true },
  ),
  marksDeliveries: one(
    "message_interceptors.outgoing.timestamp.enabled",
    boolean,
    false,
    "Puts the header `x-opt-rabbitmq-sent-time` (ms since 1970) on messages as they go out.",
    { live: true },
  ),
  tags: named("node_tags.$tag", text, "Tags of this node, shown in the API."),
  clusterTags: named("cluster_tags.$tag", text, "Tags of the cluster, shown in the API."),
  statisticsIntervalMs: one(
    "collect_statistics_interval",
    duration("ms"),
    5_000,
    "How often rates are sampled.",
  ),
  statistics: one(
    "collect_statistics",
    oneOf("none", "coarse", "fine"),
    "fine",
    "How much is counted.",
  ),
  plugins: list("leveret.plugins", text, [], "Plugins shown as enabled besides the built-in ones."),
} as const;
