// An exchange as a test looks at it: what was published there, wherever it went.

import { durationMs } from "./duration.ts";
import { eventually } from "./eventually.ts";
import {
  describeMessage,
  type MessageExpectation,
  meets,
  showValue,
  type TestMessage,
} from "./message.ts";
import type { TestParts, Within } from "./test-queue.ts";

const WITHIN_DEFAULT = 1_000;
const SHOWN_MAX = 10;

export class TestExchange {
  readonly name: string;
  readonly vhost: string;
  readonly #parts: TestParts;

  constructor(parts: TestParts, name: string, vhost: string) {
    this.#parts = parts;
    this.name = name;
    this.vhost = vhost;
  }

  /** What was published here since the broker started (or `broker.forget()`), the oldest first. */
  published(): readonly TestMessage[] {
    return this.#parts.history.find(
      ({ kind, vhost, message }) =>
        kind === "published" && vhost === this.vhost && message.exchange === this.name,
    );
  }

  /** Resolves with the first such message; rejects with an AssertionError that says what there was instead. */
  expectPublished(
    expected: MessageExpectation = {},
    { within }: Within = {},
  ): Promise<TestMessage> {
    return eventually(
      () => this.published().find((message) => meets(message, expected)),
      { clock: this.#parts.clock, withinMs: durationMs(within ?? WITHIN_DEFAULT) },
      () => {
        const shown = this.published()
          .slice(-SHOWN_MAX)
          .map((message) => `\n  ${describeMessage(message)}`);
        const what = `no message ${showValue(expected)} was published to exchange '${this.name}'`;
        return shown.length === 0
          ? `${what}; none ever was`
          : `${what}; the last that were:${shown.join("")}`;
      },
    );
  }
}
