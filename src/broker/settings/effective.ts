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

/** The effective settings of an exchange. Undefined = not set. */
export interface ExchangeSettings {
  readonly alternateExchange: string | undefined;
}

export interface EffectiveExchangeSettings {
  readonly values: ExchangeSettings;
  readonly origins: ReadonlyMap<keyof ExchangeSettings, SettingOrigin>;
  readonly policy: string | undefined;
  readonly operatorPolicy: string | undefined;
}

export const NO_EXCHANGE_SETTINGS: EffectiveExchangeSettings = {
  values: { alternateExchange: undefined },
  origins: new Map(),
  policy: undefined,
  operatorPolicy: undefined,
};
