// Commands about the tool itself.

import { RABBITMQ_LEVEL } from "../../../version.ts";
import { completions } from "../completion.ts";
import { badArgument } from "../exit-codes.ts";
import { nothing, textOutput, type Verb } from "../verb.ts";

const EVERYWHERE = ["ctl", "diagnostics", "queues", "plugins", "streams", "upgrade"] as const;

export const generalVerbs: readonly Verb[] = [
  {
    name: "autocomplete",
    scopes: EVERYWHERE,
    usage: "<prefix>",
    minimumArgs: 0,
    maximumArgs: 10,
    group: "Help",
    summary: "Names of commands that begin so",
    isOffline: true,
    run: async ({ args, scope }) => {
      const { verbs } = await import("../verbs.ts");
      const prefix = args.at(-1) ?? "";
      const names = verbs
        .filter(({ name, scopes }) => scopes.includes(scope) && name.startsWith(prefix))
        .map(({ name }) => name);
      return textOutput([...new Set(names)].sort().join("\n"));
    },
  },
  {
    name: "completion",
    scopes: ["ctl"],
    usage: "bash | zsh | fish",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Help",
    summary: "A script that teaches a shell to complete these commands",
    isOffline: true,
    check: ({ args }) => {
      if (!(args[0]! in completions)) throw badArgument("shells are bash, zsh and fish");
    },
    run: async ({ args }) => {
      const { verbs } = await import("../verbs.ts");
      return textOutput(completions[args[0]!]!(verbs));
    },
  },
  {
    name: "help",
    scopes: EVERYWHERE,
    usage: "<command>",
    minimumArgs: 0,
    maximumArgs: 1,
    group: "Help",
    summary: "How a command is used",
    isOffline: true,
    // The program answers it before any command runs.
    run: () => nothing,
  },
  {
    name: "version",
    scopes: EVERYWHERE,
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Help",
    summary: "The level of RabbitMQ these commands match",
    isOffline: true,
    run: () => textOutput(RABBITMQ_LEVEL),
  },
];
