// rabbitmq-queues, rabbitmq-streams and rabbitmq-upgrade: commands about replicas. One node has one replica of each.

import { type Client, part, type Row } from "../client.ts";
import { CtlError, Exit } from "../exit-codes.ts";
import { nothing, rows, textOutput, type Verb } from "../verb.ts";
import { orUnavailable } from "./requests.ts";

const QUEUES = ["queues"] as const;
const ALONE = (node: string) =>
  `Node ${node} seems to be the only one in a single node cluster, the check does not apply`;

/** Name, summary, banner, answer. */
const UPGRADE_TEXTS: readonly (readonly [string, string, string, string])[] = [
  [
    "await_online_quorum_plus_one",
    "Waits until quorum queues can lose this node; one node has nothing to wait for",
    "Will wait for a quorum + 1 of nodes to be online for all quorum queues for 120 seconds...",
    "Target node seems to be the only one in a single node cluster, the command does not apply",
  ],
  [
    "has_reached_target_cluster_size",
    "Whether the cluster is complete; one node is",
    "Checking the cluster's size ...",
    "The cluster has reached its size: 1 node",
  ],
  [
    "await_online_synchronized_mirror",
    "Waits until mirrored queues can lose this node; there are none",
    "Will wait for classic mirrored queues to have at least one synchronised mirror online for 120 seconds...",
    "Target node seems to be the only one in a single node cluster, the command does not apply",
  ],
  [
    "post_upgrade",
    "Tasks after an upgrade, of which there are none",
    "Executing post upgrade tasks...",
    "There is nothing to do after an upgrade",
  ],
];

export const queueVerbs: readonly Verb[] = [
  {
    name: "quorum_status",
    scopes: ["queues", "diagnostics"],
    usage: "<queue>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Monitoring, observability and health checks",
    summary: "Members of a quorum queue",
    banner: ({ args, node }) => `Status of quorum queue ${args[0]} on node ${node} ...`,
    run: async ({ client, args, vhost }) => {
      const queue = await client.find(`/queues/${part(vhost)}/${part(args[0]!)}`);
      if (queue === undefined) throw new CtlError(Exit.unavailable, "not_found");
      const path = `/queues/quorum/${part(vhost)}/${part(args[0]!)}/status`;
      const members = await orUnavailable(client.list(path));
      return rows(["Node Name", "Raft State", "Membership", "Term", "Machine Version"], members);
    },
  },
  {
    name: "check_if_node_is_quorum_critical",
    scopes: ["queues", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "Whether stopping this node would stop quorum queues",
    banner: ({ node }) =>
      `Checking if node ${node} is critical for quorum of any quorum queues ...`,
    run: ({ node }) => textOutput(ALONE(node)),
  },
  {
    name: "check_if_node_is_mirror_sync_critical",
    scopes: ["queues", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "The same for mirrored queues, of which there are none",
    banner: ({ node }) =>
      `Checking if node ${node} is critical for data safety of any classic mirrored queues ...`,
    run: ({ node }) => textOutput(ALONE(node)),
  },
  {
    name: "check_if_new_quorum_queue_replicas_have_finished_initial_sync",
    scopes: ["queues", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "Whether new replicas have caught up",
    banner: ({ node }) =>
      `Checking if node ${node} runs any local replicas of quorum queues that have not yet finished initial sync ...`,
    run: ({ node }) => textOutput(`Node ${node} has no such replicas`),
  },
  {
    name: "rebalance",
    scopes: QUEUES,
    usage: "<type> [--vhost-pattern <pattern>] [--queue-pattern <pattern>]",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Cluster",
    summary: "Spreads queue leaders over nodes",
    options: [
      { flags: "--vhost-pattern <pattern>", description: "accepted" },
      { flags: "--queue-pattern <pattern>", description: "accepted" },
    ],
    banner: ({ args }) =>
      args[0] === "all"
        ? "Re-balancing leaders of all queues..."
        : `Re-balancing leaders of ${args[0]} queues...`,
    check: ({ args }) => {
      if (["all", "classic", "quorum", "stream"].includes(args[0]!)) return;
      const text = `type ${args[0]} is not supported. Try one of all, classic, quorum, stream.`;
      throw new CtlError(Exit.unavailable, text);
    },
    run: async ({ client, node }) => {
      const queues = await client.list("/queues?columns=members");
      const quorum = queues.filter(({ members }) => members !== undefined).length;
      const columns = [
        "Node name",
        "Number of quorum queues",
        "Number of replicated classic queues",
      ];
      const row = { [columns[0]!]: node, [columns[1]!]: quorum, [columns[2]!]: 0 };
      return { kind: "rows", columns, rows: [row], isFramed: true };
    },
  },
  {
    name: "peek",
    scopes: QUEUES,
    usage: "<queue> <pos>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: "Queues",
    summary: "Shows one message without taking it; 1 is the oldest",
    banner: ({ args, node }) =>
      `Peeking at quorum queue ${args[0]} at position ${args[1]} on node ${node} ...`,
    run: async ({ client, args, vhost }) => {
      const place = Number(args[1]);
      await requireQuorum(client, vhost, args[0]!, "Cannot peek into a classic queue");
      const path = `/queues/${part(vhost)}/${part(args[0]!)}/messages?count=${place}`;
      const found = (await client.get(path)) as { items: readonly Row[] };
      const message = found.items[place - 1];
      if (message === undefined) {
        throw new CtlError(
          Exit.unavailable,
          "Target queue does not have a message at that position",
        );
      }
      const keys = Object.keys(message).filter((key) => key !== "properties");
      return rows(
        ["keys", "values"],
        keys.map((key) => ({ keys: key, values: message[key] ?? "" })),
      );
    },
  },
  ...memberVerbs(),
  {
    name: "reclaim_quorum_memory",
    scopes: ["queues", "diagnostics"],
    usage: "<queue>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Operations",
    summary: "Has nothing to do here: backlogs leave memory by themselves",
    banner: ({ args }) => `Will flush Raft WAL of quorum queue ${args[0]} ...`,
    run: async ({ client, args, vhost }) => {
      const text = "This operation is not applicable to classic queues";
      const missing = `Target queue was not found in virtual host '${vhost}'`;
      await requireQuorum(client, vhost, args[0]!, text, missing);
      return nothing;
    },
  },
  {
    name: "force_checkpoint",
    scopes: QUEUES,
    usage: "[--vhost-pattern <pattern>] [--queue-pattern <pattern>]",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Operations",
    summary: "Has nothing to do here: checkpoints are made by themselves",
    options: [
      { flags: "--vhost-pattern <pattern>", description: "accepted" },
      { flags: "--queue-pattern <pattern>", description: "accepted" },
      { flags: "--errors-only", description: "accepted" },
    ],
    run: () => nothing,
  },
  ...upgradeVerbs(),
];

/** A quorum queue, or exit code 69 with `otherwise` for another and `missing` for none. */
async function requireQuorum(
  client: Client,
  vhost: string,
  name: string,
  otherwise: string,
  missing = "not_found",
): Promise<void> {
  const queue = await client.find(`/queues/${part(vhost)}/${part(name)}?columns=name,members`);
  if (queue === undefined) throw new CtlError(Exit.unavailable, missing);
  // Classic queues have no members.
  if (queue.members === undefined) throw new CtlError(Exit.unavailable, otherwise);
}

/** Changing the members of a queue needs a second node. */
function memberVerbs(): readonly Verb[] {
  const names = [
    ["add_member", "<queue> <node>", 2],
    ["delete_member", "<queue> <node>", 2],
    ["grow", "<node> <all | even>", 2],
    ["grow_to_count", "<count> <all | even>", 2],
    ["shrink", "<node>", 1],
    ["transfer_leadership", "<queue> <node>", 2],
    ["add_replica", "<queue> <node>", 2],
    ["delete_replica", "<queue> <node>", 2],
    ["restart_stream", "<queue>", 1],
  ] as const;
  return names.map(
    ([name, usage, count]): Verb => ({
      name,
      scopes: ["queues", "streams"],
      usage,
      minimumArgs: count,
      maximumArgs: count,
      group: "Replication",
      summary: "Needs a cluster",
      options: [
        { flags: "--membership <kind>", description: "accepted" },
        { flags: "--vhost-pattern <pattern>", description: "accepted" },
        { flags: "--queue-pattern <pattern>", description: "accepted" },
        { flags: "--errors-only", description: "accepted" },
      ],
      run: () => {
        throw new CtlError(
          Exit.unavailable,
          "this broker runs on one node: its queues have one member each",
        );
      },
    }),
  );
}

function upgradeVerbs(): readonly Verb[] {
  const passive = UPGRADE_TEXTS.map(
    ([name, summary, banner, text]): Verb => ({
      name,
      scopes: ["upgrade"],
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: "Upgrade",
      summary,
      banner: ({ timeoutSeconds }) => banner.replace("120", String(timeoutSeconds ?? 120)),
      run: () => textOutput(text),
    }),
  );
  const drain = (["drain", "revive"] as const).map(
    (name): Verb => ({
      name,
      scopes: ["upgrade"],
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: "Upgrade",
      summary:
        name === "drain" ? "Closes connections and lets no client in" : "Serves clients again",
      banner: ({ node }) =>
        name === "drain"
          ? `Will put node ${node} into maintenance mode. The node will no longer serve any client traffic!`
          : `Will put node ${node} back into regular operating mode. The node will again serve client traffic and host primary queue replicas.`,
      run: async ({ client }) => {
        await client.put("/node/listeners", {
          accepting: name === "revive",
          close_connections: name === "drain",
        });
        return nothing;
      },
    }),
  );
  return [...passive, ...drain];
}
