// The settings of exchanges: one table of arguments and policy keys, as for queues.

import { duplicateSettings } from "./duplicate-settings.ts";
import type { ExchangeSettings } from "./effective.ts";
import { checkBoolean, checkText, readBoolean, readText, type Setting } from "./setting.ts";

export const exchangeSettings: readonly Setting<keyof ExchangeSettings>[] = [
  {
    argument: "alternate-exchange",
    policyKey: "alternate-exchange",
    operatorKey: false,
    field: "alternateExchange",
    check: checkText,
    read: readText,
    merge: "first",
    operatorMerge: "operator",
    what: "alternate exchange name",
    doc: "Gets the messages this exchange has no queue for.",
  },
  {
    argument: "x-delayed-exchange",
    policyKey: "delayed-message",
    operatorKey: false,
    field: "delaysMessages",
    check: checkBoolean,
    read: readBoolean,
    merge: "first",
    operatorMerge: "operator",
    what: "delayed message flag",
    doc: "Messages with `x-delay` or `x-deliver-at` wait before they are routed, whatever the exchange's type.",
  },
  ...duplicateSettings.map((setting) => ({
    ...setting,
    operatorKey: false,
    merge: "first" as const,
    operatorMerge: "operator" as const,
  })),
];

export const exchangeSettingsByPolicyKey: ReadonlyMap<
  string,
  Setting<keyof ExchangeSettings>
> = new Map(exchangeSettings.map((setting) => [setting.policyKey as string, setting]));
