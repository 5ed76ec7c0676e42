// Users known to a directory: who can bind with the password is let in. What they may do is for RabbitMQ's queries,
// which only advanced.config can hold; their default permits everything, so authorization is often left to another
// backend (auth_backends.1.authz = internal).

import { Client, EqualityFilter } from "ldapts";
import type { Authentication, Authenticator, BackendPair } from "../broker/access/backend.ts";
import { openAuthorizer } from "../broker/access/user.ts";

export interface LdapOptions {
  readonly servers: readonly string[];
  readonly port: number;
  /** Holds ${username}. */
  readonly userDnPattern: string;
  /** Set: the user's entry is searched by this attribute instead. */
  readonly lookupAttribute: string | undefined;
  readonly lookupBase: string | undefined;
  readonly bindDn: string | undefined;
  readonly bindPassword: string | undefined;
  readonly tls: boolean;
  readonly startTls: boolean;
  readonly timeoutMs: number;
  readonly log: (text: string) => void;
}

export function createLdapBackend(options: LdapOptions): BackendPair {
  return { authenticator: new LdapAuthenticator(options), authorizer: openAuthorizer };
}

class LdapAuthenticator implements Authenticator {
  readonly name = "ldap";
  readonly #options: LdapOptions;

  constructor(options: LdapOptions) {
    this.#options = options;
  }

  authenticate(
    login: Parameters<Authenticator["authenticate"]>[0],
    onAuthentication: (answer: Authentication) => void,
  ): void {
    const { user, password } = login;
    // A bind without a password succeeds anonymously in many directories: it proves nothing.
    if (password === undefined || password === "" || user === "") {
      return onAuthentication({ refused: "an LDAP login needs a password" });
    }
    this.#bindSomewhere(user, password).then(
      () => onAuthentication({ name: user, tags: [] }),
      (error) => {
        const text = error instanceof Error ? error.message : String(error);
        this.#options.log(`user '${user}': ${text}`);
        onAuthentication({ refused: `LDAP refused user '${user}': ${text}` });
      },
    );
  }

  /** Tries the servers in turn; a server that refuses the password has the last word. */
  async #bindSomewhere(user: string, password: string): Promise<void> {
    let unreachable: unknown = new Error("no LDAP servers are configured");
    for (const server of this.#options.servers) {
      const client = this.#client(server);
      try {
        if (this.#options.startTls) await client.startTLS({});
        await client.bind(await this.#distinguishedName(client, user), password);
        return;
      } catch (error) {
        if (isAnswer(error)) throw error;
        unreachable = error;
      } finally {
        await client.unbind().catch(() => {});
      }
    }
    throw unreachable;
  }

  #client(server: string): Client {
    const { tls, port, timeoutMs } = this.#options;
    const host = server.includes(":") ? `[${server}]` : server;
    return new Client({
      url: `${tls ? "ldaps" : "ldap"}://${host}:${port}`,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
    });
  }

  async #distinguishedName(client: Client, user: string): Promise<string> {
    const { lookupAttribute, lookupBase, bindDn, bindPassword, userDnPattern } = this.#options;
    const filled = userDnPattern.replaceAll(USERNAME, () => escapeDn(user));
    if (lookupAttribute === undefined || lookupBase === undefined) return filled;
    if (bindDn !== undefined) await client.bind(bindDn, bindPassword ?? "");
    // The filter is built from parts, never from text: no user name can change what is searched.
    const filter = new EqualityFilter({ attribute: lookupAttribute, value: user });
    const { searchEntries } = await client.search(lookupBase, {
      scope: "sub",
      filter,
      sizeLimit: 2,
      attributes: ["1.1"],
    });
    if (searchEntries.length !== 1) throw new NotOneEntry(searchEntries.length);
    return (searchEntries[0] as { dn: string }).dn;
  }
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: RabbitMQ's placeholder, not ours.
const USERNAME = "${username}";

class NotOneEntry extends Error {
  readonly code = 49;
  constructor(count: number) {
    super(`${count} entries have that name`);
  }
}

/** The directory answered with a result code, as opposed to not being there. */
function isAnswer(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === "number";
}

/** A value inside a distinguished name [RFC 4514 2.4]. */
function escapeDn(value: string): string {
  return value
    .replace(/[\\,+"<>;=#]/g, (c) => `\\${c}`)
    .replace(/^ | $/g, "\\ ")
    .replaceAll("\0", "\\00");
}
