// Messages of one page that follow each other, offered to a delivery target at once: where many read the same, what is
// made of the messages for one of them serves the others, too.

import type { Sequence } from "../numbers.ts";
import type { DeliveryHeader } from "./delivery-header.ts";
import type { Page } from "./page.ts";

/** Reused: valid until the call that gets it returns. None of the messages was delivered to this consumer before. */
export class DeliveryRun {
  /** In memory; the bytes of the records offered never change. */
  page: Page | undefined = undefined;
  /** Of the first message's record. */
  offset = 0;
  /** The first message. */
  sequence: Sequence = 0;
  /** So many may be taken. They need not all have the sequences that follow, or be in this page: the target looks. */
  countMax = 0;
  /** What is sent should not be longer than this; one message always may. */
  bytesMax = 0;
  /** Goes out with each message; `setHeader` gives it its value. */
  readonly header: DeliveryHeader;
  /** Answered by the target: how many it took, what it sends, their bodies, and where the record behind them begins. */
  count = 0;
  sentBytes = 0;
  bodyBytes = 0;
  endOffset = 0;

  constructor(header: DeliveryHeader) {
    this.header = header;
  }

  /** The message at `index` of the run. */
  at(index: number): Sequence {
    return this.sequence + index;
  }

  /** How many messages the run's first one is behind `sequence`. */
  distanceFrom(sequence: Sequence): number {
    return this.sequence - sequence;
  }

  /** Sets the header as that message's delivery has it. */
  setHeader(sequence: Sequence): void {
    this.header.value = sequence - 1;
  }
}
