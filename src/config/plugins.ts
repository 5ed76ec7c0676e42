// What RabbitMQ has as plugins: built in here, switched on by name, or absent; and the file of those switched on.

/** RabbitMQ's plugins: what this broker has of them. */
export const pluginTable: readonly (readonly [string, "built-in" | "on request" | "absent"])[] = [
  ["rabbitmq_amqp1_0", "absent"],
  ["rabbitmq_auth_backend_cache", "built-in"],
  ["rabbitmq_auth_backend_http", "built-in"],
  ["rabbitmq_auth_backend_ldap", "built-in"],
  ["rabbitmq_auth_backend_oauth2", "built-in"],
  ["rabbitmq_auth_mechanism_ssl", "built-in"],
  ["rabbitmq_consistent_hash_exchange", "built-in"],
  ["rabbitmq_event_exchange", "on request"],
  ["rabbitmq_federation", "absent"],
  ["rabbitmq_federation_management", "absent"],
  ["rabbitmq_jms_topic_exchange", "built-in"],
  ["rabbitmq_management", "built-in"],
  ["rabbitmq_management_agent", "built-in"],
  ["rabbitmq_mqtt", "absent"],
  ["rabbitmq_peer_discovery_aws", "absent"],
  ["rabbitmq_peer_discovery_common", "absent"],
  ["rabbitmq_peer_discovery_consul", "absent"],
  ["rabbitmq_peer_discovery_etcd", "absent"],
  ["rabbitmq_peer_discovery_k8s", "absent"],
  ["rabbitmq_prometheus", "built-in"],
  ["rabbitmq_random_exchange", "built-in"],
  ["rabbitmq_recent_history_exchange", "built-in"],
  ["rabbitmq_sharding", "absent"],
  ["rabbitmq_shovel", "absent"],
  ["rabbitmq_shovel_management", "absent"],
  ["rabbitmq_stomp", "absent"],
  ["rabbitmq_stream", "absent"],
  ["rabbitmq_stream_management", "absent"],
  ["rabbitmq_top", "absent"],
  ["rabbitmq_tracing", "built-in"],
  ["rabbitmq_trust_store", "absent"],
  ["rabbitmq_web_dispatch", "built-in"],
  ["rabbitmq_web_mqtt", "absent"],
  ["rabbitmq_web_stomp", "absent"],
];

/** The kind of a plugin; undefined for a name nobody knows. */
export function pluginKind(name: string): "built-in" | "on request" | "absent" | undefined {
  return pluginTable.find(([known]) => known === name)?.[1];
}

/** Names in a file of enabled plugins, which is an Erlang list: `[rabbitmq_management,rabbitmq_event_exchange].` */
export function parseEnabledPlugins(text: string): readonly string[] {
  const list = /\[([^\]]*)\]/.exec(text.replace(/%.*$/gm, ""))?.[1] ?? "";
  return list.split(",").flatMap((name) => {
    const trimmed = name.trim().replace(/^'(.*)'$/, "$1");
    return trimmed === "" ? [] : [trimmed];
  });
}

/** The file's text. */
export function enabledPluginsText(names: readonly string[]): string {
  return `[${names.join(",")}].\n`;
}

/** Where the file lies: as RABBITMQ_ENABLED_PLUGINS_FILE says, else with the data, else where packages put it. */
export function enabledPluginsPlaces(
  environment: Readonly<Record<string, string | undefined>>,
  dataDirectory: string,
): readonly string[] {
  const named = environment.RABBITMQ_ENABLED_PLUGINS_FILE;
  if (named !== undefined && named !== "") return [named];
  return [`${dataDirectory}/enabled_plugins`, "/etc/rabbitmq/enabled_plugins"];
}
