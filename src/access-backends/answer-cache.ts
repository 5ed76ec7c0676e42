// Answers another machine gave: kept for a while, so that one question is not asked for every message, and waited for
// by everybody who asks the same meanwhile.

import type { PendingVerdict, Verdict } from "../broker/access/user.ts";
import type { Clock } from "../env/env.ts";
import { Lru } from "../lib/lru.ts";

/** At least this long, so that whoever waited for an answer can use it. */
const KEPT_MS_MIN = 1000;
const KEPT_MAX = 10_000;

interface Kept {
  readonly answer: boolean;
  readonly untilMs: number;
}

class Question implements PendingVerdict {
  #waiting: (() => void)[] | undefined = [];

  whenKnown(onKnown: () => void): void {
    if (this.#waiting === undefined) queueMicrotask(onKnown);
    else this.#waiting.push(onKnown);
  }

  answered(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const onKnown of waiting) onKnown();
  }
}

export class AnswerCache {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #kept = new Lru<string, Kept>(KEPT_MAX);
  readonly #asked = new Map<string, Question>();

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = Math.max(KEPT_MS_MIN, keptMs);
  }

  /** The answer if it is fresh; otherwise asks (unless that is under way) and answers later. A failure is a no. */
  ask(key: string, question: () => Promise<boolean>): Verdict {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > this.#clock.monotonicMs()) return kept.answer;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const pending = new Question();
    this.#asked.set(key, pending);
    const onAnswer = (answer: boolean) => {
      this.#asked.delete(key);
      this.#kept.set(key, { answer, untilMs: this.#clock.monotonicMs() + this.#keptMs });
      pending.answered();
    };
    question().then(onAnswer, () => onAnswer(false));
    return pending;
  }
}
