// What happens to a message that comes back: does it count, how often may it, and how long does it wait before it goes
// out again. From the settings of its queue; which type that is only traits say.

import { scramble } from "../exchange/text-hash.ts";
import type { Sequence } from "../numbers.ts";
import type { DelayedRetryType, QueueSettings } from "../settings/queue-settings.ts";
import type { QueueTraits } from "./types.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;
/** Longest wait unless the settings say otherwise. */
const RETRY_MS_MAX = 3_600_000;
const RETRY_MULTIPLIER = 2;
/** Share of a wait, in percent, that chance decides. */
const RETRY_JITTER_PERCENT = 20;

/** Which returns wait: those that count as failures, those that do not. */
const delayedReturns: Readonly<Record<DelayedRetryType, { failed: boolean; returned: boolean }>> = {
  disabled: { failed: false, returned: false },
  all: { failed: true, returned: true },
  failed: { failed: true, returned: false },
  returned: { failed: false, returned: true },
};

export class ReturnRules {
  readonly #settings: QueueSettings;
  /** Rejects and lost consumers count. */
  readonly #countsFailures: boolean;
  /** A retry policy: a plain nack counts too, and waits grow from one to the next. */
  readonly #isRetrying: boolean;
  readonly #countMax: number;

  constructor(traits: QueueTraits, settings: QueueSettings) {
    const { deliveryLimit, retryInitialMs, retryAttemptsMax } = settings;
    this.#settings = settings;
    this.#isRetrying = retryInitialMs !== undefined || retryAttemptsMax !== undefined;
    this.#countsFailures = traits.countsDeliveries || deliveryLimit !== undefined;
    this.#countMax = Math.min(deliveryLimit ?? NO_LIMIT, (retryAttemptsMax ?? NO_LIMIT) - 1);
  }

  /** Some returns are counted. */
  get counts(): boolean {
    return this.#isRetrying || this.#countsFailures;
  }

  /** Deliveries in vain once this return is counted. `isFailure`: rejected, or its consumer is lost. */
  countAfter(deliveryCount: number, isFailure: boolean): number {
    const counts = this.#isRetrying || (isFailure && this.#countsFailures);
    return counts ? deliveryCount + 1 : deliveryCount;
  }

  /** So many deliveries in vain are too many. */
  isOver(deliveryCount: number): boolean {
    return deliveryCount > this.#countMax;
  }

  /** How long the message waits now, in ms; 0 = not at all. */
  waitMs(deliveryCount: number, isFailure: boolean, sequence: Sequence): number {
    if (this.#settings.retryInitialMs !== undefined) return this.#backOff(deliveryCount, sequence);
    const { delayedRetryType, delayedRetryMinMs, delayedRetryMaxMs } = this.#settings;
    const delayed = delayedReturns[delayedRetryType];
    if (!(isFailure ? delayed.failed : delayed.returned)) return 0;
    // As RabbitMQ 4.3 has it: the wait grows by the same each time.
    const waitMs = (delayedRetryMinMs ?? 0) * Math.max(1, deliveryCount);
    return Math.min(waitMs, delayedRetryMaxMs ?? NO_LIMIT);
  }

  #backOff(deliveryCount: number, sequence: Sequence): number {
    const { retryInitialMs, retryMaxMs, retryMultiplier, retryJitterPercent } = this.#settings;
    const grown =
      (retryInitialMs as number) * (retryMultiplier ?? RETRY_MULTIPLIER) ** (deliveryCount - 1);
    const waitMs = Math.min(grown, retryMaxMs ?? RETRY_MS_MAX);
    const share = (retryJitterPercent ?? RETRY_JITTER_PERCENT) / 100;
    // Chance that is the same whenever it is asked: messages that failed together come back apart.
    const chance =
      scramble(Math.imul(sequence % 0x1_0000_0000, 0x9e3779b1) + deliveryCount) / 0x1_0000_0000;
    return waitMs * (1 - share * chance);
  }
}
