// Debug lines: what clients do to connections, channels and queues, one line per event. Facts are picked by name, so
// that nothing secret or large (arguments, client properties, values of parameters) gets into a log.

import type { EventFacts, EventListener, EventName } from "../broker/events.ts";
import type { Log, LogCategory } from "../logging/log.ts";

type Kind = { readonly category: LogCategory; readonly facts: readonly string[] };

const BINDING: Kind = {
  category: "queue",
  facts: ["source_name", "destination_kind", "destination_name", "routing_key", "vhost"],
};
const EXCHANGE: Kind = { category: "queue", facts: ["name", "vhost", "type", "durable"] };
const QUEUE: Kind = { category: "queue", facts: ["name", "vhost", "type", "durable", "exclusive"] };
const CONSUMER: Kind = {
  category: "channel",
  facts: ["consumer_tag", "channel", "queue", "vhost", "ack_required", "prefetch_count"],
};
const CHANNEL: Kind = { category: "channel", facts: ["name", "user", "vhost"] };
const CONNECTION: Kind = {
  category: "connection",
  facts: ["name", "user_provided_name", "user", "vhost", "protocol", "ssl", "frame_max", "timeout"],
};
const LOGIN: Kind = { category: "user", facts: ["name", "protocol", "peer_host", "error"] };
const POLICY: Kind = { category: "queue", facts: ["name", "vhost", "policy"] };

const KINDS: Readonly<Partial<Record<EventName, Kind>>> = {
  "binding.created": BINDING,
  "binding.deleted": BINDING,
  "channel.created": CHANNEL,
  "channel.closed": CHANNEL,
  "connection.created": CONNECTION,
  "connection.closed": CONNECTION,
  "consumer.created": CONSUMER,
  "consumer.deleted": CONSUMER,
  "exchange.created": EXCHANGE,
  "exchange.deleted": EXCHANGE,
  "policy.set": POLICY,
  "policy.cleared": POLICY,
  "operator.policy.cleared": POLICY,
  "queue.created": QUEUE,
  "queue.deleted": QUEUE,
  "queue.policy.updated": POLICY,
  "queue.policy.cleared": POLICY,
  "user.authentication.success": LOGIN,
  "user.authentication.failure": LOGIN,
};

export class EventLines implements EventListener {
  readonly #log: Log;
  readonly #isWanted: (category: LogCategory) => boolean;

  /** `isWanted`: whether debug lines of a category go anywhere; asked first, because it is cheap. */
  constructor(log: Log, isWanted: (category: LogCategory) => boolean) {
    this.#log = log;
    this.#isWanted = isWanted;
  }

  onEvent(name: EventName, facts: EventFacts): void {
    const kind = KINDS[name];
    if (kind === undefined || !this.#isWanted(kind.category)) return;
    const by = facts.user_who_performed_action;
    const shown = kind.facts
      .filter((fact) => facts[fact] !== undefined && facts[fact] !== "")
      // Names are whatever clients like: quoted, they stay on one line.
      .map((fact) => `${fact}=${JSON.stringify(facts[fact])}`);
    if (by !== undefined) shown.push(`by=${JSON.stringify(by)}`);
    this.#log.write("debug", kind.category, `${name}: ${shown.join(" ")}`);
  }
}
