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
  /** It may not come before this. */
  notBeforeMs: number;
  /** `notBeforeMs` is not certain to be on disk. */
  isWaitNews: boolean;
  /** Deliveries in vain: so many are on disk, and so many there may have been. */
  failuresMin: number;
  failuresMax: number;
}

type Step = "delivered" | "settled" | "moved" | "failed";

/** Something a consumer has said or seen. */
export interface News {
  readonly message: Message;
  readonly step: Step;
}

/** A message as it was found after a restart. */
export interface FoundMessage {
  readonly id: number;
  readonly redelivered: boolean;
  /** When it was seen. */
  readonly atMs: number;
  /** It is not in the queue: it waits to get there. */
  readonly isWaiting?: boolean;
}

/** What is due is delivered within this, however busy everybody is. */
const LATENESS_MS_MAX = 20_000;

export class Ledger {
  readonly place: Place;
  readonly #messages = new Map<number, Message>();
  /** What was acknowledged, rejected or delivered since the last marker. */
  #news: News[] = [];
  /** Of messages that are gone for good, for a while: an old one that returns has a name. */
  readonly #gone = new Set<number>();
  readonly #neverThere: number[] = [];
  lost = 0;

  constructor(place: Place) {
    this.place = place;
  }

  /** Messages that may be waiting. */
  get size(): number {
    return this.#messages.size;
  }

  sent(id: number, producer: number, priority: number, notBeforeMs = 0): void {
    this.#messages.set(id, {
      ...{ id, producer, priority, confirmed: false },
      ...{ settled: Sure.no, moved: Sure.no, delivered: Sure.no },
      ...{ notBeforeMs, isWaitNews: false, failuresMin: 0, failuresMax: 0 },
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

  /** A consumer has it, after so many deliveries in vain as it says. Answers what is wrong with that. */
  delivered(id: number, deliveryCount: number, atMs: number): string | undefined {
    const message = this.#messages.get(id);
    const fault =
      message === undefined
        ? this.#faultOfUnknown(id)
        : (tooEarly(message, atMs) ?? this.#miscounted(message, deliveryCount));
    if (message !== undefined) message.failuresMax++;
    this.#note(id, "delivered");
    return fault;
  }
  settled(id: number): void {
    this.#note(id, "settled");
  }
  moved(id: number): void {
    this.#note(id, "moved");
  }

  /** It was returned for another attempt, and waits until then. */
  failed(id: number, notBeforeMs: number): void {
    const message = this.#messages.get(id);
    if (message === undefined) return;
    message.notBeforeMs = notBeforeMs;
    message.isWaitNews = true;
    this.#news.push({ message, step: "failed" });
  }

  /** Everything noted so far; hand it back to `certain` when it must be on disk. */
  takeNews(): readonly News[] {
    return this.#news.splice(0);
  }

  certain(news: readonly News[]): void {
    for (const { message, step } of news) {
      if (step === "failed") {
        message.failuresMin++;
        message.isWaitNews = false;
      } else {
        message[step] = Sure.yes;
      }
      if (step === "settled") this.#forget(message.id);
    }
  }

  /** Compares with what was found in each queue of the place, and takes it for the truth. Answers what is wrong. */
  compare(found: readonly (readonly FoundMessage[])[]): string[] {
    const faults: string[] = [];
    const seen = new Set<number>();
    for (const [queue, messages] of found.entries()) {
      const name = this.place.queues[queue];
      for (const one of messages) {
        const fault = this.#faultOf(one, queue, seen.has(one.id));
        if (fault !== undefined) faults.push(`${name}: ${fault}`);
        seen.add(one.id);
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
      if (!message.confirmed && message.delivered === Sure.no) this.#neverThere.push(id);
      this.#forget(id);
    }
    this.#adopt(found);
    return faults;
  }

  /** Should have been delivered by then. */
  isLate(id: number, atMs: number): boolean {
    const message = this.#messages.get(id);
    return message !== undefined && atMs - message.notBeforeMs > LATENESS_MS_MAX;
  }

  /** The queue was deleted with everything in it. */
  deleted(): void {
    for (const id of [...this.#messages.keys()]) this.#forget(id);
  }

  #faultOf(found: FoundMessage, queue: number, isDouble: boolean): string | undefined {
    const { id, redelivered, atMs, isWaiting = false } = found;
    const message = this.#messages.get(id);
    if (message === undefined) return this.#faultOfUnknown(id);
    if (isDouble) return `message ${id} is there twice`;
    if (message.moved === Sure.yes && queue === 0) {
      return `message ${id} was rejected and is back in its queue`;
    }
    const shouldBeMarked = message.delivered === Sure.yes && queue === 0;
    if (shouldBeMarked && !redelivered && this.place.isStream !== true) {
      return `message ${id} was delivered before and is not marked as redelivered`;
    }
    if (isWaiting) {
      if (this.isLate(id, atMs)) {
        return `message ${id} is due since ${atMs - message.notBeforeMs} ms and waits`;
      }
    } else if (this.place.retries === undefined) {
      return tooEarly(message, atMs);
    }
    return this.#faultOfAttempts(message, queue);
  }

  #faultOfAttempts({ id, failuresMin, failuresMax }: Message, queue: number): string | undefined {
    const { attempts = Number.POSITIVE_INFINITY } = this.place.retries ?? {};
    if (this.place.retries !== undefined && queue === 1 && failuresMax < attempts) {
      return `message ${id} is dead after at most ${failuresMax} attempts`;
    }
    return queue === 0 && failuresMin >= attempts
      ? `message ${id} is in its queue after ${failuresMin} attempts`
      : undefined;
  }

  #miscounted({ id, failuresMin, failuresMax }: Message, count: number): string | undefined {
    if (this.place.retries === undefined) return undefined;
    if (count >= failuresMin && count <= failuresMax) return undefined;
    return `message ${id} says ${count} deliveries in vain, of ${failuresMin} to ${failuresMax}`;
  }

  #faultOfUnknown(id: number): string {
    const past = this.#gone.has(id) ? "was settled, refused or never confirmed" : "is unknown";
    return `message ${id} is there, which ${past}`;
  }

  /** Ids of messages that were sent and, as a restart has shown, never arrived; each is answered once. */
  takeNeverThere(): number | undefined {
    return this.#neverThere.pop();
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
        if (message.isWaitNews) message.notBeforeMs = 0;
        message.isWaitNews = false;
        message.confirmed = true;
        message.settled = Sure.no;
        message.moved = queue > 0 ? Sure.yes : Sure.no;
        message.delivered = Sure.no;
        // What was out when the power went was a delivery in vain, whether its consumer had got it or not.
        message.failuresMax++;
      }
    }
  }

  #note(id: number, step: Exclude<Step, "failed">): void {
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

function tooEarly({ id, notBeforeMs }: Message, atMs: number): string | undefined {
  if (atMs >= notBeforeMs) return undefined;
  return `message ${id} came ${notBeforeMs - atMs} ms before its time`;
}
