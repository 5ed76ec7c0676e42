// Users and permissions known to a web service, asked as RabbitMQ's HTTP backend asks: form fields in, "allow" (and
// tags) or "deny" out.

import type { Authentication, Authenticator, BackendPair } from "../broker/access/backend.ts";
import type { Authorizer, User } from "../broker/access/user.ts";
import type { Clock } from "../env/env.ts";
import { AnswerCache } from "./answer-cache.ts";

export interface HttpBackendOptions {
  readonly clock: Clock;
  readonly method: "get" | "post";
  /** Undefined: nobody is let in by it. */
  readonly userUrl: string | undefined;
  /** Undefined: nothing of that kind is permitted. */
  readonly vhostUrl: string | undefined;
  readonly resourceUrl: string | undefined;
  readonly topicUrl: string | undefined;
  readonly timeoutMs: number;
  /** How long an answer about permissions is used again. */
  readonly keptMs: number;
  readonly log: (text: string) => void;
}

/** An answer longer than this is none of the service's. */
const ANSWER_BYTES_MAX = 65_536;

type Fields = Readonly<Record<string, string>>;

export function createHttpBackend(options: HttpBackendOptions): BackendPair {
  const service = new HttpService(options);
  return { authenticator: service, authorizer: service.authorizer };
}

class HttpService implements Authenticator {
  readonly name = "http";
  readonly authorizer: Authorizer;
  readonly #options: HttpBackendOptions;
  readonly #answers: AnswerCache;

  constructor(options: HttpBackendOptions) {
    this.#options = options;
    this.#answers = new AnswerCache(options.clock, options.keptMs);
    this.authorizer = this.#authorizer();
  }

  authenticate(
    login: Parameters<Authenticator["authenticate"]>[0],
    onAuthentication: (answer: Authentication) => void,
  ): void {
    const { user, password } = login;
    const fields = { username: user, ...(password === undefined ? {} : { password }) };
    this.#ask(this.#options.userUrl, fields).then(
      (words) => {
        const [verdict, ...tags] = words;
        if (verdict === "allow") onAuthentication({ name: user, tags });
        else onAuthentication({ refused: `the HTTP backend refused user '${user}'` });
      },
      (error) => onAuthentication({ refused: `the HTTP backend failed: ${String(error)}` }),
    );
  }

  #authorizer(): Authorizer {
    const { vhostUrl, resourceUrl, topicUrl } = this.#options;
    const about = (user: User, vhost: string) => ({
      username: user.name,
      vhost,
      tags: user.tags.join(" "),
    });
    return {
      permitsVhost: (user, vhost, connection) =>
        this.#verdict(vhostUrl, { ...about(user, vhost), ip: connection.peer.address }),
      permits: (user, vhost, kind, name, permission) =>
        this.#verdict(resourceUrl, { ...about(user, vhost), resource: kind, name, permission }),
      permitsTopic: (user, vhost, exchange, routingKey, permission, variables) =>
        this.#verdict(topicUrl, {
          ...about(user, vhost),
          resource: "topic",
          name: exchange,
          permission,
          routing_key: routingKey,
          ...Object.fromEntries(
            [...variables].map(([name, value]) => [`variable_map.${name}`, value]),
          ),
        }),
    };
  }

  #verdict(url: string | undefined, fields: Fields) {
    if (url === undefined) return false;
    return this.#answers.ask(`${url} ${JSON.stringify(fields)}`, async () => {
      const [verdict] = await this.#ask(url, fields);
      return verdict === "allow";
    });
  }

  /** The words of the answer, in small letters up to the tags. Rejects when there is none. */
  async #ask(url: string | undefined, fields: Fields): Promise<string[]> {
    if (url === undefined) return [];
    const form = new URLSearchParams(fields);
    const isGet = this.#options.method === "get";
    const target = isGet ? `${url}${url.includes("?") ? "&" : "?"}${form}` : url;
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const response = await fetch(target, {
        method: isGet ? "GET" : "POST",
        ...(isGet ? {} : { body: form }),
        redirect: "error",
        signal,
      });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      const text = (await response.text()).slice(0, ANSWER_BYTES_MAX).trim();
      const [verdict = "", ...tags] = text.split(/\s+/);
      return [verdict.toLowerCase(), ...tags];
    } catch (error) {
      // The URL may hold a password: only its path is named.
      this.#options.log(`HTTP authorization at ${new URL(url).pathname}: ${String(error)}`);
      throw error;
    }
  }
}
