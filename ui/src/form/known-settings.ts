// The known settings as buttons of a form: arguments of a queue type, or keys of a policy.

import { exchangeSettings, type QueueType, queueSettings } from "../texts/settings.ts";
import type { ArgumentShortcut } from "./arguments.ts";

/** Arguments that can be given when a queue of this type is declared. */
export function queueArgumentShortcuts(type: QueueType): ArgumentShortcut[] {
  return queueSettings
    .filter((setting) => setting.queueTypes.includes(type) && setting.places.includes("argument"))
    .map((setting) => ({ ...setting, key: `x-${setting.key}` }));
}

/** Keys of a policy for what it applies to; of an operator policy, which knows fewer. */
export function policyShortcuts(applyTo: string, operator: boolean): ArgumentShortcut[] {
  const place = operator ? "operator" : "policy";
  const type = /^(classic|quorum|stream)/.exec(applyTo)?.[1];
  const forQueues = queueSettings.filter(
    (setting) =>
      setting.places.includes(place) &&
      (type === undefined || setting.queueTypes.includes(type as QueueType)),
  );
  const forExchanges = operator ? [] : Object.values(exchangeSettings);
  if (applyTo === "exchanges") return forExchanges;
  return applyTo === "all" ? [...forQueues, ...forExchanges] : forQueues;
}
