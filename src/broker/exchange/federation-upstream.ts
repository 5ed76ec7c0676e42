// x-federation-upstream: a RabbitMQ that federates an exchange of this broker declares one here. A fanout that keeps
// back what has made enough hops or comes from where it would go, so that rings of brokers send nothing round for ever.

import { BrokerError } from "../errors.ts";
import { type FieldTable, type FieldValue, textOf } from "../message/field-table.ts";
import { DestinationBag } from "./destination-bag.ts";
import type {
  Binding,
  ExchangeDefinition,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

const HOPS_MAX_ARGUMENT = "x-max-hops";
/** Whose exchange is fed from here: a cluster's name and a vhost of it. */
const DOWNSTREAM_NAME_ARGUMENT = "x-downstream-name";
const DOWNSTREAM_VHOST_ARGUMENT = "x-downstream-vhost";
/** One table for each broker the message came through. */
const HOPS_HEADER = "x-received-from";

class FederationUpstreamRouter implements ExchangeRouter {
  readonly #hopsMax: bigint;
  readonly #downstreamName: string | undefined;
  readonly #downstreamVhost: string | undefined;
  readonly #destinations = new DestinationBag();

  constructor(definition: ExchangeDefinition) {
    this.#hopsMax = hopsMaxOf(definition.arguments);
    this.#downstreamName = textOf(definition.arguments.get(DOWNSTREAM_NAME_ARGUMENT));
    this.#downstreamVhost = textOf(definition.arguments.get(DOWNSTREAM_VHOST_ARGUMENT));
  }

  bind({ destination }: Binding): void {
    this.#destinations.add(destination);
  }

  unbind({ destination }: Binding): void {
    this.#destinations.delete(destination);
  }

  route({ headers }: RoutedMessage, into: TargetSet): void {
    const hops = headers.get(HOPS_HEADER);
    if (hops?.type === "A" && !this.#mayGoOn(hops.value)) return;
    this.#destinations.addTo(into);
  }

  #mayGoOn(hops: readonly FieldValue[]): boolean {
    return BigInt(hops.length) < this.#hopsMax && !hops.some((hop) => this.#isDownstream(hop));
  }

  #isDownstream(hop: FieldValue): boolean {
    if (hop.type !== "F" || this.#downstreamName === undefined) return false;
    if (this.#downstreamVhost === undefined) return false;
    return (
      textOf(hop.value.get("cluster-name")) === this.#downstreamName &&
      textOf(hop.value.get("vhost")) === this.#downstreamVhost
    );
  }
}

function hopsMaxOf(table: FieldTable): bigint {
  const value = table.get(HOPS_MAX_ARGUMENT);
  if (value?.type === "l") return value.value;
  const fault = value === undefined ? "missing" : "must be of type long";
  throw new BrokerError("precondition-failed", `Argument ${HOPS_MAX_ARGUMENT} ${fault}`);
}

export const federationUpstreamType: ExchangeType = {
  name: "x-federation-upstream",
  description: "Federation upstream helper exchange",
  internalPurpose: "federation",
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
  createRouter: (definition) => new FederationUpstreamRouter(definition),
};
