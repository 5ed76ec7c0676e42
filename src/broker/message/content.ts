// What the core must be able to read in a message's content. The protocol that owns the format implements it.

import type { Address } from "../../lib/arena.ts";
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
  /** Takes a header out of the message being published, where it lies, and describes the rest in `publication`. */
  removeHeader(publication: Publication, name: string): void;
  /** Sets flags, priority, expiration and headers of `publication` from the header frame at its `contentAt`. */
  describe(publication: Publication): void;
}

/** What a message tells about its way so far. */
export interface TravelFacts {
  /** The headers table; empty when there is none. */
  readonly headers: FieldTable;
  /** The expiration property as it was sent. */
  readonly expiration: string | undefined;
}

/** What the core must be able to change in a message that travels on (dead-lettered, retried, delayed). */
export interface ContentEditor extends ContentReader {
  /** Of the content whose header frame lies at `contentAt`. */
  travelFacts(contentAt: Address): TravelFacts;
  /**
   * Writes the header frame at `contentAt` once more to `to`, with `headers` instead of its own, and without its
   * expiration unless it keeps it. Answers its length, or -1 when it is longer than `roomBytes`.
   */
  rewriteHeader(
    contentAt: Address,
    headers: FieldTable,
    to: Address,
    roomBytes: number,
    keepsExpiration: boolean,
  ): number;
}

/** Finds nothing in any message: for brokers whose messages are never looked into. */
export const blindContentReader: ContentReader = {
  headers: () => EMPTY_TABLE,
  removeHeader: () => {},
  describe: () => {},
  routingProperties: () => ({
    messageId: undefined,
    correlationId: undefined,
    timestamp: undefined,
  }),
};
