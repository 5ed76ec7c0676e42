// What policies say about a queue, and where each of its settings comes from.

import type { Queue } from "../../broker/queue/queue.ts";
import type { Policies } from "../../broker/settings/policies.ts";
import { queueSettings, queueSettingsByPolicyKey } from "../../broker/settings/queue-settings.ts";
import type { MergeRule } from "../../broker/settings/setting.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";

/** Policy and operator policy merged, as policy keys. */
export function policyDefinition(policies: Policies, queue: Queue): ApiObject {
  const { policy, operatorPolicy } = queue.settings;
  const { vhost } = queue.definition;
  const merged: Record<string, ApiJson> = {
    ...(policy === undefined ? {} : policies.get("policy", vhost, policy)?.definition),
  };
  if (operatorPolicy === undefined) return merged;
  const operator = policies.get("operator_policy", vhost, operatorPolicy)?.definition ?? {};
  for (const [key, value] of Object.entries(operator)) {
    const rule = queueSettingsByPolicyKey.get(key)?.operatorMerge;
    merged[key] = combine(rule, merged[key], value);
  }
  return merged;
}

function combine(
  rule: MergeRule | "operator" | undefined,
  policy: ApiJson,
  operator: ApiJson,
): ApiJson {
  if (typeof policy !== "number" || typeof operator !== "number") return operator;
  if (rule === "smaller") return Math.min(policy, operator);
  return rule === "larger" ? Math.max(policy, operator) : operator;
}

/** Every setting the queue's type has: value, origin, and the argument and policy key it may come from. */
export function settingsView(queue: Queue): readonly ApiObject[] {
  const { definition, settings } = queue;
  return queueSettings
    .filter(
      ({ field, queueTypes }) => field !== undefined && queueTypes.includes(definition.type.name),
    )
    .map((setting) => {
      const origin = settings.origins.get(setting.field!) ?? "default";
      return {
        key: setting.policyKey ?? setting.argument,
        argument: setting.argument,
        policy_key: setting.policyKey,
        value: settings.values[setting.field!] ?? null,
        origin,
        from: nameOfOrigin(queue, origin),
        description: setting.doc,
      };
    });
}

function nameOfOrigin({ settings }: Queue, origin: string): string | null {
  if (origin === "policy") return settings.policy ?? null;
  return origin === "operator-policy" ? (settings.operatorPolicy ?? null) : null;
}
