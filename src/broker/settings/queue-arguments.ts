// The arguments and flags of a queue declare, checked by the settings table in RabbitMQ's words.

import { BrokerError } from "../errors.ts";
import type { FieldTable, FieldValue } from "../message/field-table.ts";
import { textOf } from "../message/field-table.ts";
import { fieldTypeName } from "../message/field-values.ts";
import { type QueueType, queueTypes } from "../queue/types.ts";
import { queueSettings, queueSettingsByArgument } from "./queue-settings.ts";

export const QUEUE_TYPE_ARGUMENT = "x-queue-type";

/** The type a declare asks for; `defaultType` when it asks for none. `resource` is for the error text. */
export function queueTypeOf(
  queueArguments: FieldTable,
  defaultType: string,
  resource: string,
): QueueType {
  const asked = queueArguments.get(QUEUE_TYPE_ARGUMENT);
  if (asked === undefined) return queueTypes[defaultType] as QueueType;
  if (asked.type !== "S") {
    throw invalid(QUEUE_TYPE_ARGUMENT, resource, `{unacceptable_type,${fieldTypeName(asked)}}`);
  }
  const name = textOf(asked) as string;
  const type = Object.hasOwn(queueTypes, name) ? queueTypes[name] : undefined;
  if (type === undefined) {
    throw invalid(QUEUE_TYPE_ARGUMENT, resource, `"unsupported queue type '${name}'"`);
  }
  return type;
}

/** Throws precondition-failed for the first argument the type does not take or whose value is wrong. */
export function checkQueueArguments(
  type: QueueType,
  queueArguments: FieldTable,
  resource: string,
): void {
  for (const setting of queueSettings) {
    if (setting.argument === undefined || !setting.queueTypes.includes(type.name)) continue;
    const value = queueArguments.get(setting.argument);
    const complaint = value === undefined ? undefined : setting.check(value, queueArguments);
    if (complaint !== undefined) throw invalid(setting.argument, resource, complaint);
  }
  for (const [name, value] of queueArguments) {
    const setting = queueSettingsByArgument.get(name);
    if (setting === undefined || setting.queueTypes.includes(type.name)) continue;
    if (isHarmless(name, value)) continue;
    throw new BrokerError(
      "precondition-failed",
      `invalid arg '${name}' for ${resource} of queue type ${type.moduleName}`,
    );
  }
}

/** Spring sends this with classic queues, and RabbitMQ 4 takes it: with one node it changes nothing. */
function isHarmless(name: string, value: FieldValue): boolean {
  return name === "x-queue-leader-locator" && textOf(value) === "client-local";
}

/** Flags a type cannot have: precondition-failed "invalid property 'non-durable' for queue ...". */
export function checkQueueFlags(
  type: QueueType,
  flags: { readonly durable: boolean; readonly exclusive: boolean; readonly autoDelete: boolean },
  resource: string,
): void {
  const { traits } = type;
  const property =
    !flags.durable && !traits.mayBeTransient
      ? "non-durable"
      : flags.exclusive && !traits.mayBeExclusive
        ? "exclusive-owner"
        : flags.autoDelete && !traits.mayBeAutoDelete
          ? "auto-delete"
          : undefined;
  if (property === undefined) return;
  throw new BrokerError("precondition-failed", `invalid property '${property}' for ${resource}`);
}

/** The arguments that a redeclare must repeat: those the type takes, and the type. */
export function comparedArguments(type: QueueType): string[] {
  const names = queueSettings.flatMap((setting) =>
    setting.argument !== undefined && setting.queueTypes.includes(type.name)
      ? [setting.argument]
      : [],
  );
  return names;
}

function invalid(argument: string, resource: string, complaint: string): BrokerError {
  return new BrokerError(
    "precondition-failed",
    `invalid arg '${argument}' for ${resource}: ${complaint}`,
  );
}
