// Users known to a directory: who can bind with the password is let in, and the configured queries say what they may
// do. Without a query everything is permitted and nobody has a tag, as in RabbitMQ.

import { EqualityFilter } from "ldapts";
import type { Authentication, Authenticator, BackendPair } from "../broker/access/backend.ts";
import type { Authorizer, User, Verdict } from "../broker/access/user.ts";
import type { LdapQuery } from "../config/ldap-query.ts";
import type { Clock } from "../env/env.ts";
import { AnswerCache } from "./answer-cache.ts";
import {
  Directory,
  escapeDn,
  type LdapCredentials,
  type LdapServers,
  withDirectory,
} from "./ldap-directory.ts";
import { evaluate, type LdapVariables } from "./ldap-evaluation.ts";

export interface LdapQueries {
  /** Undefined: everybody may. */
  readonly vhost: LdapQuery | undefined;
  readonly resource: LdapQuery | undefined;
  readonly topic: LdapQuery | undefined;
  readonly tags: ReadonlyMap<string, LdapQuery>;
  readonly groupBase: string | undefined;
}

export interface LdapOptions extends LdapServers {
  readonly clock: Clock;
  /** Holds ${username}. */
  readonly userDnPattern: string;
  /** Set: the user's entry is searched by this attribute instead. */
  readonly lookupAttribute: string | undefined;
  readonly lookupBase: string | undefined;
  /** Who searches and asks what is permitted; undefined = whoever logs in. */
  readonly bindDn: string | undefined;
  readonly bindPassword: string | undefined;
  readonly queries: LdapQueries;
  readonly matches: (pattern: string, text: string) => boolean;
  /** How long an answer about permissions is used again. */
  readonly keptMs: number;
  readonly log: (text: string) => void;
}

export function createLdapBackend(options: LdapOptions): BackendPair {
  const { vhost, resource } = options.queries;
  if (vhost === undefined && resource === undefined) {
    options.log(
      "LDAP permits everything: neither auth_ldap.vhost_access_query nor auth_ldap.resource_access_query is set",
    );
  }
  const backend = new LdapBackend(options);
  return { authenticator: backend, authorizer: backend.authorizerAs(undefined) };
}

class LdapBackend implements Authenticator {
  readonly name = "ldap";
  readonly #options: LdapOptions;
  readonly #answers: AnswerCache;

  constructor(options: LdapOptions) {
    this.#options = options;
    this.#answers = new AnswerCache(options.clock, options.keptMs);
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
    this.#authenticate(user, password).then(onAuthentication, (error) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#options.log(`user '${user}': ${text}`);
      onAuthentication({ refused: `LDAP refused user '${user}': ${text}` });
    });
  }

  #authenticate(user: string, password: string): Promise<Authentication> {
    return withDirectory(this.#options, async (client) => {
      const dn = await this.#distinguishedName(client, user);
      await client.bind(dn, password);
      const own = { dn, password };
      const other = this.#other();
      if (other !== undefined) await client.bind(other.dn, other.password);
      const tags: string[] = [];
      const variables = variablesOf(user, dn, {});
      for (const [tag, query] of this.#options.queries.tags) {
        if (await this.#evaluate(query, new Directory(client), variables)) tags.push(tag);
      }
      return { name: user, tags, authorizer: this.authorizerAs(own) };
    });
  }

  /** Who asks about permissions, where that is not the user. */
  #other(): LdapCredentials | undefined {
    const { bindDn, bindPassword } = this.#options;
    return bindDn === undefined ? undefined : { dn: bindDn, password: bindPassword ?? "" };
  }

  #evaluate(query: LdapQuery, directory: Directory, variables: LdapVariables): Promise<boolean> {
    const { queries, lookupBase, matches } = this.#options;
    const groupBase = queries.groupBase ?? lookupBase;
    return evaluate(query, { directory, variables, groupBase, matches });
  }

  /** `own`: who has logged in, where it was with a password. */
  authorizerAs(own: LdapCredentials | undefined): Authorizer {
    const { vhost: ofVhost, resource: ofResource, topic: ofTopic } = this.#options.queries;
    return {
      permitsVhost: (user, vhost) => this.#verdict(ofVhost, own, user, { vhost }),
      permits: (user, vhost, resource, name, permission) =>
        this.#verdict(ofResource, own, user, { vhost, resource, name, permission }),
      permitsTopic: (user, vhost, name, routingKey, permission) =>
        this.#verdict(ofTopic, own, user, {
          ...{ vhost, resource: "topic", name, permission },
          routing_key: routingKey,
        }),
    };
  }

  #verdict(
    query: LdapQuery | undefined,
    own: LdapCredentials | undefined,
    { name }: User,
    about: Readonly<Record<string, string>>,
  ): Verdict {
    if (query === undefined) return true;
    if (query.kind === "constant") return query.value;
    return this.#answers.ask(JSON.stringify([name, about]), () =>
      withDirectory(this.#options, async (client) => {
        const dn = own?.dn ?? (await this.#distinguishedName(client, name));
        const asking = this.#other() ?? own;
        if (asking !== undefined) await client.bind(asking.dn, asking.password);
        return this.#evaluate(query, new Directory(client), variablesOf(name, dn, about));
      }).catch((error) => {
        this.#options.log(`what user '${name}' may do: ${String(error)}`);
        return false;
      }),
    );
  }

  async #distinguishedName(
    client: Parameters<Parameters<typeof withDirectory>[1]>[0],
    user: string,
  ): Promise<string> {
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

/** `domain\user` is taken apart, for directories of Microsoft's kind. */
function variablesOf(
  username: string,
  userDn: string,
  about: Readonly<Record<string, string>>,
): LdapVariables {
  const [domain, user, more] = username.split("\\");
  const isInDomain = user !== undefined && more === undefined;
  return new Map([
    ...Object.entries(about),
    ["username", username],
    ["user_dn", userDn],
    ...(isInDomain
      ? ([
          ["ad_domain", domain as string],
          ["ad_user", user],
        ] as const)
      : []),
  ]);
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: RabbitMQ's placeholder, not ours.
const USERNAME = "${username}";

class NotOneEntry extends Error {
  readonly code = 49;
  constructor(count: number) {
    super(`${count} entries have that name`);
  }
}
