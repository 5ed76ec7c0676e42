// Commands of RabbitMQ that mean nothing here: each says why and ends with its exit code, none pretends to succeed.

import { CtlError, Exit } from "../exit-codes.ts";
import { nothing, type Scope, textOutput, type Verb } from "../verb.ts";

const ONE_NODE = "this broker runs on one node: there is no cluster to change";
const NO_ERLANG = "there is no Erlang here";
const NO_MIRRORS = "there are no mirrored classic queues here: use quorum queues";
const NOT_YET = "this broker does not have it: see docs/compatibility.md";
const ON_DISK = "stop the broker and remove its data directory instead";

/** The group of these commands in help pages. */
export const absentGroup = "Not here";

interface Absent {
  readonly names: readonly string[];
  readonly scopes: readonly Scope[];
  readonly why: string;
}

const absent: readonly Absent[] = [
  {
    names: [
      "join_cluster",
      "forget_cluster_node",
      "rename_cluster_node",
      "update_cluster_nodes",
      "change_cluster_node_type",
      "force_standalone_khepri_boot",
    ],
    scopes: ["ctl"],
    why: ONE_NODE,
  },
  { names: ["reset", "force_reset"], scopes: ["ctl"], why: ON_DISK },
  {
    names: [
      "eval",
      "eval_file",
      "exec",
      "remote_shell",
      "observer",
      "schema_info",
      "erlang_cookie_hash",
      "erlang_cookie_sources",
    ],
    scopes: ["ctl", "diagnostics"],
    why: NO_ERLANG,
  },
  {
    names: ["encode", "decode", "encrypt_conf_value", "decrypt_conf_value"],
    scopes: ["ctl"],
    why: "values are not encrypted here: name an environment variable, as in $(PASSWORD)",
  },
  {
    names: ["list_ciphers", "list_hashes"],
    scopes: ["ctl", "diagnostics"],
    why: "values are not encrypted here: name an environment variable, as in $(PASSWORD)",
  },
  {
    names: ["cancel_sync_queue", "sync_queue", "remove_classic_queue_mirroring_from_policies"],
    scopes: ["ctl"],
    why: NO_MIRRORS,
  },
  {
    names: [
      "list_policies_with_classic_queue_mirroring",
      "list_operator_policies_with_classic_queue_mirroring",
    ],
    scopes: ["queues"],
    why: NO_MIRRORS,
  },
  {
    names: [
      "shovel_status",
      "delete_shovel",
      "restart_shovel",
      "federation_status",
      "restart_federation_link",
      "list_mqtt_connections",
      "list_web_mqtt_connections",
      "list_stomp_connections",
      "list_trust_store_certificates",
      "refresh_trust_store",
      "clear_auth_backend_cache",
      "add_signing_key",
      "add_uaa_key",
      "reset_stats_db",
      "consistent_hash_exchange_ring_state",
    ],
    scopes: ["ctl"],
    why: NOT_YET,
  },
  {
    names: ["set_stream_retention_policy"],
    scopes: ["streams"],
    why: "set a policy with max-age or max-length-bytes: rabbitmqctl set_policy",
  },
  {
    names: [
      "coordinator_status",
      "list_stream_connections",
      "list_stream_consumers",
      "list_stream_publishers",
      "list_stream_consumer_groups",
      "list_stream_group_consumers",
      "activate_stream_consumer",
    ],
    scopes: ["streams"],
    why: "the stream protocol is not here; readers over AMQP: rabbitmqctl list_consumers, stream_status",
  },
  {
    names: ["enable_auth_attempt_source_tracking", "disable_auth_attempt_source_tracking"],
    scopes: ["diagnostics"],
    why: "sources of logins are not counted here: see the log category connection",
  },
];

/** What has nothing left to do here, and says so with exit code 0 because scripts call it as a step. */
const done: readonly (readonly [string, readonly Scope[], string])[] = [
  ["force_boot", ["ctl"], "A broker on one node waits for no other"],
  [
    "hipe_compile",
    ["ctl"],
    "This command is a no-op. HiPE is no longer supported by modern Erlang versions",
  ],
  ["reconcile_vhosts", ["ctl"], "Virtual hosts run wherever the broker runs"],
];

export const absentVerbs: readonly Verb[] = [
  ...absent.flatMap(({ names, scopes, why }) =>
    names.map(
      (name): Verb => ({
        name,
        scopes,
        usage: "...",
        minimumArgs: 0,
        maximumArgs: 100,
        group: absentGroup,
        summary: why,
        exitsWith: Exit.unavailable,
        isOffline: true,
        anyOptions: true,
        run: () => {
          throw new CtlError(Exit.unavailable, `${name}: ${why}`);
        },
      }),
    ),
  ),
  ...done.map(
    ([name, scopes, text]): Verb => ({
      name,
      scopes,
      usage: "",
      minimumArgs: 0,
      maximumArgs: 1,
      group: absentGroup,
      summary: text,
      run: ({ isQuiet }) => (isQuiet ? nothing : textOutput(text)),
    }),
  ),
];
