// Why a message goes where it goes: every binding tried, alternate exchanges, permissions, and the queues at the end.

import { decided, type User } from "../../broker/access/user.ts";
import type { Binding, Exchange, RoutedMessage } from "../../broker/exchange/exchange.ts";
import type { FieldTable } from "../../broker/message/field-table.ts";
import { DEFAULT_EXCHANGE_ALIAS } from "../../broker/names.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { whyNot } from "./reasons.ts";

/** Exchanges may be bound in circles; each is explained once, and no deeper than this. */
const DEPTH_MAX = 32;
/** Bindings of one exchange that are listed; matching ones first. */
const BINDINGS_MAX = 1_000;

export interface Question {
  readonly vhost: Vhost;
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly headers: FieldTable;
  /** Undefined: permissions are not looked at. */
  readonly user: User | undefined;
}

export function explainRoute(question: Question): ApiObject {
  const explanation = new Explanation(question);
  const tree = explanation.of(question.exchange, 0);
  const permissions = permissionsOf(question);
  const queues = permissions.publish === false ? [] : [...explanation.queues];
  return { ...tree, permissions, queues, verdict: verdictOf(question, queues, permissions) };
}

class Explanation {
  readonly #question: Question;
  readonly #seen = new Set<Exchange>();
  readonly #message: RoutedMessage;
  readonly queues = new Set<string>();

  constructor(question: Question) {
    this.#question = question;
    this.#message = {
      routingKey: question.routingKey,
      headers: question.headers,
      messageId: undefined,
      correlationId: undefined,
      timestamp: undefined,
    };
  }

  of(exchange: Exchange, depth: number): ApiObject {
    const { name, type } = exchange;
    const node = { exchange: name, type: type.name };
    if (this.#seen.has(exchange) || depth >= DEPTH_MAX)
      return { ...node, repeated: true, bindings: [] };
    this.#seen.add(exchange);
    if (name === "") return { ...node, bindings: this.#defaultBindings(), alternate: null };
    const chosen = new Set<unknown>();
    exchange.router.route(this.#message, { add: (destination) => void chosen.add(destination) });
    const bindings: ApiObject[] = [];
    const { vhost } = this.#question;
    for (const binding of vhost.bindings.from(exchange)) {
      bindings.push(this.#binding(binding, chosen, depth));
    }
    bindings.sort((a, b) => Number(b.matched) - Number(a.matched));
    const alternate = chosen.size === 0 ? this.#alternate(exchange, depth) : null;
    return { ...node, bindings: bindings.slice(0, BINDINGS_MAX), alternate };
  }

  #defaultBindings(): readonly ApiObject[] {
    const { vhost, routingKey } = this.#question;
    const queue = vhost.queues.get(routingKey);
    if (queue === undefined) {
      return [
        {
          destination: routingKey,
          destination_type: "queue",
          routing_key: routingKey,
          matched: false,
          why: `there is no queue '${routingKey}': the default exchange sends to the queue named by the routing key`,
        },
      ];
    }
    this.queues.add(routingKey);
    return [
      {
        destination: routingKey,
        destination_type: "queue",
        routing_key: routingKey,
        matched: true,
        why: "the default exchange sends to the queue named by the routing key",
      },
    ];
  }

  #binding(binding: Binding, chosen: ReadonlySet<unknown>, depth: number): ApiObject {
    const { destination, source } = binding;
    const alone = matchesAlone(binding, this.#message);
    // Types that choose one of many (hashes, chance) take it only when the whole exchange does.
    const matched = alone && chosen.has(destination);
    const why =
      alone && !matched
        ? "this message went to another of the exchange's bindings"
        : whyNot(source.type.name, binding, this.#message, matched);
    if (matched && destination.kind === "queue") this.queues.add(destination.definition.name);
    return {
      destination: destination.definition.name,
      destination_type: destination.kind,
      routing_key: binding.routingKey,
      matched,
      why,
      ...(matched && destination.kind === "exchange"
        ? { next: this.of(destination, depth + 1) }
        : {}),
    };
  }

  #alternate(exchange: Exchange, depth: number): ApiJson {
    const name = exchange.settings.values.alternateExchange;
    if (name === undefined) return null;
    const alternate = this.#question.vhost.exchanges.get(name);
    if (alternate === undefined) return { exchange: name, missing: true, bindings: [] };
    return this.of(alternate, depth + 1);
  }
}

/** With one binding there is nothing to choose. */
const ONLY_ONE = {
  random: { fill() {}, integer: () => 0 },
  history: { keep: () => ({ sizeBytes: 0 }), replay() {}, release() {} },
};

/** Asks a router of the same type that knows this one binding only. */
function matchesAlone(binding: Binding, message: RoutedMessage): boolean {
  const { source } = binding;
  const router = source.type.createRouter(source.definition, ONLY_ONE);
  router.bind(binding);
  let matched = false;
  router.route(message, {
    add: () => {
      matched = true;
    },
  });
  return matched;
}

function permissionsOf({ user, vhost, exchange, routingKey }: Question): ApiObject {
  if (user === undefined) return {};
  const { authorizer } = user;
  const name = exchange.name === "" ? DEFAULT_EXCHANGE_ALIAS : exchange.name;
  const write = decided(authorizer.permits(user, vhost.name, "exchange", name, "write"));
  const variables = new Map([
    ["username", user.name],
    ["vhost", vhost.name],
  ]);
  const topic =
    !exchange.type.hasTopicPermissions ||
    decided(
      decided(
        authorizer.permitsTopic(user, vhost.name, exchange.name, routingKey, "write", variables),
      ),
    );
  const { internal } = exchange.definition;
  return { user: user.name, write, topic, internal, publish: write && topic && !internal };
}

function verdictOf(
  { exchange, user }: Question,
  queues: readonly string[],
  permissions: ApiObject,
): string {
  if (permissions.internal === true) return "refused: the exchange is internal";
  if (permissions.write === false) return `refused: ${user?.name} may not write to the exchange`;
  if (permissions.topic === false)
    return `refused: ${user?.name} may not publish with this routing key`;
  if (queues.length === 0)
    return `unroutable: no binding of '${exchange.name}' leads it to a queue`;
  return queues.length === 1 ? "goes to 1 queue" : `goes to ${queues.length} queues`;
}
