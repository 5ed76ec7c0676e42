// rabbitmq-plugins: what RabbitMQ adds as plugins is built in here or absent.

import { existsSync, writeFileSync } from "node:fs";
import {
  enabledPluginsPlaces,
  enabledPluginsText,
  parseEnabledPlugins,
  pluginKind,
  pluginTable,
} from "../../../config/plugins.ts";
import { RABBITMQ_LEVEL } from "../../../version.ts";
import { readConfiguration, readFileIfThere } from "../../config-files.ts";
import { CtlError, Exit, UsageError } from "../exit-codes.ts";
import { type Invocation, type Output, textOutput, type Verb } from "../verb.ts";

const PLUGINS = ["plugins"] as const;
const NAME_WIDTH = 34;

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
    run: ({ args, node, options }) => {
      const on = switchedOn({ options });
      const missing = args.filter((name) => !isEnabled(name, on));
      if (missing.length === 0)
        return textOutput(`Plugin ${args.join(", ")} is enabled on node ${node}`);
      const enabled = pluginTable.map(([name]) => name).filter((name) => isEnabled(name, on));
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

/** The file of enabled plugins that is read at the next start; it may not exist yet. */
function pluginsFile({ options }: Pick<Invocation, "options">): string {
  const directory = typeof options.dataDir === "string" ? options.dataDir : undefined;
  const places = enabledPluginsPlaces(process.env, readConfiguration(directory).dataDirectory);
  return places.find((place) => existsSync(place)) ?? places[0]!;
}

/** Plugins switched on by name. */
function switchedOn(invocation: Pick<Invocation, "options">): readonly string[] {
  const text = readFileIfThere(pluginsFile(invocation)) ?? "";
  return parseEnabledPlugins(text).filter((name) => pluginKind(name) === "on request");
}

function isEnabled(name: string, on: readonly string[]): boolean {
  return pluginKind(name) === "built-in" || on.includes(name);
}

function listPlugins({ args, options, isQuiet, node }: Invocation): Output {
  const on = switchedOn({ options });
  const pattern = new RegExp(args[0] ?? ".*");
  const enabledOnly = options.enabled === true || options.implicitlyEnabled === true;
  const shown = pluginTable.filter(
    ([name]) => pattern.test(name) && (!enabledOnly || isEnabled(name, on)),
  );
  const json = {
    format: options.minimal === true ? "minimal" : "normal",
    plugins: shown.map(([name]) => ({
      name,
      enabled: isEnabled(name, on) ? "enabled" : "not_enabled",
      running: isEnabled(name, on),
      running_version: isEnabled(name, on) ? RABBITMQ_LEVEL : null,
      version: RABBITMQ_LEVEL,
    })),
  };
  if (options.minimal === true)
    return { kind: "value", text: shown.map(([name]) => name).join("\n"), json };
  const lines = shown.map(
    ([name]) =>
      `[${isEnabled(name, on) ? "E*" : "  "}] ${name.padEnd(NAME_WIDTH)}${RABBITMQ_LEVEL}`,
  );
  const legend = [
    " Configured: E = explicitly enabled; e = implicitly enabled",
    ` | Status: * = running on ${node}`,
    " |/",
  ];
  return { kind: "value", text: [...(isQuiet ? [] : legend), ...lines].join("\n"), json };
}

function changePlugins(
  action: "enable" | "disable" | "set",
  { args, node, options }: Invocation,
): Output {
  const unknown = args.filter((name) => pluginKind(name) === undefined);
  if (unknown.length > 0 && action !== "disable") {
    throw new CtlError(
      Exit.software,
      `{:plugins_not_found, [${unknown.map((name) => `:${name}`).join(", ")}]}`,
    );
  }
  const absent = args.filter((name) => pluginKind(name) === "absent");
  if (action !== "disable" && absent.length > 0) {
    throw new CtlError(
      Exit.unavailable,
      `this broker does not have ${absent.join(", ")}: see docs/compatibility.md for what is there`,
    );
  }
  const before = switchedOn({ options });
  const after = chosen(action, args, before, options.all === true);
  const isChanged = after.join() !== before.join();
  if (isChanged) writeFileSync(pluginsFile({ options }), enabledPluginsText(after));
  const enabled = pluginTable.map(([name]) => name).filter((name) => isEnabled(name, after));
  const lines = [
    "The following plugins have been configured:",
    ...enabled.map((name) => `  ${name}`),
    `Applying plugin configuration to ${node}...`,
    ...(action === "disable" && args.some((name) => pluginKind(name) === "built-in")
      ? ["Plugins that are built in stay enabled."]
      : []),
    isChanged
      ? "Offline change; changes will take effect at broker restart."
      : "Plugin configuration unchanged.",
  ];
  return textOutput(lines.join("\n"));
}

/** What is switched on by name afterwards, in the order of the table. */
function chosen(
  action: "enable" | "disable" | "set",
  args: readonly string[],
  before: readonly string[],
  isAll: boolean,
): readonly string[] {
  const named = (name: string) => isAll || args.includes(name);
  const keep = {
    enable: (name: string) => named(name) || before.includes(name),
    disable: (name: string) => !named(name) && before.includes(name),
    set: named,
  }[action];
  return pluginTable
    .map(([name]) => name)
    .filter((name) => pluginKind(name) === "on request" && keep(name));
}
