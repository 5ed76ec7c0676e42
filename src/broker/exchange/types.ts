// The table of exchange types. A new type is one file and one entry here.

import { BrokerError } from "../errors.ts";
import { consistentHashType } from "./consistent-hash.ts";
import { delayedTypeAmong } from "./delayed.ts";
import { directType } from "./direct.ts";
import type { ExchangeType } from "./exchange.ts";
import { fanoutType } from "./fanout.ts";
import { headersType } from "./headers.ts";
import { modulusHashType } from "./modulus-hash.ts";
import { localRandomType, randomType } from "./random.ts";
import { recentHistoryType } from "./recent-history.ts";
import { topicType } from "./topic.ts";

export const exchangeTypes: ReadonlyMap<string, ExchangeType> = new Map(
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
    delayedTypeAmong(() => exchangeTypes),
  ].map((type) => [type.name, type]),
);

/** The table entry of a type; precondition-failed for an unknown one. */
export function exchangeTypeNamed(name: string): ExchangeType {
  const type = exchangeTypes.get(name);
  if (type === undefined) {
    throw new BrokerError("precondition-failed", `unknown exchange type '${name}'`);
  }
  return type;
}
