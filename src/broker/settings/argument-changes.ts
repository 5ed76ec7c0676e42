// Arguments of a queue that is there already: which may change while it runs, and what a change comes to.

import { BrokerError } from "../errors.ts";
import type { FieldTable, FieldValue } from "../message/field-table.ts";
import { comparableText } from "../message/field-values.ts";
import { resourceText } from "../names.ts";
import type { Queue } from "../queue/queue.ts";
import { checkQueueArguments, QUEUE_TYPE_ARGUMENT } from "./queue-arguments.ts";
import { queueSettingsByArgument } from "./queue-settings.ts";

/** One argument that is different now; undefined = not there. */
export interface ArgumentChange {
  readonly argument: string;
  readonly before: FieldValue | undefined;
  readonly after: FieldValue | undefined;
}

export interface ArgumentChanges {
  /** All arguments after the change. */
  readonly arguments: FieldTable;
  readonly changes: readonly ArgumentChange[];
}

/**
 * What `wanted` makes of the arguments of `queue`; undefined takes one away. Throws precondition-failed for what a
 * declare would refuse, and for what cannot change while the queue lives.
 */
export function changeOfArguments(
  queue: Queue,
  wanted: ReadonlyMap<string, FieldValue | undefined>,
): ArgumentChanges {
  const { type, name, vhost } = queue.definition;
  const resource = resourceText("queue", name, vhost);
  if (queue.state === "converting") {
    throw new BrokerError("precondition-failed", `${resource} is being converted`);
  }
  const after = new Map(queue.definition.arguments);
  const changes: ArgumentChange[] = [];
  for (const [argument, value] of wanted) {
    const before = after.get(argument);
    if (before === undefined && value === undefined) continue;
    const isSame = before !== undefined && value !== undefined;
    if (isSame && comparableText(before) === comparableText(value)) continue;
    if (isFixed(argument)) {
      throw new BrokerError(
        "precondition-failed",
        `invalid arg '${argument}' for ${resource}: it cannot change while the queue lives`,
      );
    }
    if (value === undefined) after.delete(argument);
    else after.set(argument, value);
    changes.push({ argument, before, after: value });
  }
  checkQueueArguments(type, after, resource);
  return { arguments: after, changes };
}

function isFixed(argument: string): boolean {
  return (
    argument === QUEUE_TYPE_ARGUMENT || queueSettingsByArgument.get(argument)?.isFixed === true
  );
}
