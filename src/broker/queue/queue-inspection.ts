// Looking into a queue, and taking single messages out of its middle: for people and tools, never for consumers.

import type { Memory } from "../../lib/memory.ts";
import type { Turn } from "../flow/turn.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import { BacklogWalk, type Browser } from "./backlog-walk.ts";
import type { DepthFigures } from "./depth-figures.ts";
import type { QueueLog } from "./queue-log.ts";
import type { QueuePages } from "./queue-pages.ts";

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
}

export class QueueInspection implements Inspection {
  readonly #parts: InspectedParts;

  constructor(parts: InspectedParts) {
    this.#parts = parts;
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
