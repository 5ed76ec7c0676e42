// hot path: runs per message
// Which level of a queue a message belongs to.

import type { Publication } from "../message/publication.ts";
import type { QueueSettings } from "../settings/queue-settings.ts";
import type { QueueTraits } from "./types.ts";

/** Levels of types with strict priorities, and the level of a message without priority there. */
const STRICT_LEVELS = 32;
const STRICT_DEFAULT_LEVEL = 4;

export class PriorityLevels {
  readonly count: number;
  readonly #highest: number;
  readonly #default: number;

  constructor(traits: QueueTraits, settings: QueueSettings) {
    const isStrict = traits.priorities === "strict";
    this.count = isStrict ? STRICT_LEVELS : (settings.maxPriority ?? 0) + 1;
    this.#highest = this.count - 1;
    this.#default = isStrict ? STRICT_DEFAULT_LEVEL : 0;
  }

  levelOf(publication: Publication): number {
    if (this.#highest === 0) return 0;
    if (!publication.hasPriority) return this.#default;
    return Math.min(publication.priority, this.#highest);
  }
}
