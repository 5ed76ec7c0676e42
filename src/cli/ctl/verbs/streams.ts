// rabbitmq-streams: super streams, what is tracked, how a stream stands.

import { part, type Row } from "../client.ts";
import { CtlError, Exit, UsageError } from "../exit-codes.ts";
import { type Invocation, nothing, rows, type Verb } from "../verb.ts";
import { orMissing, orUnavailable } from "./requests.ts";

const SCOPES = ["streams", "ctl"] as const;
const GROUP = "Replication";

/** Options of add_super_stream that become arguments of its partitions. */
const ARGUMENT_OPTIONS = [
  ["maxLengthBytes", "max-length-bytes", "<bytes>", "size of a partition, like 20gb"],
  ["maxAge", "max-age", "<age>", "age of messages, like 7D"],
  ["streamMaxSegmentSizeBytes", "stream-max-segment-size-bytes", "<bytes>", "segment size"],
  ["leaderLocator", "queue-leader-locator", "<strategy>", "accepted"],
  ["initialClusterSize", "initial-cluster-size", "<count>", "accepted"],
] as const;

const FLAG_NAMES: Readonly<Record<string, string>> = {
  "queue-leader-locator": "leader-locator",
};

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  tb: 1_000_000_000_000,
};

export const streamVerbs: readonly Verb[] = [
  {
    name: "add_super_stream",
    scopes: SCOPES,
    usage: "<name> [--partitions <count> | --binding-keys <keys>]",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Makes a super stream with its partitions",
    options: [
      { flags: "--partitions <count>", description: "how many partitions; 3 when nothing is said" },
      { flags: "--binding-keys <keys>", description: "one partition for each, as in emea,apac" },
      ...ARGUMENT_OPTIONS.map(([, argument, value, description]) => ({
        flags: `--${FLAG_NAMES[argument] ?? argument} ${value}`,
        description,
      })),
    ],
    banner: ({ args }) => `Adding a super stream ${args[0]} ...`,
    run: async (invocation) => {
      await orUnavailable(
        invocation.client.put(superStreamPath(invocation), {
          ...partitionsAsked(invocation),
          arguments: argumentsAsked(invocation),
        }),
      );
      return nothing;
    },
  },
  {
    name: "delete_super_stream",
    scopes: SCOPES,
    usage: "<name>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Deletes a super stream with its partitions",
    banner: ({ args }) => `Deleting super stream ${args[0]} ...`,
    run: async (invocation) => {
      await orMissing(
        invocation.client.delete(superStreamPath(invocation)),
        `Super stream ${invocation.args[0]} does not exist`,
      );
      return nothing;
    },
  },
  {
    name: "stream_status",
    scopes: ["streams", "queues", "diagnostics"],
    usage: "<stream>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Monitoring, observability and health checks",
    summary: "Offsets and segments of a stream",
    options: [{ flags: "--tracking", description: "what is kept under names instead" }],
    banner: ({ args, node }) => `Status of stream ${args[0]} on node ${node} ...`,
    run: async (invocation) => {
      if (invocation.options.tracking === true) return trackingRows(invocation);
      const { client, args, vhost, node } = invocation;
      const stream = await client.find(`/queues/${part(vhost)}/${part(args[0]!)}`);
      if (stream?.segments === undefined) throw new CtlError(Exit.unavailable, "not_found");
      return rows(STATUS_COLUMNS, [
        {
          role: "writer",
          node,
          first_offset: stream.first_offset ?? "",
          offset: stream.last_offset ?? "",
          committed_offset: stream.committed_offset ?? "",
          segments: stream.segments,
          readers: stream.consumers ?? 0,
        },
      ]);
    },
  },
  {
    name: "list_stream_tracking",
    scopes: SCOPES,
    usage: "<stream>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Monitoring, observability and health checks",
    summary: "Offsets of readers and publishing ids of publishers",
    options: [
      { flags: "--all", description: "both" },
      { flags: "--offset", description: "only offsets" },
      { flags: "--writer", description: "only publishing ids" },
    ],
    banner: ({ args }) => `Listing tracking information for stream ${args[0]} ...`,
    run: trackingRows,
  },
  {
    name: "reset_offset",
    scopes: ["streams"],
    usage: "--stream <stream> --reference <name>",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Operations",
    summary: "Forgets the offset of a reader",
    options: [
      { flags: "--stream <stream>", description: "the stream" },
      { flags: "--reference <name>", description: "the reader's name" },
    ],
    check: ({ options }) => {
      if (typeof options.stream === "string" && typeof options.reference === "string") return;
      throw new UsageError(
        Exit.usage,
        "Error (argument validation): --stream and --reference are required",
      );
    },
    banner: ({ options }) =>
      `Resetting stored offset for reference ${options.reference} on stream ${options.stream} ...`,
    run: async ({ client, vhost, options }) => {
      const { stream, reference } = options as { stream: string; reference: string };
      const path = `/stream/${part(vhost)}/${part(stream)}/tracking/${part(reference)}`;
      await orMissing(client.delete(path), `No offset of '${reference}' on stream '${stream}'`);
      return nothing;
    },
  },
];

const STATUS_COLUMNS = [
  ...["role", "node", "first_offset", "offset", "committed_offset"],
  ...["segments", "readers"],
];

async function trackingRows({ client, args, vhost, options }: Invocation) {
  const path = `/stream/${part(vhost)}/${part(args[0]!)}/tracking`;
  const tracked = (await orMissing(client.get(path), "not_found")) as unknown as Record<
    string,
    Row
  >;
  const found: Row[] = [];
  for (const [type, field] of [
    ["offset", "offsets"],
    ["writer", "writers"],
  ] as const) {
    const other = type === "offset" ? "writer" : "offset";
    if (options[other] === true && options[type] !== true) continue;
    for (const [reference, value] of Object.entries(tracked[field] ?? {})) {
      found.push({ type, reference, value });
    }
  }
  return rows(["type", "reference", "value"], found);
}

function superStreamPath({ vhost, args }: Invocation): string {
  return `/stream/super-streams/${part(vhost)}/${part(args[0]!)}`;
}

function partitionsAsked({ options }: Invocation) {
  const { partitions, bindingKeys } = options;
  if (partitions !== undefined && bindingKeys !== undefined) {
    throw new CtlError(Exit.usage, "Specify --partitions or binding-keys, not both.");
  }
  if (typeof bindingKeys === "string") return { "binding-keys": bindingKeys };
  const count = Number(partitions ?? 3);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new CtlError(Exit.usage, "The number of partitions must be greater than 0");
  }
  return { partitions: count };
}

function argumentsAsked({ options }: Invocation): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const [option, argument] of ARGUMENT_OPTIONS) {
    const value = options[option];
    if (typeof value !== "string") continue;
    found[argument] = argument.endsWith("-bytes")
      ? bytesOf(value)
      : argument.endsWith("-size")
        ? Number(value)
        : value;
  }
  return found;
}

function bytesOf(text: string): number {
  const match = /^(\d+)\s*([a-z]*)$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "").toLowerCase()];
  if (match === null || unit === undefined) {
    throw new CtlError(Exit.usage, `Invalid value for a size in bytes: ${text}`);
  }
  return Number(match[1]) * unit;
}
