// Settings of a running broker: watermarks, log levels.

import { size } from "../../../config/value-types.ts";
import { ApiFailure } from "../client.ts";
import { badArgument, CtlError, Exit, UsageError } from "../exit-codes.ts";
import { nothing, type Verb } from "../verb.ts";

const CTL = ["ctl"] as const;
const LEVELS = ["debug", "info", "warning", "error", "critical", "none"];

export const settingVerbs: readonly Verb[] = [
  {
    name: "set_vm_memory_high_watermark",
    scopes: CTL,
    usage: "<fraction> | absolute <value>",
    minimumArgs: 1,
    maximumArgs: 2,
    group: "Configuration and Environment",
    summary: "Above this much memory publishers are blocked",
    check: ({ args }) => {
      const [first, second] = args;
      if (first === "absolute") {
        if (second === undefined) throw notEnough();
        bytesOf(second);
      } else if (Number.isFinite(Number(first)) && !(Number(first) >= 0 && Number(first) <= 1)) {
        throw badArgument("The threshold should be a fraction between 0.0 and 1.0");
      }
    },
    banner: ({ args, node }) => {
      if (args[0] === "absolute")
        return `Setting memory threshold on ${node} to ${args[1]} bytes ...`;
      return Number.isFinite(Number(args[0]))
        ? `Setting memory threshold on ${node} to ${args[0]} ...`
        : undefined;
    },
    run: async ({ client, args }) => {
      const [first, second] = args;
      const body =
        first === "absolute" ? { absolute: bytesOf(second) } : { relative: numberOf(first) };
      await client.put("/node/memory-watermark", body);
      return nothing;
    },
  },
  {
    name: "set_disk_free_limit",
    scopes: CTL,
    usage: "<disk_limit> | mem_relative <fraction>",
    minimumArgs: 1,
    maximumArgs: 2,
    group: "Configuration and Environment",
    summary: "Below this much free disk space publishers are blocked",
    check: ({ args }) => {
      const [first, second] = args;
      if (first !== "mem_relative") bytesOf(first);
      else if (second === undefined) throw notEnough();
      else numberOf(second);
    },
    banner: ({ args, node }) =>
      args[0] === "mem_relative"
        ? `Setting disk free limit on ${node} to ${args[1]} times the total RAM ...`
        : `Setting disk free limit on ${node} to ${args[0]} bytes ...`,
    run: async ({ client, args }) => {
      const [first, second] = args;
      const body =
        first === "mem_relative" ? { relative: numberOf(second) } : { absolute: bytesOf(first) };
      await client.put("/node/disk-free-limit", body);
      return nothing;
    },
  },
  {
    name: "set_log_level",
    scopes: CTL,
    usage: "<log_level> | <category> <log_level>",
    minimumArgs: 1,
    maximumArgs: 2,
    group: "Configuration and Environment",
    summary: "How much is logged, in all or of one category",
    check: ({ args }) => {
      const level = args.at(-1)!;
      if (LEVELS.includes(level)) return;
      throw new CtlError(
        Exit.unavailable,
        `level ${level} is not supported. Try one of ${LEVELS.join(", ")}`,
      );
    },
    banner: ({ args }) =>
      args.length === 1
        ? `Setting log level to "${args[0]}" ...`
        : `Setting log level of category "${args[0]}" to "${args[1]}" ...`,
    run: async ({ client, args }) => {
      const level = args.at(-1);
      try {
        await client.put(
          "/node/log-level",
          args.length === 1 ? { level } : { category: args[0], level },
        );
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        throw new CtlError(Exit.unavailable, `there is no log category ${args[0]}`);
      }
      return nothing;
    },
  },
  {
    name: "rotate_logs",
    scopes: CTL,
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Configuration and Environment",
    summary: "Starts a new log file",
    run: async ({ client }) => {
      await client.post("/node/rotate-logs");
      return nothing;
    },
  },
  ...(["activate", "deactivate"] as const).map(
    (what): Verb => ({
      name: `${what}_free_disk_space_monitoring`,
      scopes: CTL,
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: "Configuration and Environment",
      summary: what === "activate" ? "Watches free disk space" : "Stops watching it",
      banner: ({ node }) =>
        `${what === "activate" ? "Activating" : "Deactivating"} free disk space monitoring on node ${node} ...`,
      run: async ({ client }) => {
        await client.put("/node/disk-free-limit", { monitored: what === "activate" });
        return nothing;
      },
    }),
  ),
];

function bytesOf(text: string | undefined): number {
  try {
    return size.parse(text ?? "");
  } catch {
    throw badArgument();
  }
}

function numberOf(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text === "" || !Number.isFinite(value) || value < 0)
    throw badArgument();
  return value;
}

function notEnough(): UsageError {
  return new UsageError(Exit.usage, "Error (argument validation): not enough arguments.");
}
