// Virtual hosts.

import { part } from "../client.ts";
import { CtlError, Exit } from "../exit-codes.ts";
import { chosenColumns, nothing, rows, textOutput, type Verb, wholeRows } from "../verb.ts";
import {
  jsonArgument,
  limitsText,
  orUnavailable,
  requireVhost,
  requireVhostData,
} from "./requests.ts";

const GROUP = "Virtual Hosts";
const CTL = ["ctl"] as const;
const METADATA_OPTIONS = [
  { flags: "--description <text>", description: "what it is for" },
  { flags: "--tags <tags>", description: "tags, separated by commas" },
  { flags: "--default-queue-type <type>", description: "classic, quorum or stream" },
];
const COLUMNS = {
  known: [
    "name",
    "description",
    "tags",
    "default_queue_type",
    "metadata",
    "tracing",
    "cluster_state",
    "protected_from_deletion",
  ],
  standard: ["name"],
};

export const vhostVerbs: readonly Verb[] = [
  {
    name: "add_vhost",
    scopes: CTL,
    usage: "<vhost>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Adds a virtual host",
    options: METADATA_OPTIONS,
    banner: ({ args }) => `Adding vhost "${args[0]}" ...`,
    run: async ({ client, args, options }) => {
      await orUnavailable(client.put(`/vhosts/${part(args[0]!)}`, metadataOf(options)));
      return nothing;
    },
  },
  {
    name: "update_vhost_metadata",
    scopes: CTL,
    usage: "<vhost>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Changes description, tags and default queue type",
    options: METADATA_OPTIONS,
    banner: ({ args }) => `Updating metadata of vhost "${args[0]}" ...`,
    run: async ({ client, args, options }) => {
      await requireVhost(client, args[0]!);
      await orUnavailable(client.put(`/vhosts/${part(args[0]!)}`, metadataOf(options)));
      return nothing;
    },
  },
  {
    name: "delete_vhost",
    scopes: CTL,
    usage: "<vhost>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Deletes a virtual host with all that is in it",
    banner: ({ args }) => `Deleting vhost "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await requireVhostData(client, args[0]!);
      await orUnavailable(client.delete(`/vhosts/${part(args[0]!)}`));
      return nothing;
    },
  },
  {
    name: "list_vhosts",
    scopes: ["ctl", "diagnostics"],
    usage: "[<column>, ...]",
    minimumArgs: 0,
    maximumArgs: 20,
    group: GROUP,
    summary: "Virtual hosts",
    columns: COLUMNS,
    banner: () => "Listing vhosts ...",
    run: async (invocation) => {
      const columns = chosenColumns(invocation, COLUMNS);
      return rows(
        columns,
        await invocation.client.list(`/vhosts?disable_stats=true&columns=${columns.join(",")}`),
      );
    },
  },
  {
    name: "set_vhost_tags",
    scopes: CTL,
    usage: "<vhost> <tag> [...]",
    minimumArgs: 1,
    maximumArgs: 100,
    group: GROUP,
    summary: "Replaces the tags of a virtual host",
    banner: ({ args }) =>
      `Setting tags for virtual host "${args[0]}" to [${args.slice(1).join(", ")}] ...`,
    run: async ({ client, args }) => {
      const [name, ...tags] = args;
      if ((await client.find(`/vhosts/${part(name!)}`)) === undefined) {
        throw new CtlError(Exit.dataError, `Virtual host "${name}" does not exist`);
      }
      await client.put(`/vhosts/${part(name!)}`, { tags });
      return nothing;
    },
  },
  ...(["trace_on", "trace_off"] as const).map(
    (name): Verb => ({
      name,
      scopes: CTL,
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: GROUP,
      summary:
        name === "trace_on"
          ? "Publishes a copy of every message to amq.rabbitmq.trace"
          : "Ends that",
      banner: ({ vhost }) =>
        `${name === "trace_on" ? "Starting" : "Stopping"} tracing for vhost "${vhost}" ...`,
      run: async ({ client, vhost }) => {
        await requireVhost(client, vhost);
        await client.put(`/vhosts/${part(vhost)}`, { tracing: name === "trace_on" });
        return textOutput(
          `Trace ${name === "trace_on" ? "enabled" : "disabled"} for vhost ${vhost}`,
        );
      },
    }),
  ),
  ...(["enable", "disable"] as const).map(
    (what): Verb => ({
      name: `${what}_vhost_deletion_protection`,
      scopes: CTL,
      usage: "<vhost>",
      minimumArgs: 1,
      maximumArgs: 1,
      group: GROUP,
      summary: what === "enable" ? "Refuses to delete a virtual host" : "Allows it again",
      banner: ({ args }) =>
        `${what === "enable" ? "Protecting" : "Unprotecting"} vhost "${args[0]}" ...`,
      run: async ({ client, args }) => {
        await requireVhost(client, args[0]!);
        const path = `/vhosts/${part(args[0]!)}/deletion/protection`;
        await (what === "enable" ? client.post(path) : client.delete(path));
        return nothing;
      },
    }),
  ),
  {
    name: "set_vhost_limits",
    scopes: CTL,
    usage: "<definition>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: 'Sets limits of a virtual host, as JSON: {"max-queues": 100}',
    banner: ({ args, vhost }) => `Setting vhost limits to "${args[0]}" for vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      await requireVhostData(client, vhost);
      const value = jsonArgument(args[0]!);
      // All of them at once: limits that are not named are lifted.
      await orUnavailable(client.put(`/parameters/vhost-limits/${part(vhost)}/limits`, { value }));
      return nothing;
    },
  },
  {
    name: "clear_vhost_limits",
    scopes: CTL,
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Lifts the limits of a virtual host",
    banner: ({ vhost }) => `Clearing vhost "${vhost}" limits ...`,
    run: async ({ client, vhost }) => {
      await requireVhost(client, vhost);
      for (const name of ["max-connections", "max-queues"]) {
        await client.delete(`/vhost-limits/${part(vhost)}/${name}`);
      }
      return nothing;
    },
  },
  {
    name: "list_vhost_limits",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Limits of a virtual host, or of all",
    options: [{ flags: "--global", description: "those of all virtual hosts" }],
    banner: ({ options, vhost }) =>
      options.global === true
        ? "Listing limits for all vhosts ..."
        : `Listing limits for vhost "${vhost}" ...`,
    run: async ({ client, options, vhost }) => {
      const all = await client.list("/vhost-limits");
      if (options.global === true) {
        return wholeRows(
          ["vhost", "limits"],
          all.map((each) => ({ vhost: each.vhost!, limits: limitsText(each.value) })),
        );
      }
      await requireVhostData(client, vhost);
      const own = all.find((each) => each.vhost === vhost);
      return own === undefined ? wholeRows([], []) : textOutput(limitsText(own.value));
    },
  },
  {
    name: "restart_vhost",
    scopes: CTL,
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Starts a virtual host that is down; here none ever is",
    banner: ({ vhost, node }) => `Trying to restart vhost '${vhost}' on node '${node}' ...`,
    run: async ({ client, vhost, node }) => {
      await requireVhost(client, vhost);
      return textOutput(`Vhost '${vhost}' is already running on node '${node}'`);
    },
  },
];

function metadataOf(
  options: Readonly<Record<string, string | boolean | undefined>>,
): Record<string, string> {
  const { description, tags, defaultQueueType } = options;
  return {
    ...(typeof description === "string" ? { description } : {}),
    ...(typeof tags === "string" ? { tags } : {}),
    ...(typeof defaultQueueType === "string" ? { default_queue_type: defaultQueueType } : {}),
  };
}
