// The replies of one channel, in order: each waits until the log has reached its position and all before it are out.
// Confirms are runs: one entry per turn, however many messages; everything else is a frame with a position.

import {
  END_OF_TURN,
  type GateKeeper,
  type Gates,
  type TurnEndWaiter,
} from "../../broker/flow/gates.ts";
import type { LogPosition, PublishSequence } from "../../broker/numbers.ts";

export interface GateOwner {
  /** Sends basic.ack (`multiple` when it covers more than one) or basic.nack for a publish. */
  onConfirm(tag: PublishSequence, multiple: boolean, refused: boolean): void;
  /** Sends frames as they are. */
  onReply(frames: Uint8Array): void;
}

const CONFIRM = 0;
const REFUSE = 1;
const REPLY = 2;
const EMPTY_FRAMES = new Uint8Array(0);

/** An entry; made per turn, not per message. */
class Entry {
  kind: number;
  position: LogPosition;
  /** The last publish of a run. */
  tag: PublishSequence = 0;
  /** Of a reply; undefined while it is being made (basic.get of a message that must be read first). */
  frames: Uint8Array | undefined = EMPTY_FRAMES;
  /** Called as the reply leaves. */
  onLeave: (() => void) | undefined = undefined;

  constructor(kind: number, position: LogPosition) {
    this.kind = kind;
    this.position = position;
  }
}

/** A reply whose place is kept while it is being made. */
export interface PendingReply {
  complete(frames: Uint8Array, onLeave?: () => void): void;
}

export class ReplyGate implements GateKeeper, TurnEndWaiter {
  inGates = false;
  readonly #owner: GateOwner;
  readonly #gates: Gates;
  #entries: Entry[] = [];
  /** Publishes up to this one have been answered. */
  #confirmed: PublishSequence = 0;
  /** The run that messages of this turn join, or undefined. */
  #run: Entry | undefined = undefined;
  /** Some entry has no position of its own before the turn ends. */
  #awaitsEnd = false;
  #closed = false;

  constructor(owner: GateOwner, gates: Gates) {
    this.#owner = owner;
    this.#gates = gates;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Publishes not answered yet, given the newest one's number. */
  unconfirmedCount(newest: PublishSequence): number {
    return newest - this.#confirmed;
  }

  /**
   * Publish `tag` is taken care of once the log reaches `position`; 0 when nothing of it is logged: then it takes
   * the position of the one before, so that `multiple` is always a true prefix.
   */
  confirm(tag: PublishSequence, position: LogPosition): void {
    let run = this.#run;
    if (run === undefined) {
      run = new Entry(CONFIRM, position);
      this.#run = run;
      this.#entries.push(run);
      this.#gates.wait(this);
    } else if (position > run.position) {
      run.position = position;
    }
    run.tag = tag;
    if (position === END_OF_TURN) this.#awaitEnd();
  }

  /** Publish `tag` was refused: it ends the run. */
  refuse(tag: PublishSequence): void {
    const entry = new Entry(REFUSE, 0);
    entry.tag = tag;
    this.#push(entry);
  }

  /** Sends `frames` when everything before it has left and the log has reached `position`. */
  reply(
    frames: Uint8Array,
    position: LogPosition,
    durable: LogPosition,
    onLeave?: () => void,
  ): void {
    if (this.#entries.length === 0 && position <= durable) {
      this.#owner.onReply(frames);
      onLeave?.();
      return;
    }
    if (position === END_OF_TURN) this.#awaitEnd();
    const entry = new Entry(REPLY, position);
    entry.frames = frames;
    entry.onLeave = onLeave;
    this.#push(entry);
  }

  /** Keeps the place of a reply that is still being made. */
  hold(): PendingReply {
    const entry = new Entry(REPLY, 0);
    entry.frames = undefined;
    this.#push(entry);
    return {
      complete: (frames, onLeave) => {
        entry.frames = frames;
        entry.onLeave = onLeave;
        if (!this.#closed) this.#gates.wait(this);
      },
    };
  }

  /** The channel is gone: nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#entries = [];
    this.#run = undefined;
  }

  release(durable: LogPosition): boolean {
    // A new turn begins a new run, so that a run's position stops moving away.
    this.#run = undefined;
    const entries = this.#entries;
    let count = 0;
    while (count < entries.length) {
      const entry = entries[count] as Entry;
      if (entry.position > durable || entry.frames === undefined) break;
      if (this.#gates.holdsConfirms && entry.kind !== REPLY) break;
      count++;
      const next = entries[count];
      // Runs that leave together are one acknowledgement.
      const joined = entry.kind === CONFIRM && next?.kind === CONFIRM && next.position <= durable;
      if (!joined) this.#leave(entry);
      if (this.#closed) return false;
    }
    if (count === entries.length) {
      entries.length = 0;
      return false;
    }
    entries.splice(0, count);
    return (entries[0] as Entry).frames !== undefined;
  }

  #awaitEnd(): void {
    if (this.#awaitsEnd) return;
    this.#awaitsEnd = true;
    this.#gates.awaitTurnEnd(this);
  }

  onTurnEnd(position: LogPosition): void {
    this.#awaitsEnd = false;
    for (const entry of this.#entries) {
      if (entry.position === END_OF_TURN) entry.position = position;
    }
    // What comes now waits for the end of the next turn.
    this.#run = undefined;
  }

  #leave(entry: Entry): void {
    if (entry.kind === REPLY) {
      this.#owner.onReply(entry.frames as Uint8Array);
      entry.onLeave?.();
      return;
    }
    const multiple = entry.tag > this.#confirmed + 1;
    this.#confirmed = entry.tag;
    this.#owner.onConfirm(entry.tag, multiple, entry.kind === REFUSE);
  }

  #push(entry: Entry): void {
    this.#run = undefined;
    this.#entries.push(entry);
    this.#gates.wait(this);
  }
}
