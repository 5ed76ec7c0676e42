// Feature flags and deprecated features: all on, because there is nothing to switch.

import { badRequest, json, noContent } from "../answers.ts";
import type { ApiJson } from "../api-json.ts";
import { get, put, type Route } from "../route.ts";

/** Flags of RabbitMQ 4.3 that clients and scripts look for. */
export const FEATURE_FLAGS: readonly (readonly [string, "required" | "stable"])[] = [
  ...[
    "classic_mirrored_queue_version",
    "classic_queue_type_delivery_support",
    "delete_ra_cluster_mqtt_node",
    "detailed_queues_endpoint",
    "direct_exchange_routing_v2",
    "drop_unroutable_metric",
    "empty_basic_get_metric",
    "feature_flags_v2",
    "implicit_default_bindings",
    "khepri_db",
    "listener_records_in_ets",
    "maintenance_mode_status",
    "message_containers",
    "message_containers_deaths_v2",
    "mqtt_v5",
    "quorum_queue",
    "quorum_queue_non_voters",
    "rabbit_mqtt_qos0_queue",
    "rabbitmq_4.0.0",
    "rabbitmq_4.1.0",
    "rabbitmq_4.2.0",
    "restart_streams",
    "stream_filtering",
    "stream_queue",
    "stream_sac_coordinator_unblock_group",
    "stream_single_active_consumer",
    "stream_update_config_command",
    "tracking_records_in_ets",
    "user_limits",
    "virtual_host_metadata",
  ].map((name) => [name, "required"] as const),
  ["rabbitmq_4.3.0", "stable"],
  ["track_qq_members_uids", "stable"],
];

/** Features RabbitMQ has deprecated; here they go on working. */
export const DEPRECATED_FEATURES: readonly (readonly [string, string, string])[] = [
  ["amqp_address_v1", "denied_by_default", "AMQP 1.0 addresses of version 1"],
  ["amqp_filter_set_bug", "denied_by_default", "Filters in a form AMQP 1.0 does not allow"],
  ["classic_queue_mirroring", "removed", "Mirrored classic queues"],
  ["global_qos", "denied_by_default", "Prefetch counted for a whole channel"],
  [
    "management_metrics_collection",
    "permitted_by_default",
    "Rates and charts in the management pages",
  ],
  ["queue_master_locator", "denied_by_default", "x-queue-master-locator and its policy key"],
  ["ram_node_type", "removed", "Nodes that keep definitions in memory only"],
  [
    "transient_nonexcl_queues",
    "denied_by_default",
    "Queues that are neither durable nor exclusive",
  ],
];

export const featureRoutes: readonly Route[] = [
  get("/feature-flags", "management", "Feature flags; all are enabled", () => json(flagsView())),
  put(
    "/feature-flags/:name/enable",
    "administrator",
    "Enables what is enabled already",
    (request) => {
      const name = request.param("name");
      if (!FEATURE_FLAGS.some(([known]) => known === name)) throw badRequest("unsupported");
      return noContent;
    },
  ),
  get("/deprecated-features", "management", "Features RabbitMQ has deprecated", () =>
    json(deprecatedView()),
  ),
  get("/deprecated-features/used", "management", "Those in use", () => json([])),
];

export function flagsView(): readonly ApiJson[] {
  return FEATURE_FLAGS.map(([name, stability]) => ({
    name,
    desc: "Built in and always on",
    doc_url: "",
    state: "enabled",
    stability,
    require_level: stability === "required" ? "hard" : "none",
    provided_by: "rabbit",
  }));
}

export function deprecatedView(): readonly ApiJson[] {
  return DEPRECATED_FEATURES.map(([name, phase, desc]) => ({
    name,
    desc,
    doc_url: "",
    deprecation_phase: phase,
    state: phase === "removed" ? "denied" : "permitted",
    provided_by: "rabbit",
  }));
}
