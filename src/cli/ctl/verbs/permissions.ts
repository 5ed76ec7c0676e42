// Permissions and topic permissions.

import { ApiFailure, part } from "../client.ts";
import { nothing, type Verb, wholeRows } from "../verb.ts";
import {
  orUnavailable,
  requireNamedUser,
  requireUser,
  requireVhost,
  requireVhostData,
} from "./requests.ts";

const GROUP = "Access Control";
const CTL = ["ctl"] as const;
const PERMISSIONS = ["configure", "write", "read"] as const;

export const permissionVerbs: readonly Verb[] = [
  {
    name: "set_permissions",
    scopes: CTL,
    usage: "<username> <conf> <write> <read>",
    minimumArgs: 4,
    maximumArgs: 4,
    group: GROUP,
    summary: "Sets what a user may do in a virtual host, as three regular expressions",
    banner: ({ args, vhost }) =>
      `Setting permissions for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      const [user, configure, write, read] = args;
      await requireVhost(client, vhost);
      await requireUser(client, user!, false);
      await orUnavailable(
        client.put(`/permissions/${part(vhost)}/${part(user!)}`, { configure, write, read }),
      );
      return nothing;
    },
  },
  {
    name: "set_permissions_globally",
    scopes: CTL,
    usage: "<username> <conf> <write> <read>",
    minimumArgs: 4,
    maximumArgs: 4,
    group: GROUP,
    summary: "The same in every virtual host",
    banner: ({ args }) => `Setting permissions for user "${args[0]}" in all virtual hosts ...`,
    run: async ({ client, args }) => {
      const [user, configure, write, read] = args;
      await requireUser(client, user!, false);
      for (const { name } of await client.list("/vhosts?columns=name")) {
        await orUnavailable(
          client.put(`/permissions/${part(String(name))}/${part(user!)}`, {
            configure,
            write,
            read,
          }),
        );
      }
      return nothing;
    },
  },
  {
    name: "clear_permissions",
    scopes: CTL,
    usage: "<username>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Takes a user's permissions in a virtual host away",
    banner: ({ args, vhost }) =>
      `Clearing permissions for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      await requireVhost(client, vhost);
      await requireUser(client, args[0]!, false);
      await orNothing(client.delete(`/permissions/${part(vhost)}/${part(args[0]!)}`));
      return nothing;
    },
  },
  {
    name: "list_permissions",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Permissions in a virtual host",
    banner: ({ vhost }) => `Listing permissions for vhost "${vhost}" ...`,
    run: async ({ client, vhost }) => {
      await requireVhostData(client, vhost);
      return wholeRows(
        ["user", ...PERMISSIONS],
        await client.list(`/vhosts/${part(vhost)}/permissions`),
      );
    },
  },
  {
    name: "list_user_permissions",
    scopes: ["ctl", "diagnostics"],
    usage: "<username>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Permissions of a user in all virtual hosts",
    banner: ({ args }) => `Listing permissions for user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await requireNamedUser(client, args[0]!);
      return wholeRows(
        ["vhost", ...PERMISSIONS],
        await client.list(`/users/${part(args[0]!)}/permissions`),
      );
    },
  },
  {
    name: "set_topic_permissions",
    scopes: CTL,
    usage: "<username> <exchange> <write> <read>",
    minimumArgs: 4,
    maximumArgs: 4,
    group: GROUP,
    summary: "Sets which routing keys a user may use with a topic exchange",
    banner: ({ args, vhost }) =>
      `Setting topic permissions on "${args[1]}" for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      const [user, exchange, write, read] = args;
      await requireVhost(client, vhost);
      await requireUser(client, user!, false);
      await orUnavailable(
        client.put(`/topic-permissions/${part(vhost)}/${part(user!)}`, { exchange, write, read }),
      );
      return nothing;
    },
  },
  {
    name: "clear_topic_permissions",
    scopes: CTL,
    usage: "<username> [<exchange>]",
    minimumArgs: 1,
    maximumArgs: 2,
    group: GROUP,
    summary: "Takes them away, for one exchange or for all",
    banner: ({ args, vhost }) =>
      args[1] === undefined
        ? `Clearing topic permissions for user "${args[0]}" in vhost "${vhost}" ...`
        : `Clearing topic permissions on "${args[1]}" for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async ({ client, args, vhost }) => {
      const [user, exchange] = args;
      await requireVhost(client, vhost);
      await requireUser(client, user!, false);
      const of = exchange === undefined ? "" : `/${part(exchange)}`;
      await orNothing(client.delete(`/topic-permissions/${part(vhost)}/${part(user!)}${of}`));
      return nothing;
    },
  },
  {
    name: "list_topic_permissions",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Topic permissions in a virtual host",
    banner: ({ vhost }) => `Listing topic permissions for vhost "${vhost}" ...`,
    run: async ({ client, vhost }) => {
      await requireVhostData(client, vhost);
      const all = await client.list(`/vhosts/${part(vhost)}/topic-permissions`);
      return wholeRows(["user", "exchange", "write", "read"], all);
    },
  },
  {
    name: "list_user_topic_permissions",
    scopes: ["ctl", "diagnostics"],
    usage: "<username>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: GROUP,
    summary: "Topic permissions of a user",
    banner: ({ args }) => `Listing topic permissions for user "${args[0]}" ...`,
    run: async ({ client, args }) => {
      await requireNamedUser(client, args[0]!);
      const all = await client.list(`/users/${part(args[0]!)}/topic-permissions`);
      const columns = ["vhost", "exchange", "write", "read"];
      return { kind: "rows", columns, rows: all, noHeader: true, isWhole: true };
    },
  },
];

/** Nothing to take away is no error. */
async function orNothing(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
  }
}
