// Listings of queues, exchanges, bindings, connections, channels and consumers.

import { part, type Row } from "../client.ts";
import { channelProcessId, processId } from "../process-id.ts";
import {
  type ColumnSet,
  chosenColumns,
  type Invocation,
  rows,
  type Scope,
  type Verb,
} from "../verb.ts";

const GROUP = "Monitoring, observability and health checks";
const SCOPES: readonly Scope[] = ["ctl", "diagnostics"];

const QUEUES: ColumnSet = {
  known: [
    "name",
    "durable",
    "auto_delete",
    "arguments",
    "policy",
    "operator_policy",
    "effective_policy_definition",
    "pid",
    "owner_pid",
    "exclusive",
    "exclusive_consumer_pid",
    "exclusive_consumer_tag",
    "messages_ready",
    "messages_unacknowledged",
    "messages",
    "messages_ready_ram",
    "messages_unacknowledged_ram",
    "messages_ram",
    "messages_persistent",
    "message_bytes",
    "message_bytes_ready",
    "message_bytes_unacknowledged",
    "message_bytes_ram",
    "message_bytes_persistent",
    "head_message_timestamp",
    "disk_reads",
    "disk_writes",
    "consumers",
    "consumer_utilisation",
    "consumer_capacity",
    "memory",
    "slave_pids",
    "synchronised_slave_pids",
    "state",
    "type",
    "leader",
    "members",
    "online",
    "open_files",
    "mirror_pids",
    "synchronised_mirror_pids",
  ],
  standard: ["name", "messages"],
};

const EXCHANGES: ColumnSet = {
  known: [
    "name",
    "type",
    "durable",
    "auto_delete",
    "internal",
    "arguments",
    "policy",
    "operator_policy",
    "user_who_performed_action",
  ],
  standard: ["name", "type"],
};

const BINDINGS: ColumnSet = {
  known: [
    "source_name",
    "source_kind",
    "destination_name",
    "destination_kind",
    "routing_key",
    "arguments",
  ],
  standard: [
    "source_name",
    "source_kind",
    "destination_name",
    "destination_kind",
    "routing_key",
    "arguments",
  ],
};

const CONNECTIONS: ColumnSet = {
  known: [
    "pid",
    "name",
    "port",
    "host",
    "peer_port",
    "peer_host",
    "ssl",
    "ssl_protocol",
    "ssl_key_exchange",
    "ssl_cipher",
    "ssl_hash",
    "peer_cert_subject",
    "peer_cert_issuer",
    "peer_cert_validity",
    "state",
    "channels",
    "protocol",
    "auth_mechanism",
    "user",
    "vhost",
    "timeout",
    "frame_max",
    "channel_max",
    "client_properties",
    "recv_oct",
    "recv_cnt",
    "send_oct",
    "send_cnt",
    "send_pend",
    "connected_at",
    "user_provided_name",
    "garbage_collection",
    "reductions",
    "container_id",
  ],
  standard: ["user", "peer_host", "peer_port", "state"],
};

const CHANNELS: ColumnSet = {
  known: [
    "pid",
    "connection",
    "name",
    "number",
    "user",
    "vhost",
    "transactional",
    "confirm",
    "consumer_count",
    "messages_unacknowledged",
    "messages_uncommitted",
    "acks_uncommitted",
    "messages_unconfirmed",
    "prefetch_count",
    "global_prefetch_count",
    "state",
  ],
  standard: ["pid", "user", "consumer_count", "messages_unacknowledged"],
};

const CONSUMERS: ColumnSet = {
  known: [
    "queue_name",
    "channel_pid",
    "consumer_tag",
    "ack_required",
    "prefetch_count",
    "active",
    "activity_status",
    "arguments",
  ],
  standard: [
    "queue_name",
    "channel_pid",
    "consumer_tag",
    "ack_required",
    "prefetch_count",
    "active",
    "arguments",
  ],
};

const ONLINE_OPTIONS = [
  { flags: "--online", description: "only queues that are up" },
  { flags: "--offline", description: "only queues that are down" },
  { flags: "--local", description: "only queues of this node" },
];

interface ListingSpec {
  readonly name: string;
  readonly summary: string;
  readonly columns: ColumnSet;
  readonly banner: (invocation: Invocation) => string;
  /** The rows as the API has them, turned into columns of the command line. */
  readonly load: (invocation: Invocation, columns: readonly string[]) => Promise<readonly Row[]>;
}

const listings: readonly ListingSpec[] = [
  {
    name: "list_queues",
    summary: "Queues and their figures",
    columns: QUEUES,
    banner: (invocation) =>
      `${timeoutLine(invocation)}\nListing queues for vhost ${invocation.vhost} ...`,
    load: async ({ client, vhost, options, node }, columns) => {
      const found = await client.find(`/vhosts/${part(vhost)}`);
      if (found === undefined) return [];
      const queues = await client.list(
        `/queues/${part(vhost)}?columns=${[...columns, "state", "owner_pid_details"].join(",")}`,
      );
      const wanted =
        options.offline === true && options.online !== true
          ? queues.filter(({ state }) => state === "down")
          : queues;
      return wanted.map((queue) => ({
        ...queue,
        pid: queue.leader ?? "",
        owner_pid: ownerOf(queue, node),
      }));
    },
  },
  {
    name: "list_exchanges",
    summary: "Exchanges",
    columns: EXCHANGES,
    banner: ({ vhost }) => `Listing exchanges for vhost ${vhost} ...`,
    load: async ({ client, vhost }, columns) => {
      if ((await client.find(`/vhosts/${part(vhost)}`)) === undefined) return [];
      return client.list(
        `/exchanges/${part(vhost)}?disable_stats=true&columns=${columns.join(",")}`,
      );
    },
  },
  {
    name: "list_bindings",
    summary: "Bindings",
    columns: BINDINGS,
    banner: ({ vhost }) => `Listing bindings for vhost ${vhost}...`,
    load: async ({ client, vhost }) => {
      if ((await client.find(`/vhosts/${part(vhost)}`)) === undefined) return [];
      const bindings = await client.list(`/bindings/${part(vhost)}`);
      return bindings.map((binding) => ({
        source_name: binding.source!,
        source_kind: "exchange",
        destination_name: binding.destination!,
        destination_kind: binding.destination_type!,
        routing_key: binding.routing_key!,
        arguments: binding.arguments!,
      }));
    },
  },
  {
    name: "list_connections",
    summary: "Open connections",
    columns: CONNECTIONS,
    banner: () => "Listing connections ...",
    load: async ({ client, node }) => {
      const connections = await client.list("/connections");
      return connections.map((connection) => ({
        ...connection,
        pid: processId(node, String(connection.name)),
        protocol: connection.protocol === "AMQP 0-9-1" ? "{0,9,1}" : connection.protocol!,
      }));
    },
  },
  {
    name: "list_channels",
    summary: "Open channels",
    columns: CHANNELS,
    banner: () => "Listing channels ...",
    load: async ({ client, node }) => {
      const channels = await client.list("/channels");
      return channels.map((channel) => ({
        ...channel,
        pid: channelProcessId(node, String(channel.name)),
        connection: processId(node, String((channel.connection_details as Row).name)),
      }));
    },
  },
  {
    name: "list_consumers",
    summary: "Consumers of a virtual host",
    columns: CONSUMERS,
    banner: ({ vhost }) => `Listing consumers in vhost ${vhost} ...`,
    load: async ({ client, vhost, node }) => {
      if ((await client.find(`/vhosts/${part(vhost)}`)) === undefined) return [];
      const consumers = await client.list(`/consumers/${part(vhost)}`);
      return consumers.map((consumer) => ({
        ...consumer,
        queue_name: (consumer.queue as Row).name!,
        channel_pid: channelProcessId(node, String((consumer.channel_details as Row).name)),
      }));
    },
  },
];

/** The connection an exclusive queue belongs to. */
function ownerOf({ owner_pid_details: owner }: Row, node: string): string {
  const name = (owner as Row | null | undefined)?.name;
  return typeof name === "string" ? processId(node, name) : "";
}

export const listVerbs: readonly Verb[] = [
  ...listings.map(
    ({ name, summary, columns, banner, load }): Verb => ({
      name,
      scopes: SCOPES,
      usage: "[<column>, ...]",
      minimumArgs: 0,
      maximumArgs: 100,
      group: GROUP,
      summary,
      columns,
      banner,
      ...(name === "list_queues" ? { options: ONLINE_OPTIONS } : {}),
      run: async (invocation) => {
        const chosen = chosenColumns(invocation, columns);
        return rows(chosen, await load(invocation, chosen));
      },
    }),
  ),
  {
    name: "list_unresponsive_queues",
    scopes: SCOPES,
    usage: "[--queue-timeout <ms>]",
    minimumArgs: 0,
    maximumArgs: 100,
    group: GROUP,
    summary: "Queues that do not answer; here they answer or the broker is down",
    options: [{ flags: "--queue-timeout <ms>", description: "accepted" }],
    banner: ({ vhost }) => `Listing unresponsive queues for vhost ${vhost} ...`,
    run: () => rows(["name"], []),
  },
];

export function timeoutLine({ timeoutSeconds }: Invocation): string {
  return `Timeout: ${(timeoutSeconds ?? 60).toFixed(1)} seconds ...`;
}
