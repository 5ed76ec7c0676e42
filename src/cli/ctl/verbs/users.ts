// Users: adding, changing, deleting, listing.

import { ApiFailure, part } from "../client.ts";
import { badArgument, CtlError, Exit } from "../exit-codes.ts";
import { type Invocation, nothing, rows, textOutput, type Verb, wholeRows } from "../verb.ts";
import {
  jsonArgument,
  limitsText,
  orUnavailable,
  requireNamedUser,
  requireUser,
} from "./requests.ts";

const GROUP = "Users";
const CTL = ["ctl"] as const;
const REMINDER =
  "Done. Don't forget to grant the user permissions to some virtual hosts! See 'rabbitmqctl help set_permissions' to learn more.";

export const userVerbs: readonly Verb[] = [
  {
    name: "add_user",
    scopes: CTL,
    usage: "<username> [<password>]",
    minimumArgs: 1,
    maximumArgs: 2,
    group: GROUP,
    summary: "Adds a user; without a password argument it is read from standard input",
    options: [{ flags: "--pre-hashed-password", description: "the password is a hash already" }],
    check: ({ args }) => {
      if (args[0] === "") throw badArgument("user cannot be an empty string");
    },
    banner: ({ args }) =>
      `Adding user "${args[0]}" ...${args[1] === undefined ? "\nPassword: " : ""}`,
    run: addUser,
  },
  {
    name: "authenticate_user",
    scopes: CTL,
    usage: "<username> [<password>]",
    minimumArgs: 1,
    maximumArgs: 2,
    group: GROUP,
    summary: "Tries a password",
    banner: ({ args }) => `Authenticating user "${args[0]}" ...`,
    run: async (invocation) => {
      const [user] = invocation.args;
      const password = await passwordOf(invocation);
      const { ok } = (await invocation.client.post("/auth/check", { user, password })) as {
        ok: boolean;
      };
      if (ok) return textOutput("Success");
      throw new CtlError(
        Exit.dataError,
        `Error: failed to authenticate user "${user}"\nuser '${user}' - invalid credentials`,
      );
    },
  },
  {
    name: "change_password",
    scopes: CTL,
    usage: "<username> [<password>]",
    minimumArgs: 1,
    maximumArgs: 2,
    group: GROUP,
    summary: "Changes a user's password",
    banner: ({ args }) => `Changing password for user "${args[0]}" ...`,
    run: async (invocation) => {
      const user = await requireUser(invocation.client, invocation.args[0]!);
      const password = await passwordOf(invocation);
      await orUnavailable(
        invocation.client.put(`/users/${part(String(user.name))}`, { password, tags: user.tags }),
      );
      return nothing;
    },
  },
  {
    name: "clear_password",
    scopes: CTL,
    usage: "<username>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Takes a user's password away: no password lets it in",
    banner: ({ args }) => `Clearing password for user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      const user = await requireNamedUser(client, args[0]!);
      await client.put(`/users/${part(args[0]!)}`, { password_hash: "", tags: user.tags });
      return nothing;
    },
  },
  {
    name: "delete_user",
    scopes: CTL,
    usage: "<username>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Deletes a user and ends its connections",
    banner: ({ args }) => `Deleting user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await requireUser(client, args[0]!);
      await client.delete(`/users/${part(args[0]!)}`);
      return nothing;
    },
  },
  {
    name: "list_users",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Users with their tags",
    banner: () => "Listing users ...",
    run: async ({ client }) => {
      const users = await client.list("/users?columns=name,tags");
      return rows(
        ["user", "tags"],
        users.map(({ name, tags }) => ({ user: name!, tags: tags! })),
      );
    },
  },
  {
    name: "set_user_tags",
    scopes: CTL,
    usage: "<username> [<tag> ...]",
    minimumArgs: 1,
    maximumArgs: 100,
    group: GROUP,
    summary: "Replaces a user's tags: administrator, monitoring, policymaker, management, …",
    banner: ({ args }) => `Setting tags for user "${args[0]}" to [${args.slice(1).join(", ")}] ...`,
    run: async ({ client, args }) => {
      const [name, ...tags] = args;
      const user = await requireUser(client, name!);
      const { password_hash, hashing_algorithm } = user;
      await client.put(`/users/${part(name!)}`, { password_hash, hashing_algorithm, tags });
      return nothing;
    },
  },
  {
    name: "hash_password",
    scopes: CTL,
    usage: "[<cleartext_password>]",
    minimumArgs: 0,
    maximumArgs: 1,
    group: GROUP,
    summary: "How a password would be stored",
    run: async (invocation) => {
      const password = invocation.args[0] ?? (await invocation.readInput()).trim();
      const { password_hash } = (await invocation.client.put("/auth/hash_password", {
        password,
      })) as { password_hash: string };
      return textOutput(password_hash);
    },
  },
  {
    name: "set_user_limits",
    scopes: CTL,
    usage: "<username> <definition>",
    minimumArgs: 2,
    maximumArgs: 2,
    group: GROUP,
    summary: 'Sets limits of a user, as JSON: {"max-connections": 10}',
    banner: ({ args }) => `Setting user limits to "${args[1]}" for user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await requireNamedUser(client, args[0]!);
      for (const [name, value] of Object.entries(jsonArgument(args[1]!) as object)) {
        await orUnavailable(client.put(`/user-limits/${part(args[0]!)}/${part(name)}`, { value }));
      }
      return nothing;
    },
  },
  {
    name: "clear_user_limits",
    scopes: CTL,
    usage: "<username> <limit> | all",
    minimumArgs: 2,
    maximumArgs: 2,
    group: GROUP,
    summary: "Lifts limits of a user",
    banner: ({ args }) =>
      args[1] === "all"
        ? `Clearing all limits for user "${args[0]}" ...`
        : `Clearing "${args[1]}" limit for user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      const [user, limit] = args;
      await requireNamedUser(client, user!);
      const limits = limit === "all" ? ["max-connections", "max-channels"] : [limit!];
      for (const name of limits) {
        await orUnavailable(client.delete(`/user-limits/${part(user!)}/${part(name)}`));
      }
      return nothing;
    },
  },
  {
    name: "list_user_limits",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Limits of a user, or of all",
    options: [
      { flags: "--user <name>", description: "whose limits" },
      { flags: "--global", description: "those of all users" },
    ],
    banner: ({ options }) =>
      options.global === true
        ? "Listing limits for all users ..."
        : `Listing limits for user "${options.user ?? "guest"}" ...`,
    run: async ({ client, options }) => {
      const all = await client.list("/user-limits");
      if (options.global === true) {
        return wholeRows(
          ["user", "limits"],
          all.map(({ user, value }) => ({ user: user!, limits: limitsText(value) })),
        );
      }
      const name = String(options.user ?? "guest");
      const own = all.find(({ user }) => user === name);
      return textOutput(limitsText(own?.value));
    },
  },
];

async function addUser(invocation: Invocation) {
  const { client, args, options } = invocation;
  const name = args[0]!;
  const password = await passwordOf(invocation);
  if ((await client.find(`/users/${part(name)}`)) !== undefined) {
    throw new CtlError(Exit.software, `User "${name}" already exists`);
  }
  const secret =
    options.preHashedPassword === true
      ? { password_hash: password }
      : password === ""
        ? { password_hash: "" }
        : { password };
  try {
    await client.put(`/users/${part(name)}`, { ...secret, tags: "" });
  } catch (error) {
    throw error instanceof ApiFailure ? new CtlError(Exit.dataError, error.reason) : error;
  }
  return invocation.isQuiet ? nothing : textOutput(REMINDER);
}

/** The second argument, or a line of what is piped in. */
async function passwordOf({ args, readInput }: Invocation): Promise<string> {
  const given = args[1];
  if (given !== undefined) return given;
  return (await readInput()).replace(/\r?\n$/, "");
}
