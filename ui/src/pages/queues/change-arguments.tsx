// Changes a queue's arguments while it runs, and tells what changed.

import { useState } from "react";
import type { ArgumentChanges } from "../../api/beyond.ts";
import { writeJson } from "../../api/json.ts";
import { useAction } from "../../api/query.ts";
import type { Arguments, Queue } from "../../api/types.ts";
import { type ArgumentRow, fromArguments, toArguments } from "../../form/arguments.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { queueArgumentShortcuts } from "../../form/known-settings.ts";
import { value as valueText } from "../../parts/format.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { changes as texts } from "../../texts/changes.ts";
import type { QueueType } from "../../texts/settings.ts";
import { words } from "../../texts/words.ts";
import { queueApi } from "./queue-api.ts";
import { queueType } from "./queue-columns.tsx";

/** What a queue is built by changes by conversion alone. */
const FIXED: ReadonlySet<string> = new Set([
  "x-queue-type",
  "x-max-priority",
  "x-single-active-consumer",
]);

export type Change = ArgumentChanges["changed"][number];

/** The button that opens the form, and what the last change did. */
export function useChangeArguments(queue: Queue) {
  const [changed, setChanged] = useState<readonly Change[] | undefined>(undefined);
  const change = useAction(
    async (values: FormValues) => {
      const rows = toArguments(values.arguments as readonly ArgumentRow[]);
      const answer = await queueApi.changeArguments(queue, differences(queue.arguments, rows));
      setChanged(answer.changed);
    },
    { done: () => notifyDone(texts.done), failed: notifyFailed },
  );
  const mutable = Object.entries(queue.arguments).filter(([name]) => !FIXED.has(name));
  const button = (
    <FormDialog
      label={texts.action}
      title={texts.title}
      intro={texts.intro}
      size="compact-xs"
      fields={[
        {
          kind: "arguments",
          name: "arguments",
          label: words.arguments,
          initial: fromArguments(Object.fromEntries(mutable)),
          shortcuts: () =>
            queueArgumentShortcuts(queueType(queue) as QueueType).filter(
              ({ key }) => !FIXED.has(key),
            ),
        },
      ]}
      submitLabel={texts.action}
      onSubmit={change.run}
    />
  );
  return { button, changed };
}

/** What must be asked for so that the arguments become these; null takes one away. */
export function differences(before: Arguments, after: Arguments): Record<string, unknown> {
  const changed: [string, unknown][] = Object.entries(after).filter(
    ([name, value]) => !Object.hasOwn(before, name) || writeJson(before[name]) !== writeJson(value),
  );
  const gone: [string, unknown][] = Object.keys(before)
    .filter((name) => !FIXED.has(name) && !Object.hasOwn(after, name))
    .map((name) => [name, null]);
  return Object.fromEntries([...changed, ...gone]);
}

export function ChangeReport({ changed }: { changed: readonly Change[] }) {
  return (
    <div className="banner" data-tone="good" role="status">
      <strong>{changed.length === 0 ? texts.nothing : texts.changed}</strong>
      {changed.map(({ argument, before, after }) => (
        <p key={argument}>
          <span className="mono">{argument}</span>: {shown(before)} →{" "}
          <strong>{shown(after)}</strong>
        </p>
      ))}
    </div>
  );
}

function shown(value: unknown): string {
  return value === null || value === undefined ? texts.notSet : valueText(value);
}
