// Policies, operator policies, runtime and global parameters.

import { part, type Row } from "../client.ts";
import { invalidOption } from "../exit-codes.ts";
import { nothing, type Verb, wholeRows } from "../verb.ts";
import {
  jsonArgument,
  orMissing,
  orUnavailable,
  requireVhost,
  requireVhostData,
} from "./requests.ts";

const CTL = ["ctl"] as const;
const POLICY_OPTIONS = [
  { flags: "--priority <number>", description: "higher wins; 0 unless given" },
  {
    flags: "--apply-to <what>",
    description: "queues, classic_queues, quorum_queues, streams, exchanges or all",
  },
];
const POLICY_COLUMNS = ["vhost", "name", "pattern", "apply-to", "definition", "priority"];
const GONE = "Parameter does not exist";

interface PolicyKind {
  readonly set: string;
  readonly clear: string;
  readonly list: string;
  readonly path: string;
  readonly words: string;
  readonly clearWords: string;
}

const KINDS: readonly PolicyKind[] = [
  {
    set: "set_policy",
    clear: "clear_policy",
    list: "list_policies",
    path: "policies",
    words: "policy",
    clearWords: "policy",
  },
  {
    set: "set_operator_policy",
    clear: "clear_operator_policy",
    list: "list_operator_policies",
    path: "operator-policies",
    words: "operator policy override",
    clearWords: "operator policy",
  },
];

export const parameterVerbs: readonly Verb[] = [
  ...KINDS.flatMap(policyVerbs),
  {
    name: "set_parameter",
    scopes: CTL,
    usage: "<component_name> <name> <value>",
    minimumArgs: 3,
    maximumArgs: 3,
    group: "Parameters",
    summary: "Sets a runtime parameter, as JSON",
    banner: ({ args, vhost }) =>
      `Setting runtime parameter "${args[1]}" for component "${args[0]}" to "${args[2]}" in vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      const [component, name, value] = args;
      await requireVhost(client, vhost);
      const body = { value: jsonArgument(value!) };
      await orUnavailable(
        client.put(`/parameters/${part(component!)}/${part(vhost)}/${part(name!)}`, body),
      );
      return nothing;
    },
  },
  {
    name: "clear_parameter",
    scopes: CTL,
    usage: "<component_name> <name>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Parameters",
    summary: "Clears a runtime parameter",
    banner: ({ args, vhost }) =>
      `Clearing runtime parameter "${args[1]}" for component "${args[0]}" on vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      const [component, name] = args;
      await requireVhost(client, vhost);
      await orMissing(
        client.delete(`/parameters/${part(component!)}/${part(vhost)}/${part(name!)}`),
        GONE,
      );
      return nothing;
    },
  },
  {
    name: "list_parameters",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Parameters",
    summary: "Runtime parameters of a virtual host",
    banner: ({ vhost }) => `Listing runtime parameters for vhost "${vhost}" ...`,
    run: async ({ client, vhost }) => {
      await requireVhostData(client, vhost);
      const all = await client.list("/parameters");
      const own = all.filter((each) => each.vhost === vhost);
      return wholeRows(["component", "name", "value"], own.map(withJson("value")));
    },
  },
  {
    name: "set_global_parameter",
    scopes: CTL,
    usage: "<name> <value>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Parameters",
    summary: "Sets a global parameter, as JSON",
    banner: ({ args }) => `Setting global runtime parameter "${args[0]}" to "${args[1]}" ...`,
    run: async ({ client, args }) => {
      const value = jsonArgument(args[1]!);
      await orUnavailable(client.put(`/global-parameters/${part(args[0]!)}`, { value }));
      return nothing;
    },
  },
  {
    name: "clear_global_parameter",
    scopes: CTL,
    usage: "<name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Parameters",
    summary: "Clears a global parameter",
    banner: ({ args }) => `Clearing global runtime parameter "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await orMissing(client.delete(`/global-parameters/${part(args[0]!)}`), GONE);
      return nothing;
    },
  },
  {
    name: "list_global_parameters",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Parameters",
    summary: "Global parameters",
    banner: () => "Listing global runtime parameters ...",
    run: async ({ client }) =>
      wholeRows(
        ["name", "value"],
        (await client.list("/global-parameters")).map(withJson("value")),
      ),
  },
  {
    name: "set_cluster_name",
    scopes: CTL,
    usage: "<name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Nodes",
    summary: "Changes the cluster's name",
    banner: ({ args }) => `Setting cluster name to ${args[0]} ...`,
    run: async ({ client, args }) => {
      await client.put("/cluster-name", { name: args[0] });
      return nothing;
    },
  },
];

function policyVerbs(kind: PolicyKind): readonly Verb[] {
  return [setVerb(kind), clearVerb(kind), listVerb(kind)];
}

function setVerb({ set, path, words }: PolicyKind): Verb {
  return {
    name: set,
    scopes: CTL,
    usage: "<name> <pattern> <definition>",
    minimumArgs: 3,
    maximumArgs: 3,
    group: "Policies",
    summary: `Sets a ${words}: settings for queues or exchanges by the pattern of their names`,
    options: POLICY_OPTIONS,
    check: ({ options }) => {
      const priority = String(options.priority ?? 0);
      if (!/^-?\d+$/.test(priority)) throw invalidOption("--priority", priority);
    },
    banner: ({ args, vhost, options }) =>
      `Setting ${words} "${args[0]}" for pattern "${args[1]}" to "${args[2]}" with priority "${options.priority ?? 0}" for vhost "${vhost}" ...`,
    run: async ({ client, args, vhost, options }) => {
      const [name, pattern, definition] = args;
      await requireVhostData(client, vhost);
      await orUnavailable(
        client.put(`/${path}/${part(vhost)}/${part(name!)}`, {
          pattern,
          definition: jsonArgument(definition!),
          priority: Number(options.priority ?? 0),
          "apply-to": options.applyTo ?? "all",
        }),
      );
      return nothing;
    },
  };
}

function clearVerb({ clear, path, words, clearWords }: PolicyKind): Verb {
  return {
    name: clear,
    scopes: CTL,
    usage: "<name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Policies",
    summary: `Clears a ${words}`,
    banner: ({ args, vhost }) => `Clearing ${clearWords} "${args[0]}" on vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      await orMissing(client.delete(`/${path}/${part(vhost)}/${part(args[0]!)}`), GONE);
      return nothing;
    },
  };
}

function listVerb({ list, path, words }: PolicyKind): Verb {
  return {
    name: list,
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Policies",
    summary: `Every ${words} of a virtual host`,
    banner: ({ vhost }) =>
      `Listing ${path === "policies" ? "policies" : "operator policy overrides"} for vhost "${vhost}" ...`,
    run: async ({ client, vhost }) => {
      await requireVhostData(client, vhost);
      const all = await client.list(`/${path}/${part(vhost)}`);
      return wholeRows(POLICY_COLUMNS, all.map(withJson("definition")));
    },
  };
}

/** One field as JSON text, as these listings show it. */
function withJson(field: string) {
  return (row: Row): Row => ({ ...row, [field]: JSON.stringify(row[field]) });
}
