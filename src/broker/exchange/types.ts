// The table of exchange types. A new type is one file and one entry here.

import { directType } from "./direct.ts";
import type { ExchangeType } from "./exchange.ts";
import { fanoutType } from "./fanout.ts";
import { headersType } from "./headers.ts";
import { topicType } from "./topic.ts";

export const exchangeTypes: ReadonlyMap<string, ExchangeType> = new Map(
  [directType, fanoutType, headersType, topicType].map((type) => [type.name, type]),
);
