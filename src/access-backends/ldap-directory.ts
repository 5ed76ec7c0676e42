// Asking a directory: one connection per question, bound as somebody, closed afterwards.

import { AndFilter, Client, EqualityFilter, PresenceFilter } from "ldapts";

export interface LdapServers {
  readonly servers: readonly string[];
  readonly port: number;
  readonly tls: boolean;
  readonly startTls: boolean;
  readonly timeoutMs: number;
}

/** Who asks; undefined = nobody in particular. */
export interface LdapCredentials {
  readonly dn: string;
  readonly password: string;
}

const NO_SUCH_OBJECT = 32;
/** Entries one search may answer with. */
const ENTRIES_MAX = 1_000;

/** Tries the servers in turn; a server that answers, even with a refusal, has the last word. */
export async function withDirectory<T>(
  servers: LdapServers,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  let unreachable: unknown = new Error("no LDAP servers are configured");
  for (const server of servers.servers) {
    const client = newClient(servers, server);
    try {
      if (servers.startTls) await client.startTLS({});
      return await work(client);
    } catch (error) {
      if (isAnswer(error)) throw error;
      unreachable = error;
    } finally {
      await client.unbind().catch(() => {});
    }
  }
  throw unreachable;
}

function newClient({ tls, port, timeoutMs }: LdapServers, server: string): Client {
  const host = server.includes(":") ? `[${server}]` : server;
  return new Client({
    url: `${tls ? "ldaps" : "ldap"}://${host}:${port}`,
    timeout: timeoutMs,
    connectTimeout: timeoutMs,
  });
}

/** The directory answered with a result code, as opposed to not being there. */
export function isAnswer(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === "number";
}

/** A value inside a distinguished name [RFC 4514 2.4]. */
export function escapeDn(value: string): string {
  return value
    .replace(/[\\,+"<>;=#]/g, (c) => `\\${c}`)
    .replace(/^ | $/g, "\\ ")
    .replaceAll("\0", "\\00");
}

/** What a search found below or at `base`; nothing when `base` is not there. */
async function search(
  client: Client,
  base: string,
  options: Parameters<Client["search"]>[1],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  try {
    const { searchEntries } = await client.search(base, { sizeLimit: ENTRIES_MAX, ...options });
    return searchEntries;
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_SUCH_OBJECT) return [];
    throw error;
  }
}

/** What queries ask. Filters are built from parts, never from text: no name can change what is searched. */
export class Directory {
  readonly #client: Client;
  constructor(client: Client) {
    this.#client = client;
  }

  async exists(dn: string): Promise<boolean> {
    const filter = new PresenceFilter({ attribute: "objectClass" });
    const found = await search(this.#client, dn, { scope: "base", filter, attributes: ["1.1"] });
    return found.length > 0;
  }

  /** Whether the entry has that value among those of the attribute. */
  async has(dn: string, attribute: string, value: string): Promise<boolean> {
    const filter = new EqualityFilter({ attribute, value });
    const found = await search(this.#client, dn, { scope: "base", filter, attributes: ["1.1"] });
    return found.length > 0;
  }

  async values(dn: string, attribute: string): Promise<readonly string[]> {
    const filter = new PresenceFilter({ attribute: "objectClass" });
    const [entry] = await search(this.#client, dn, {
      scope: "base",
      filter,
      attributes: [attribute],
    });
    const found = Object.entries(entry ?? {}).find(
      ([name]) => name.toLowerCase() === attribute.toLowerCase() && name !== "dn",
    )?.[1];
    if (found === undefined) return [];
    return (Array.isArray(found) ? found : [found]).map(String);
  }

  /** Names of the groups that have `member`, below `base`. */
  async groupsOf(
    member: string,
    options: { readonly base: string; readonly attribute: string; readonly scope: "sub" | "one" },
  ): Promise<readonly string[]> {
    const { base, attribute, scope } = options;
    const filter = new AndFilter({
      filters: [
        new PresenceFilter({ attribute: "objectClass" }),
        new EqualityFilter({ attribute, value: member }),
      ],
    });
    const found = await search(this.#client, base, { scope, filter, attributes: ["1.1"] });
    return found.map(({ dn }) => String(dn));
  }
}
