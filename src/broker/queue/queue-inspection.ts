// Looking into a queue, and taking single messages out of its middle: for people and tools, never for consumers.

import type { Memory } from "../../lib/memory.ts";
import type { Turn } from "../flow/turn.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import { BacklogWalk, type Browser } from "./backlog-walk.ts";
import type { DepthFigures } from "./depth-figures.ts";
import type { QueueLog } from "./queue-log.ts";
import type { QueuePages } from "./queue-pages.ts";
import type { Returns } from "./returns.ts";

/** A message that a walk has shown, by what names it. */
export interface TakenMessage {
  readonly sequence: Sequence;
  readonly location: Location;
  readonly bytes: number;
  readonly persistent: boolean;
}

/** The parts of a queue that are looked into. */
export interface InspectedParts {
  readonly memory: Memory;
  readonly turn: Turn;
  readonly backlog: Backlog;
  readonly pages: QueuePages;
  readonly figures: DepthFigures;
  /** Undefined: its messages are not logged. */
  readonly log: QueueLog | undefined;
  /** Undefined: nothing ever comes back. */
  readonly waiting?: Returns;
}

/** A message that waits for its next delivery. */
export interface WaitingFacts {
  readonly sequence: Sequence;
  /** Wall time. */
  readonly dueAtMs: number;
  /** Deliveries in vain so far; undefined: the message itself must be asked. */
  readonly deliveryCount: number | undefined;
}

/** Messages that came back and wait for their next delivery. */
export interface WaitingInspection {
  readonly count: number;
  /** Those that are due first. */
  first(countMax: number): readonly WaitingFacts[];
  /** It can be delivered from now on. False when it does not wait. */
  deliverNow(sequence: Sequence): boolean;
  /**
   * Takes it away for good, as if it had been acknowledged. False when it does not wait; undefined while its page is
   * being read.
   */
  cancel(message: TakenMessage): boolean | undefined;
}

export interface Inspection {
  /**
   * Shows the live messages to `browser` without taking any, in slices from a later turn on; `from` is where an
   * earlier walk ended. What changes meanwhile may be seen or not.
   */
  browse(browser: Browser, from?: Sequence): void;
  /** What `takeAway` would answer now; changes nothing. */
  isReady(message: TakenMessage): boolean | undefined;
  /**
   * Takes one ready message away for good, as if it had been acknowledged; `taken` is what a walk has shown of it.
   * False when it is not ready any more; undefined while its page is being read: ask again in a later turn.
   */
  takeAway(message: TakenMessage): boolean | undefined;
  /** Tells messages that are here now from those that come later. */
  present(): (sequence: Sequence) => boolean;
  /** Calls once, when a page has been read, or never will be: what was undefined may be known now. */
  whenChanged(onChange: () => void): void;
  /** Undefined where nothing ever waits. */
  readonly waiting: WaitingInspection | undefined;
}

export class QueueInspection implements Inspection {
  readonly #parts: InspectedParts;

  constructor(parts: InspectedParts) {
    this.#parts = parts;
  }

  get waiting(): WaitingInspection | undefined {
    const returns = this.#parts.waiting;
    if (returns === undefined) return undefined;
    return {
      count: returns.waitingCount,
      first: (countMax) => returns.firstWaiting(countMax),
      deliverNow: (sequence) => returns.deliverNow(sequence),
      cancel: (message) => this.#cancel(returns, message),
    };
  }

  #cancel(returns: Returns, message: TakenMessage): boolean | undefined {
    const { backlog, log } = this.#parts;
    const { sequence, persistent } = message;
    const isKnown = returns.waits(sequence);
    if (!isKnown) return false;
    if (backlog.settleReady(sequence, message.location, true) === undefined) return undefined;
    const ended = returns.endWait(sequence);
    if (ended === "ready") return this.takeAway(message);
    if (ended === undefined) return false;
    backlog.settle(sequence, ended.location, ended.bytes);
    if (persistent) log?.settled(sequence);
    return true;
  }

  present(): (sequence: Sequence) => boolean {
    const { backlog } = this.#parts;
    const last = new Map<number, Sequence>();
    for (const { chain } of backlog.levels()) last.set(chain.level, chain.lastSequence);
    return (sequence) => sequence <= (last.get(backlog.levelIndexOf(sequence)) ?? 0);
  }

  whenChanged(onChange: () => void): void {
    this.#parts.pages.whenChanged(onChange);
  }

  browse(browser: Browser, from?: Sequence): void {
    const { memory, turn, backlog, pages } = this.#parts;
    turn.addJob(new BacklogWalk(turn, memory.arena, backlog, pages, browser, from));
  }

  isReady({ sequence, location }: TakenMessage): boolean | undefined {
    return this.#parts.backlog.settleReady(sequence, location, true);
  }

  takeAway({ sequence, location, bytes, persistent }: TakenMessage): boolean | undefined {
    const { backlog, figures, log } = this.#parts;
    const taken = backlog.settleReady(sequence, location);
    if (taken !== true) return taken;
    figures.onTaken(bytes, persistent);
    if (persistent) log?.settled(sequence);
    return true;
  }
}
