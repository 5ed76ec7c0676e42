// rabbitmq-plugins: what RabbitMQ adds as plugins is built in here or absent.

import { RABBITMQ_LEVEL } from "../../../version.ts";
import { CtlError, Exit, UsageError } from "../exit-codes.ts";
import { type Invocation, type Output, textOutput, type Verb } from "../verb.ts";

const PLUGINS = ["plugins"] as const;
const NAME_WIDTH = 34;

/** RabbitMQ's plugins: what this broker has of them. */
export const pluginTable: readonly (readonly [string, "built-in" | "absent"])[] = [
  ["rabbitmq_amqp1_0", "absent"],
  ["rabbitmq_auth_backend_cache", "absent"],
  ["rabbitmq_auth_backend_http", "absent"],
  ["rabbitmq_auth_backend_ldap", "absent"],
  ["rabbitmq_auth_backend_oauth2", "absent"],
  ["rabbitmq_auth_mechanism_ssl", "built-in"],
  ["rabbitmq_consistent_hash_exchange", "built-in"],
  ["rabbitmq_event_exchange", "built-in"],
  ["rabbitmq_federation", "absent"],
  ["rabbitmq_federation_management", "absent"],
  ["rabbitmq_jms_topic_exchange", "absent"],
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

const OFFLINE = [
  { flags: "--offline", description: "accepted" },
  { flags: "--online", description: "accepted" },
  { flags: "--all", description: "all plugins" },
];

export const pluginVerbs: readonly Verb[] = [
  {
    name: "list",
    scopes: PLUGINS,
    usage: "[pattern] [--verbose] [--minimal] [--enabled] [--implicitly-enabled]",
    minimumArgs: 0,
    maximumArgs: 1,
    group: "Plugin Management",
    summary: "Plugins of RabbitMQ: what is marked is built in",
    options: [
      { flags: "-v, --verbose", description: "accepted" },
      { flags: "-m, --minimal", description: "only names" },
      { flags: "-E, --enabled", description: "only those enabled" },
      { flags: "-e, --implicitly-enabled", description: "the same" },
    ],
    isOffline: true,
    asksName: true,
    banner: ({ args }) => `Listing plugins with pattern "${args[0] ?? ".*"}" ...`,
    run: listPlugins,
  },
  ...(["enable", "disable", "set"] as const).map(
    (name): Verb => ({
      name,
      scopes: PLUGINS,
      usage: "<plugin1> [<plugin2>] [--offline] [--online]",
      minimumArgs: 0,
      maximumArgs: 100,
      group: "Plugin Management",
      summary:
        name === "disable"
          ? "Disables plugins; what is built in stays"
          : "Enables plugins; what is built in is on already",
      options: OFFLINE,
      isOffline: true,
      asksName: true,
      check: ({ args, options }) => {
        if (name === "set" || args.length > 0 || options.all === true) return;
        throw new UsageError(Exit.usage, "Error (argument validation): not enough arguments.");
      },
      banner: ({ args, node }) =>
        `${name === "disable" ? "Disabling" : "Enabling"} plugins on node ${node}:\n${args.join("\n")}`,
      run: (invocation) => changePlugins(name, invocation),
    }),
  ),
  {
    name: "is_enabled",
    scopes: PLUGINS,
    usage: "<plugin1> [<plugin2>]",
    minimumArgs: 1,
    maximumArgs: 100,
    group: "Monitoring, observability and health checks",
    summary: "Whether plugins are built in; exit code 69 when one is not",
    options: OFFLINE,
    isOffline: true,
    asksName: true,
    banner: ({ args, node }) => `Asking node ${node} if plugin ${args.join(", ")} is enabled...`,
    run: ({ args, node }) => {
      const missing = args.filter((name) => !isBuiltIn(name));
      if (missing.length === 0)
        return textOutput(`Plugin ${args.join(", ")} is enabled on node ${node}`);
      const enabled = pluginTable.filter(([, kind]) => kind === "built-in").map(([name]) => name);
      throw new CtlError(
        Exit.unavailable,
        `Plugin ${missing.join(", ")} is not enabled on node ${node}. Enabled plugins and dependencies: ${enabled.join(", ")}`,
      );
    },
  },
  {
    name: "directories",
    scopes: PLUGINS,
    usage: "[--offline] [--online]",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Plugin Management",
    summary: "Where plugins lie: nowhere, they are built in",
    options: OFFLINE,
    isOffline: true,
    asksName: true,
    banner: () => "Listing plugin directories used by this node",
    run: () =>
      textOutput(
        "Plugin archives directory: (none)\nPlugin expansion directory: (none)\nEnabled plugins file: (none)",
      ),
  },
];

function isBuiltIn(name: string): boolean {
  return pluginTable.some(([known, kind]) => known === name && kind === "built-in");
}

function listPlugins({ args, options, isQuiet, node }: Invocation): Output {
  const pattern = new RegExp(args[0] ?? ".*");
  const enabledOnly = options.enabled === true || options.implicitlyEnabled === true;
  const shown = pluginTable.filter(
    ([name, kind]) => pattern.test(name) && (!enabledOnly || kind === "built-in"),
  );
  const json = {
    format: options.minimal === true ? "minimal" : "normal",
    plugins: shown.map(([name, kind]) => ({
      name,
      enabled: kind === "built-in" ? "enabled" : "not_enabled",
      running: kind === "built-in",
      running_version: kind === "built-in" ? RABBITMQ_LEVEL : null,
      version: RABBITMQ_LEVEL,
    })),
  };
  if (options.minimal === true)
    return { kind: "value", text: shown.map(([name]) => name).join("\n"), json };
  const lines = shown.map(
    ([name, kind]) =>
      `[${kind === "built-in" ? "E*" : "  "}] ${name.padEnd(NAME_WIDTH)}${RABBITMQ_LEVEL}`,
  );
  const legend = [
    " Configured: E = explicitly enabled; e = implicitly enabled",
    ` | Status: * = running on ${node}`,
    " |/",
  ];
  return { kind: "value", text: [...(isQuiet ? [] : legend), ...lines].join("\n"), json };
}

function changePlugins(action: "enable" | "disable" | "set", { args, node }: Invocation): Output {
  const unknown = args.filter((name) => !pluginTable.some(([known]) => known === name));
  if (unknown.length > 0) {
    throw new CtlError(
      Exit.software,
      `{:plugins_not_found, [${unknown.map((name) => `:${name}`).join(", ")}]}`,
    );
  }
  const absent = args.filter((name) => !isBuiltIn(name));
  if (action !== "disable" && absent.length > 0) {
    throw new CtlError(
      Exit.unavailable,
      `this broker does not have ${absent.join(", ")}: see docs/compatibility.md for what is there`,
    );
  }
  const enabled = pluginTable
    .filter(([, kind]) => kind === "built-in")
    .map(([name]) => `  ${name}`);
  const lines = [
    "The following plugins have been configured:",
    ...enabled,
    `Applying plugin configuration to ${node}...`,
  ];
  if (action === "disable" && args.some(isBuiltIn)) {
    return textOutput(
      [...lines, "Plugins that are built in stay enabled.", "Plugin configuration unchanged."].join(
        "\n",
      ),
    );
  }
  return textOutput([...lines, "Plugin configuration unchanged."].join("\n"));
}
