// What a queue or exchange is told: effective values, and for people where each came from.

import type { QueueSettings } from "./queue-settings.ts";

export type SettingOrigin = "argument" | "policy" | "operator-policy" | "default" | "limit";

export interface EffectiveSettings {
  readonly values: QueueSettings;
  /** For each set key: where its value came from. */
  readonly origins: ReadonlyMap<keyof QueueSettings, SettingOrigin>;
  readonly policy: string | undefined;
  readonly operatorPolicy: string | undefined;
}
