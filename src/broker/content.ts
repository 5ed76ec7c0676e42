// What the core must be able to read in a message's content. The protocol that owns the format implements it.

import type { FieldTable } from "./field-table.ts";
import { EMPTY_TABLE } from "./field-table.ts";
import type { Publication } from "./publication.ts";

/** The properties an exchange may route by. */
export interface RoutingProperties {
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly timestamp: bigint | undefined;
}

export interface ContentReader {
  /** The headers table; empty when there is none. */
  headers(publication: Publication): FieldTable;
  routingProperties(publication: Publication): RoutingProperties;
}

/** Finds nothing in any message: for brokers whose messages are never looked into. */
export const blindContentReader: ContentReader = {
  headers: () => EMPTY_TABLE,
  routingProperties: () => ({
    messageId: undefined,
    correlationId: undefined,
    timestamp: undefined,
  }),
};
