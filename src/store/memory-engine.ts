// The engine of brokers that keep nothing: everything stays in memory, and a full memory holds publishers back.

import { type Engine, NO_CAPACITY, type Pager } from "../broker/ports.ts";
import { AssertionError } from "../lib/assert.ts";
import { MemoryLog, type MemoryLogOptions } from "./memory-log.ts";

const noPager: Pager = {
  capacityBytes: NO_CAPACITY,
  write: refuse,
  read: refuse,
  release: refuse,
};

function refuse(): never {
  throw new AssertionError("pages stay in memory: the pager's capacity is 0");
}

export class MemoryEngine implements Engine {
  readonly log: MemoryLog;
  readonly pager: Pager = noPager;

  constructor(options: MemoryLogOptions) {
    this.log = new MemoryLog(options);
  }
}
