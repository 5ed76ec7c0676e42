// What a run has done to its broker, with the log positions that decide what must have survived.

/** A message in one queue. */
export interface Instance {
  readonly id: number;
  readonly queue: number;
  readonly persistent: boolean;
  /** The log position right behind its entry: durable from there on. */
  readonly position: number;
  /** Wall time; 0 = never. */
  readonly expiresAtMs: number;
  /** Everything of one transaction or publish shares a number. */
  readonly group: number;
  /** 0 = lowest; messages of one level keep their order. */
  readonly level: number;
  /** It was acknowledged, or purged. */
  settled: boolean;
  /** The settlement is in the log before this; infinite until that is known. */
  settledPosition: number;
  /** A transaction has settled it: that and all else in the transaction happens, or nothing of it. */
  isSettledByTransaction: boolean;
  /** The broker may have dropped it for reasons the model does not follow. */
  mayVanish: boolean;
  /** It was rejected, and its queue has a dead letter exchange: it may be on its way there. */
  mayMove: boolean;
  /** It was not here any more after a crash, but may still be on its way to where dead letters go. */
  isGone: boolean;
}

export interface ModelQueue {
  readonly name: string;
  readonly number: number;
  readonly durable: boolean;
  /** Where its dead letters go. */
  readonly deadLetterQueue: string | undefined;
  /** Messages may be dropped at its head. */
  readonly bounded: boolean;
  readonly levels: number;
  readonly instances: Map<number, Instance>;
}

/** Definitions as they were from some log position on. */
export interface Moment {
  readonly position: number;
  readonly definitions: string;
}

export class Model {
  readonly queues = new Map<string, ModelQueue>();
  /** Every number that was ever given out, with those that are gone. */
  readonly everyQueue = new Map<number, ModelQueue>();
  readonly moments: Moment[] = [];
  /** Settled since the last turn: their entry is gathered but not appended. */
  #gathered: Instance[] = [];
  lastId = 0;
  lastGroup = 0;

  addQueue(queue: ModelQueue): void {
    this.queues.set(queue.name, queue);
    this.everyQueue.set(queue.number, queue);
  }

  settle(instance: Instance): void {
    instance.settled = true;
    this.#gathered.push(instance);
  }

  /** A turn has passed: what was gathered lies before `position`. */
  turnPassed(position: number): void {
    for (const instance of this.#gathered) {
      instance.settledPosition = Math.min(instance.settledPosition, position);
    }
    this.#gathered = [];
  }
}
