// Makes a queue one of another type, and shows how far that is.

import { useAction, useBroker } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { count } from "../../parts/format.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { conversion as texts } from "../../texts/changes.ts";
import { queues } from "../../texts/queues.ts";
import { queueApi } from "./queue-api.ts";
import { queueType } from "./queue-columns.tsx";

const TARGETS: Readonly<Record<string, readonly ("classic" | "quorum" | "stream")[]>> = {
  classic: ["quorum", "stream"],
  quorum: ["classic", "stream"],
  stream: ["classic", "quorum"],
};

export function ConvertButton({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const mayConvert = useTag("policymaker");
  const convert = useAction(
    async (values: FormValues) => {
      const without = String(values.without)
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
      const gone = Object.fromEntries(without.map((name) => [name, null]));
      await queueApi.convert(queue, String(values.type), gone);
    },
    { done: () => notifyDone(texts.begun), failed: notifyFailed },
  );
  const targets = TARGETS[queueType(queue)] ?? [];
  const isPossible = targets.length > 0 && !queue.exclusive && queue.state !== "converting";
  if (!isLeveret || !mayConvert || !isPossible) return null;
  return (
    <FormDialog
      label={texts.action}
      title={texts.title}
      intro={texts.intro}
      fields={[
        {
          kind: "select",
          name: "type",
          label: texts.type,
          options: targets.map((type) => ({ value: type, label: queues.types[type] })),
        },
        {
          kind: "text",
          name: "without",
          label: texts.without,
          help: texts.withoutHelp(Object.keys(queue.arguments).join(", ")),
        },
      ]}
      submitLabel={texts.submit}
      onSubmit={convert.run}
    />
  );
}

/** While it runs: how many messages are in the queue that takes over. */
export function ConversionBanner({ queue }: { queue: Queue }) {
  if (queue.state !== "converting") return null;
  const { to, moved } = (queue.conversion ?? {}) as { to?: string; moved?: number };
  const total = queue.messages_ready ?? 0;
  return (
    <div className="banner" data-tone="warn" role="status">
      <strong>{texts.running(to ?? "")}</strong>
      {moved !== undefined && <p>{texts.progress(count(moved), count(total))}</p>}
      {moved !== undefined && (
        <progress
          className="progress"
          max={Math.max(1, total)}
          value={moved}
          aria-label={texts.progressLabel}
        />
      )}
    </div>
  );
}
