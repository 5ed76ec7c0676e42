// Requests many commands make, with RabbitMQ's words for what can be wrong.

import { ApiFailure, type Client, type Json, part, type Row } from "../client.ts";
import { CtlError, Exit } from "../exit-codes.ts";

/** The user, or exit code 67. */
export async function requireUser(client: Client, name: string, quoted = true): Promise<Row> {
  const user = await client.find(`/users/${part(name)}`);
  if (user === undefined) {
    throw new CtlError(Exit.noUser, `User ${quoted ? `"${name}"` : name} does not exist`);
  }
  return user;
}

/** The vhost, or exit code 69. */
export async function requireVhost(client: Client, name: string): Promise<Row> {
  const vhost = await client.find(`/vhosts/${part(name)}`);
  if (vhost === undefined)
    throw new CtlError(Exit.unavailable, `Virtual host ${name} does not exist`);
  return vhost;
}

/** As the commands say it that show or delete: exit code 65, without "Error:". */
export async function requireVhostData(client: Client, name: string): Promise<Row> {
  const vhost = await client.find(`/vhosts/${part(name)}`);
  if (vhost === undefined) {
    throw new CtlError(Exit.dataError, `Virtual host '${name}' does not exist`, { bare: true });
  }
  return vhost;
}

/** The user; exit code 69 in the words of those commands that let the broker look. */
export async function requireNamedUser(client: Client, name: string): Promise<Row> {
  const user = await client.find(`/users/${part(name)}`);
  if (user === undefined) throw new CtlError(Exit.unavailable, `{:no_such_user, "${name}"}`);
  return user;
}

/** Runs `action`; a 404 becomes `message`. */
export async function orMissing<T>(
  action: Promise<T>,
  message: string,
  exitCode: number = Exit.unavailable,
): Promise<T> {
  try {
    return await action;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) throw new CtlError(exitCode, message);
    throw error;
  }
}

/** Runs `action`; whatever the API refuses is exit code 69 with its reason. */
export async function orUnavailable<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    if (error instanceof ApiFailure) throw new CtlError(Exit.unavailable, error.reason);
    throw error;
  }
}

/** Limits as the listings show them: JSON in the order of names. */
export function limitsText(limits: Json | undefined): string {
  const entries = Object.entries((limits ?? {}) as Row);
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** JSON given as an argument. */
export function jsonArgument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CtlError(Exit.unavailable, "JSON decoding error. Reason: badarg");
  }
}
