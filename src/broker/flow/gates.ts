// Replies that may leave only after the log has reached a position: who waits, and the signal that releases them.

import type { LogPosition } from "../numbers.ts";
import type { Turn } from "./turn.ts";

/** Where the log will be when this turn has appended what it gathers: not known before. */
export const END_OF_TURN: LogPosition = Number.POSITIVE_INFINITY;

/** Something with replies in order, each waiting for its log position: a channel, an HTTP answer. */
export interface GateKeeper {
  /** Owned by Gates. */
  inGates: boolean;
  /** Lets out what waits for `durable` or less. Answers true while something is left. */
  release(durable: LogPosition): boolean;
}

/** Something that waits for `END_OF_TURN`. */
export interface TurnEndWaiter {
  /** The turn has appended what it gathered: that end is `position`. */
  onTurnEnd(position: LogPosition): void;
}

/** All gate keepers with something waiting. Released once per turn. */
export class Gates {
  readonly #turn: Pick<Turn, "schedule">;
  #waiting: GateKeeper[] = [];
  #spare: GateKeeper[] = [];
  readonly #awaitingEnd: TurnEndWaiter[] = [];

  constructor(turn: Pick<Turn, "schedule">) {
    this.#turn = turn;
  }

  /** Confirms of publishes wait, whatever the log has reached: a test wants to see what becomes of them. */
  holdsConfirms = false;

  setHoldingConfirms(holds: boolean): void {
    this.holdsConfirms = holds;
    this.#turn.schedule();
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** `keeper` has something to release when the log gets there (or at the end of this turn). */
  wait(keeper: GateKeeper): void {
    if (keeper.inGates) return;
    this.#enter(keeper);
    this.#turn.schedule();
  }

  /** `waiter` has something that waits for `END_OF_TURN`. To be said once a turn. */
  awaitTurnEnd(waiter: TurnEndWaiter): void {
    this.#awaitingEnd.push(waiter);
    this.#turn.schedule();
  }

  /** What this turn gathered lies before `position`. Answers whether anybody waits for that. */
  endTurn(position: LogPosition): boolean {
    const waiting = this.#awaitingEnd;
    if (waiting.length === 0) return false;
    for (let i = 0; i < waiting.length; i++) (waiting[i] as TurnEndWaiter).onTurnEnd(position);
    waiting.length = 0;
    return true;
  }

  release(durable: LogPosition): void {
    const waiting = this.#waiting;
    this.#waiting = this.#spare;
    for (const keeper of waiting) {
      keeper.inGates = false;
      // The log's own answer brings the next turn.
      if (keeper.release(durable) && !keeper.inGates) this.#enter(keeper);
    }
    waiting.length = 0;
    this.#spare = waiting;
  }

  #enter(keeper: GateKeeper): void {
    keeper.inGates = true;
    this.#waiting.push(keeper);
  }

  /** Calls `onDurable` when the log has reached `position`; for cold paths like HTTP answers. */
  whenDurable(position: LogPosition, onDurable: () => void): void {
    let until = position;
    this.wait({
      inGates: false,
      release(durable) {
        if (durable < until) return true;
        onDurable();
        return false;
      },
    });
    if (position !== END_OF_TURN) return;
    this.awaitTurnEnd({
      onTurnEnd(end) {
        until = end;
      },
    });
  }
}
