// The table of exchange types. A new type is one file and one entry here.

import { BrokerError } from "../errors.ts";
import { consistentHashType } from "./consistent-hash.ts";
import { delayedTypeAmong } from "./delayed.ts";
import { directType } from "./direct.ts";
import type { ExchangeType } from "./exchange.ts";
import { fanoutType } from "./fanout.ts";
import { federationUpstreamType } from "./federation-upstream.ts";
import { headersType } from "./headers.ts";
import { jmsTopicType } from "./jms-topic.ts";
import { modulusHashType } from "./modulus-hash.ts";
import { localRandomType, randomType } from "./random.ts";
import { recentHistoryType } from "./recent-history.ts";
import { topicType } from "./topic.ts";

const table: Map<string, ExchangeType> = new Map(
  [
    directType,
    fanoutType,
    headersType,
    topicType,
    consistentHashType,
    modulusHashType,
    randomType,
    localRandomType,
    recentHistoryType,
    jmsTopicType,
    federationUpstreamType,
    delayedTypeAmong(() => table),
  ].map((type) => [type.name, type]),
);

export const exchangeTypes: ReadonlyMap<string, ExchangeType> = table;

/** Makes a type known that does not come with the broker. Throws where the name is taken. */
export function registerExchangeType(type: ExchangeType): void {
  if (table.has(type.name)) throw new Error(`there is an exchange type '${type.name}' already`);
  table.set(type.name, type);
}

/** The table entry of a type; precondition-failed for an unknown one. */
export function exchangeTypeNamed(name: string): ExchangeType {
  const type = exchangeTypes.get(name);
  if (type === undefined) {
    throw new BrokerError("precondition-failed", `unknown exchange type '${name}'`);
  }
  return type;
}
