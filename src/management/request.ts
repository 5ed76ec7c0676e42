// One request to the API: who asks, for what, and what they may see.

import { decided, hasTag, type User, type UserTag } from "../broker/access/user.ts";
import type { ConnectionIdentity } from "../broker/connection-registry.ts";
import type { Exchange } from "../broker/exchange/exchange.ts";
import { DEFAULT_EXCHANGE_ALIAS } from "../broker/names.ts";
import type { Queue } from "../broker/queue/queue.ts";
import type { Vhost } from "../broker/vhost.ts";
import type { VhostAccess } from "../broker/vhost-access.ts";
import type { Endpoint } from "../env/env.ts";
import {
  type ApiError,
  badRequest,
  notAuthorised,
  notFound,
  refusalsAsAnswers,
  vhostNotFound,
} from "./answers.ts";
import type { ApiObject } from "./api-json.ts";
import { parseBody } from "./body.ts";
import type { Management } from "./management.ts";
import { parseRanges, type ViewContext } from "./views/context.ts";

export type Texts = Readonly<Record<string, string | undefined>>;

export interface RequestParts {
  readonly method: string;
  readonly management: Management;
  readonly user: User;
  readonly peer: Endpoint;
  readonly params: Texts;
  readonly query: Texts;
  readonly headers: Texts;
  readonly bodyText: string;
  /** The client has gone away: nobody will read the answer. */
  isAbandoned(): boolean;
}

/** Which tags include what a tag allows. */
const INCLUDED_BY: Readonly<Record<string, readonly UserTag[]>> = {
  management: ["management", "policymaker", "monitoring", "administrator"],
  policymaker: ["policymaker", "administrator"],
  monitoring: ["monitoring", "administrator"],
  administrator: ["administrator"],
};

export function mayAs(user: User, tag: string): boolean {
  return (INCLUDED_BY[tag] ?? []).some((wanted) => hasTag(user, wanted));
}

export class ApiRequest {
  readonly management: Management;
  readonly user: User;
  readonly peer: Endpoint;
  readonly query: Texts;
  readonly headers: Texts;
  readonly #method: string;
  readonly #params: Texts;
  readonly #bodyText: string;
  readonly #isAbandoned: () => boolean;
  #body: ApiObject | undefined = undefined;
  #view: ViewContext | undefined = undefined;

  constructor(parts: RequestParts) {
    this.#method = parts.method;
    this.management = parts.management;
    this.user = parts.user;
    this.peer = parts.peer;
    this.query = parts.query;
    this.headers = parts.headers;
    this.#params = parts.params;
    this.#bodyText = parts.bodyText;
    this.#isAbandoned = parts.isAbandoned;
  }

  /** Nobody waits for the answer any more: what takes long ends where it can. */
  get isAbandoned(): boolean {
    return this.#isAbandoned();
  }

  /** A part of the path that the route's pattern names. */
  param(name: string): string {
    return this.#params[name] ?? "";
  }

  /** The query's `name`, a whole number, or `standard` where there is none; refused with 400 when it is anything else. */
  wholeNumber(name: string, standard: number): number {
    const text = this.query[name];
    if (text === undefined || text === "") return standard;
    if (!/^\d{1,16}$/.test(text)) throw badRequest(`${name}: '${text}' is not a whole number`);
    return Number(text);
  }

  get body(): ApiObject {
    this.#body ??= parseBody(this.#bodyText);
    return this.#body;
  }

  get bodyText(): string {
    return this.#bodyText;
  }

  get view(): ViewContext {
    const { broker, sampler, options } = this.management;
    const withStatistics = options.withStatistics && this.query.disable_stats !== "true";
    const withQueueTotals = options.withQueueTotals || this.query.enable_queue_totals === "true";
    const ranges = parseRanges(this.query);
    const withRates = options.ratesMode !== "none";
    this.#view ??= { broker, sampler, ranges, withStatistics, withRates, withQueueTotals };
    return this.#view;
  }

  get isMonitor(): boolean {
    return mayAs(this.user, "monitoring");
  }

  get isAdministrator(): boolean {
    return mayAs(this.user, "administrator");
  }

  /** As connections see themselves: this request as one. */
  get identity(): ConnectionIdentity {
    const { peer, user } = this;
    return {
      name: `${peer.address}:${peer.port} (HTTP)`,
      user: user.name,
      protocol: "HTTP API",
      peer,
    };
  }

  permitsVhost(name: string): boolean {
    return decided(this.user.authorizer.permitsVhost(this.user, name, this.identity));
  }

  /** The vhost in the path: 404 when there is none, 401 when the user may not even look. */
  vhost(name = this.param("vhost")): Vhost {
    const vhost = this.management.broker.vhosts.get(name);
    if (vhost === undefined) throw this.#absentVhost();
    if (!this.isMonitor && !this.permitsVhost(name)) {
      throw notAuthorised("User not authorised to access virtual host");
    }
    return vhost;
  }

  /** The door to that vhost, for everything that changes something. */
  access(name = this.param("vhost")): VhostAccess {
    const { broker } = this.management;
    if (!broker.vhosts.has(name)) throw this.#absentVhost();
    if (!this.permitsVhost(name)) {
      throw notAuthorised("User not authorised to access virtual host");
    }
    return refusalsAsAnswers(() => broker.enter(this.user, name, this.identity));
  }

  /** Whoever brings something into a vhost that is not there hears that it is the vhost that is missing. */
  #absentVhost(): ApiError {
    return this.#method === "PUT" || this.#method === "POST" ? vhostNotFound() : notFound();
  }

  /** Vhosts the user may look into: all for those who monitor. */
  visibleVhosts(): readonly Vhost[] {
    const all = [...this.management.broker.vhosts.values()];
    return this.isMonitor ? all : all.filter(({ name }) => this.permitsVhost(name));
  }

  queue(): Queue {
    const queue = this.vhost().queues.get(this.param("name"));
    if (queue === undefined) throw notFound();
    return queue;
  }

  exchange(name = this.param("name")): Exchange {
    const exchange = this.vhost().exchanges.get(exchangeName(name));
    if (exchange === undefined) throw notFound();
    return exchange;
  }
}

/** The default exchange has no name; in paths it is called amq.default. */
export function exchangeName(inPath: string): string {
  return inPath === DEFAULT_EXCHANGE_ALIAS ? "" : inPath;
}
