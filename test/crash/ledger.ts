// What clients know about the messages of one place, and what must hold about it after a crash.

import type { Place } from "./shapes.ts";

/** How sure it is that a step has reached the disk. */
export const Sure = { no: 0, maybe: 1, yes: 2 } as const;
type Sure = (typeof Sure)[keyof typeof Sure];

interface Message {
  readonly id: number;
  readonly producer: number;
  readonly priority: number;
  /** The broker has confirmed it, or a restart has brought it back. */
  confirmed: boolean;
  /** Acknowledged by a consumer. */
  settled: Sure;
  /** Rejected into the second queue. */
  moved: Sure;
  /** It was delivered to a client that lived long enough for the broker to remember. */
  delivered: Sure;
}

type Step = "delivered" | "settled" | "moved";

/** Something a consumer has said or seen. */
export interface News {
  readonly message: Message;
  readonly step: Step;
}

/** A message as it was found after a restart. */
export interface FoundMessage {
  readonly id: number;
  readonly redelivered: boolean;
}

export class Ledger {
  readonly place: Place;
  readonly #messages = new Map<number, Message>();
  /** What was acknowledged, rejected or delivered since the last marker. */
  #news: News[] = [];
  /** Of messages that are gone for good, for a while: an old one that returns has a name. */
  readonly #gone = new Set<number>();
  lost = 0;

  constructor(place: Place) {
    this.place = place;
  }

  /** Messages that may be waiting. */
  get size(): number {
    return this.#messages.size;
  }

  sent(id: number, producer: number, priority: number): void {
    this.#messages.set(id, {
      ...{ id, producer, priority, confirmed: false },
      ...{ settled: Sure.no, moved: Sure.no, delivered: Sure.no },
    });
  }

  confirmed(id: number): void {
    const message = this.#messages.get(id);
    // It may have been consumed, and be gone, before its confirm came.
    if (message !== undefined) message.confirmed = true;
  }

  /** The broker refused it: it must not appear. */
  refused(id: number): void {
    this.#messages.delete(id);
    this.#gone.add(id);
  }

  delivered(id: number): void {
    this.#note(id, "delivered");
  }
  settled(id: number): void {
    this.#note(id, "settled");
  }
  moved(id: number): void {
    this.#note(id, "moved");
  }

  /** Everything noted so far; hand it back to `certain` when it must be on disk. */
  takeNews(): readonly News[] {
    return this.#news.splice(0);
  }

  certain(news: readonly News[]): void {
    for (const { message, step } of news) {
      message[step] = Sure.yes;
      if (step === "settled") this.#forget(message.id);
    }
  }

  /** Compares with what was found in each queue of the place, and takes it for the truth. Answers what is wrong. */
  compare(found: readonly (readonly FoundMessage[])[]): string[] {
    const faults: string[] = [];
    const seen = new Set<number>();
    for (const [queue, messages] of found.entries()) {
      const name = this.place.queues[queue];
      for (const { id, redelivered } of messages) {
        const fault = this.#faultOf(id, queue, redelivered, seen.has(id));
        if (fault !== undefined) faults.push(`${name}: ${fault}`);
        seen.add(id);
      }
      if (this.place.ordered[queue] === true) {
        faults.push(...this.#disorder(messages).map((fault) => `${name}: ${fault}`));
      }
    }
    for (const [id, message] of this.#messages) {
      if (seen.has(id)) continue;
      if (message.confirmed && message.settled === Sure.no) {
        this.lost++;
        faults.push(`${this.place.queues.join("+")}: message ${id} was confirmed and is lost`);
      }
      this.#forget(id);
    }
    this.#adopt(found);
    return faults;
  }

  #faultOf(id: number, queue: number, redelivered: boolean, isDouble: boolean): string | undefined {
    const message = this.#messages.get(id);
    if (message === undefined) {
      const past = this.#gone.has(id) ? "was settled, refused or never confirmed" : "is unknown";
      return `message ${id} is there, which ${past}`;
    }
    if (isDouble) return `message ${id} is there twice`;
    if (message.moved === Sure.yes && queue === 0) {
      return `message ${id} was rejected and is back in its queue`;
    }
    const shouldBeMarked = message.delivered === Sure.yes && queue === 0;
    if (shouldBeMarked && !redelivered && this.place.isStream !== true) {
      return `message ${id} was delivered before and is not marked as redelivered`;
    }
    return undefined;
  }

  /** First come, first in line: per publisher and priority. */
  #disorder(messages: readonly FoundMessage[]): string[] {
    const last = new Map<string, number>();
    const faults: string[] = [];
    for (const { id } of messages) {
      const message = this.#messages.get(id);
      if (message === undefined) continue;
      const line = `${message.producer} ${message.priority}`;
      const before = last.get(line) ?? -1;
      if (id < before) faults.push(`message ${id} comes behind ${before}`);
      last.set(line, id);
    }
    return faults;
  }

  /** What is there now has survived once and must go on to do so. */
  #adopt(found: readonly (readonly FoundMessage[])[]): void {
    this.#news = [];
    for (const [queue, messages] of found.entries()) {
      for (const { id } of messages) {
        const message = this.#messages.get(id);
        if (message === undefined) continue;
        message.confirmed = true;
        message.settled = Sure.no;
        message.moved = queue > 0 ? Sure.yes : Sure.no;
        message.delivered = Sure.no;
      }
    }
  }

  #note(id: number, step: Step): void {
    const message = this.#messages.get(id);
    if (message === undefined) return;
    message[step] = Sure.maybe;
    this.#news.push({ message, step });
  }

  #forget(id: number): void {
    this.#messages.delete(id);
    this.#gone.add(id);
  }
}
