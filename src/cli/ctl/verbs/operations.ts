// Things done to connections, queues and features.

import { ApiFailure, part } from "../client.ts";
import { CtlError, Exit } from "../exit-codes.ts";
import { processId } from "../process-id.ts";
import { chosenColumns, nothing, rows, textOutput, type Verb } from "../verb.ts";
import { requireVhost } from "./requests.ts";

const CTL = ["ctl"] as const;
const FLAG_COLUMNS = {
  known: ["name", "state", "stability", "provided_by", "desc", "doc_url", "require_level"],
  standard: ["name", "state"],
};
const DEPRECATED_COLUMNS = {
  known: ["name", "deprecation_phase", "provided_by", "desc", "doc_url", "state"],
  standard: ["name", "deprecation_phase", "state"],
};

export const operationVerbs: readonly Verb[] = [
  {
    name: "close_connection",
    scopes: CTL,
    usage: "<connection pid> <explanation>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Operations",
    summary: "Closes the connection with that pid or name, saying why",
    banner: ({ args }) => `Closing connection ${args[0]}, reason: ${args[1]}...`,
    run: async ({ client, args, node }) => {
      const all = await client.list("/connections?columns=name");
      const named = all.find(({ name }) => processId(node, String(name)) === args[0]);
      const name = String(named?.name ?? args[0]);
      try {
        await client.delete(`/connections/${part(name)}`, { "x-reason": args[1]! });
      } catch (error) {
        if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
        throw new CtlError(Exit.unavailable, `there is no connection "${args[0]}"`);
      }
      return nothing;
    },
  },
  {
    name: "close_all_connections",
    scopes: CTL,
    usage: "[--global] [--per-connection-delay <ms>] [--limit <n>] <explanation>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Operations",
    summary: "Closes all connections of a virtual host",
    options: [
      { flags: "--global", description: "of all virtual hosts" },
      { flags: "--per-connection-delay <ms>", description: "pause after each" },
      { flags: "--limit <n>", description: "so many at most" },
    ],
    banner: ({ args, vhost, options }) =>
      options.global === true
        ? `Closing all connections (across all vhosts), reason: ${args[0]}...`
        : `Closing all connections in vhost ${vhost}, reason: ${args[0]}...`,
    run: async ({ client, args, vhost, options }) => {
      const all = await client.list("/connections?columns=name,vhost");
      const chosen = all.filter((each) => options.global === true || each.vhost === vhost);
      const limit = options.limit === undefined ? chosen.length : Number(options.limit);
      let closed = 0;
      for (const { name } of chosen.slice(0, limit)) {
        await client.delete(`/connections/${part(String(name))}`, { "x-reason": args[0]! });
        closed++;
      }
      return textOutput(`Closed ${closed} connections`);
    },
  },
  {
    name: "close_all_user_connections",
    scopes: CTL,
    usage: "<username> <explanation>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Operations",
    summary: "Closes all connections of a user",
    banner: ({ args }) => `Closing connections of user ${args[0]}, reason: ${args[1]}...`,
    run: async ({ client, args }) => {
      await client.delete(`/connections/username/${part(args[0]!)}`, { "x-reason": args[1]! });
      return nothing;
    },
  },
  {
    name: "purge_queue",
    scopes: CTL,
    usage: "<queue>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Queues",
    summary: "Removes the messages that are ready",
    banner: ({ args, vhost }) => `Purging queue '${args[0]}' in vhost '${vhost}' ...`,
    run: async ({ client, args, vhost }) => {
      try {
        await client.delete(`/queues/${part(vhost)}/${part(args[0]!)}/contents`);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        throw new CtlError(Exit.unavailable, error.status === 404 ? "not_found" : error.reason);
      }
      return nothing;
    },
  },
  {
    name: "delete_queue",
    scopes: CTL,
    usage: "[--if-empty] [--if-unused] <queue_name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Queues",
    summary: "Deletes a queue with its messages",
    options: [
      { flags: "-e, --if-empty", description: "only when it holds no message" },
      { flags: "-u, --if-unused", description: "only when it has no consumer" },
    ],
    banner: ({ args, vhost, options }) => {
      const conditions = [
        ...(options.ifUnused === true ? ["if queue is unused"] : []),
        ...(options.ifEmpty === true ? ["if queue is empty"] : []),
      ].join(" and ");
      return `Deleting queue '${args[0]}' on vhost '${vhost}' ${conditions === "" ? "" : `${conditions} `}...`;
    },
    run: async ({ client, args, vhost, options }) => {
      const path = `/queues/${part(vhost)}/${part(args[0]!)}`;
      const queue = await client.find(path);
      if (queue === undefined) throw new CtlError(Exit.usage, "Queue not found");
      if (options.ifUnused === true && Number(queue.consumers) > 0)
        throw new CtlError(Exit.usage, "Queue is in use");
      if (options.ifEmpty === true && Number(queue.messages) > 0)
        throw new CtlError(Exit.usage, "Queue is not empty");
      const flags = `if-empty=${options.ifEmpty === true}&if-unused=${options.ifUnused === true}`;
      await client.delete(`${path}?${flags}`);
      return textOutput(
        `Queue was successfully deleted with ${queue.messages_ready} ready messages`,
      );
    },
  },
  ...(["pause", "resume"] as const).map(
    (what): Verb => ({
      name: `${what}_queue`,
      scopes: CTL,
      usage: "<queue>",
      minimumArgs: 1,
      maximumArgs: 1,
      group: "Queues",
      summary:
        what === "pause" ? "Stops deliveries; messages are still taken" : "Lets deliveries go on",
      banner: ({ args, vhost }) =>
        `${what === "pause" ? "Pausing" : "Resuming"} queue '${args[0]}' in vhost '${vhost}' ...`,
      run: async ({ client, args, vhost }) => {
        await client.put(`/queues/${part(vhost)}/${part(args[0]!)}/${what}`);
        return nothing;
      },
    }),
  ),
  {
    name: "convert_queue",
    scopes: CTL,
    usage: "<queue> <type>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Queues",
    summary: "Makes a queue one of another type, in the background, while it is used",
    banner: ({ args, vhost }) =>
      `Converting queue '${args[0]}' in vhost '${vhost}' to type '${args[1]}' ...`,
    run: async ({ client, args, vhost }) => {
      await client.put(`/queues/${part(vhost)}/${part(args[0]!)}/type`, { type: args[1]! });
      return nothing;
    },
  },
  {
    name: "enable_feature_flag",
    scopes: CTL,
    usage: "[--experimental] <all | feature_flag>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Feature flags",
    summary: "Enables a feature flag; all are enabled already",
    options: [
      { flags: "--experimental", description: "accepted" },
      { flags: "--opt-in", description: "accepted" },
    ],
    banner: ({ args }) =>
      args[0] === "all"
        ? "Enabling all feature flags ..."
        : `Enabling feature flag "${args[0]}" ...`,
    run: async ({ client, args, node }) => {
      if (args[0] === "all") return nothing;
      try {
        await client.put(`/feature-flags/${part(args[0]!)}/enable`);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        throw new CtlError(Exit.usage, `This feature flag is not supported by node ${node}`);
      }
      return nothing;
    },
  },
  {
    name: "list_feature_flags",
    scopes: ["ctl", "diagnostics"],
    usage: "[<column>, ...]",
    minimumArgs: 0,
    maximumArgs: 10,
    group: "Feature flags",
    summary: "Feature flags and their state",
    columns: FLAG_COLUMNS,
    banner: () => "Listing feature flags ...",
    run: async (invocation) =>
      rows(chosenColumns(invocation, FLAG_COLUMNS), await invocation.client.list("/feature-flags")),
  },
  {
    name: "list_deprecated_features",
    scopes: ["ctl", "diagnostics"],
    usage: "[--used] [<column>, ...]",
    minimumArgs: 0,
    maximumArgs: 10,
    group: "Feature flags",
    summary: "Features RabbitMQ has deprecated",
    options: [{ flags: "--used", description: "only those in use" }],
    columns: DEPRECATED_COLUMNS,
    banner: () => "Listing deprecated features ...",
    run: async (invocation) => {
      const path =
        invocation.options.used === true ? "/deprecated-features/used" : "/deprecated-features";
      return rows(
        chosenColumns(invocation, DEPRECATED_COLUMNS),
        await invocation.client.list(path),
      );
    },
  },
  {
    name: "force_gc",
    scopes: CTL,
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Operations",
    summary: "Collects garbage now, where the process was started with --expose-gc",
    banner: ({ node }) => `Will ask all processes on node ${node} to schedule a full sweep GC`,
    run: async ({ client }) => {
      await client.post("/nodes/gc_collect");
      return nothing;
    },
  },
  ...(["suspend", "resume"] as const).map(
    (what): Verb => ({
      name: `${what}_listeners`,
      scopes: CTL,
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: "Operations",
      summary: what === "suspend" ? "Lets no new client in" : "Lets clients in again",
      banner: ({ node }) =>
        what === "suspend"
          ? `Will suspend client connection listeners on node ${node}. The node will no longer accept client connections!`
          : `Will resume client connection listeners on node ${node}. The node will now accept client connections`,
      run: async ({ client }) => {
        await client.put("/node/listeners", { accepting: what === "resume" });
        return nothing;
      },
    }),
  ),
  {
    name: "list_policies_that_match",
    scopes: ["diagnostics", "queues"],
    usage: "[--object-type <type>] <name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Policies",
    summary: "Policies whose pattern matches a queue's or exchange's name",
    options: [{ flags: "--object-type <type>", description: "queue or exchange" }],
    banner: ({ args, vhost }) =>
      `Listing policies that match name '${args[0]}' in vhost '${vhost}' ...`,
    run: async ({ client, args, vhost }) => {
      await requireVhost(client, vhost);
      const policies = await client.list(`/policies/${part(vhost)}`);
      const matching = policies.filter(({ pattern }) => new RegExp(String(pattern)).test(args[0]!));
      return rows(
        ["name", "pattern", "apply-to", "definition", "priority"],
        matching.map((each) => ({ ...each, definition: JSON.stringify(each.definition) })),
      );
    },
  },
];
