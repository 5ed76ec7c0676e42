// What a queue or exchange is told: effective values, and for people where each came from.

import { type DuplicateSettings, NO_DUPLICATE_SETTINGS } from "../duplicates/rules.ts";
import type { FieldTable, FieldValue } from "../message/field-table.ts";
import type { QueueType } from "../queue/types.ts";
import { exchangeSettings } from "./exchange-settings.ts";
import { DEFAULT_QUEUE_SETTINGS, type QueueSettings, queueSettings } from "./queue-settings.ts";
import type { MergeRule, Setting } from "./setting.ts";

export type SettingOrigin = "argument" | "policy" | "operator-policy" | "default" | "limit";

export interface EffectiveSettings {
  readonly values: QueueSettings;
  /** For each set key: where its value came from. */
  readonly origins: ReadonlyMap<keyof QueueSettings, SettingOrigin>;
  readonly policy: string | undefined;
  readonly operatorPolicy: string | undefined;
}

/** The effective settings of an exchange. Undefined = not set. */
export interface ExchangeSettings extends DuplicateSettings {
  readonly alternateExchange: string | undefined;
  /** Messages that ask for it wait before they are routed. */
  readonly delaysMessages: boolean;
}

export interface EffectiveExchangeSettings {
  readonly values: ExchangeSettings;
  readonly origins: ReadonlyMap<keyof ExchangeSettings, SettingOrigin>;
  readonly policy: string | undefined;
  readonly operatorPolicy: string | undefined;
}

export const NO_EXCHANGE_SETTINGS: EffectiveExchangeSettings = {
  values: { alternateExchange: undefined, delaysMessages: false, ...NO_DUPLICATE_SETTINGS },
  origins: new Map(),
  policy: undefined,
  operatorPolicy: undefined,
};

/** The policies that apply to one object; their definitions as field values by policy key. */
export interface AppliedPolicies {
  readonly policy: AppliedPolicy | undefined;
  readonly operatorPolicy: AppliedPolicy | undefined;
}

export interface AppliedPolicy {
  readonly name: string;
  readonly definition: FieldTable;
}

export const NO_POLICIES: AppliedPolicies = { policy: undefined, operatorPolicy: undefined };

interface Found {
  readonly value: unknown;
  readonly origin: SettingOrigin;
}

/** What most queues have: one object for all of them. */
const NOTHING_SET: EffectiveSettings = {
  values: DEFAULT_QUEUE_SETTINGS,
  origins: new Map(),
  policy: undefined,
  operatorPolicy: undefined,
};

/** Arguments, policy and operator policy of a queue merged by the rules of the table. */
export function effectiveQueueSettings(
  type: QueueType,
  queueArguments: FieldTable,
  policies: AppliedPolicies,
): EffectiveSettings {
  const values: Record<string, unknown> = { ...DEFAULT_QUEUE_SETTINGS };
  const origins = new Map<keyof QueueSettings, SettingOrigin>();
  const { defaultDeliveryLimit } = type.traits;
  if (defaultDeliveryLimit !== undefined) {
    values.deliveryLimit = defaultDeliveryLimit;
    origins.set("deliveryLimit", "default");
  }
  for (const setting of queueSettings) {
    if (setting.field === undefined || !setting.queueTypes.includes(type.name)) continue;
    const found = resolve(setting, queueArguments, policies);
    if (found === undefined) continue;
    values[setting.field] = found.value === Number.POSITIVE_INFINITY ? undefined : found.value;
    origins.set(setting.field, found.origin);
  }
  const names = namesOf(policies);
  const isNothingSet =
    origins.size === 0 && names.policy === undefined && names.operatorPolicy === undefined;
  if (isNothingSet) return NOTHING_SET;
  return { values: values as unknown as QueueSettings, origins, ...names };
}

export function effectiveExchangeSettings(
  exchangeArguments: FieldTable,
  policies: AppliedPolicies,
): EffectiveExchangeSettings {
  const values: Record<string, unknown> = { ...NO_EXCHANGE_SETTINGS.values };
  const origins = new Map<keyof ExchangeSettings, SettingOrigin>();
  for (const setting of exchangeSettings) {
    const found = resolve(setting, exchangeArguments, policies);
    if (found === undefined || setting.field === undefined) continue;
    values[setting.field] = found.value;
    origins.set(setting.field, found.origin);
  }
  return { values: values as unknown as ExchangeSettings, origins, ...namesOf(policies) };
}

function namesOf(policies: AppliedPolicies) {
  return {
    policy: policies.policy?.name,
    operatorPolicy: policies.operatorPolicy?.name,
  };
}

function resolve(
  setting: Setting<string>,
  objectArguments: FieldTable,
  policies: AppliedPolicies,
): Found | undefined {
  const argument = read(setting, objectArguments, setting.argument, "argument");
  const policy = read(setting, policies.policy?.definition, setting.policyKey, "policy");
  const operatorKey = setting.operatorKey ? setting.policyKey : undefined;
  const operator = read(
    setting,
    policies.operatorPolicy?.definition,
    operatorKey,
    "operator-policy",
  );
  const fromPolicies =
    setting.operatorMerge === "operator"
      ? (operator ?? policy)
      : merge(setting.operatorMerge, policy, operator);
  return merge(setting.merge, argument, fromPolicies);
}

function read(
  setting: Setting<string>,
  from: FieldTable | undefined,
  key: string | undefined,
  origin: SettingOrigin,
): Found | undefined {
  if (key === undefined) return undefined;
  const value: FieldValue | undefined = from?.get(key);
  return value === undefined ? undefined : { value: setting.read(value), origin };
}

function merge(
  rule: MergeRule,
  first: Found | undefined,
  second: Found | undefined,
): Found | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  if (rule === "first") return first;
  const firstIsSmaller = (first.value as number) <= (second.value as number);
  return (rule === "smaller") === firstIsSmaller ? first : second;
}
