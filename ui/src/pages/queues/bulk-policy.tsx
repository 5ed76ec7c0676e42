// One policy for queues that were selected by hand.

import { Modal } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { policyShortcuts } from "../../form/known-settings.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { policies } from "../../texts/policies.ts";
import { queueActions as texts } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";

const fields: readonly Field[] = [
  { kind: "text", name: "name", label: words.name, required: true },
  { kind: "number", name: "priority", label: policies.priority, initial: "0" },
  {
    kind: "arguments",
    name: "definition",
    label: policies.definition,
    shortcuts: () => policyShortcuts("queues", false),
  },
];

export function BulkPolicy({ queues, onDone }: { queues: readonly Queue[]; onDone: () => void }) {
  const set = useAction(
    async (values: FormValues) => {
      for (const [vhost, names] of namesByVhost(queues)) {
        await request(apiPath("policies", vhost, String(values.name)), {
          method: "PUT",
          body: {
            pattern: patternOf(names),
            "apply-to": "queues",
            priority: Number(values.priority),
            definition: toArguments(values.definition as readonly ArgumentRow[]),
          },
        });
      }
    },
    {
      done: () => {
        notifyDone(texts.policySet);
        onDone();
      },
      failed: notifyFailed,
    },
  );
  return (
    <Modal
      opened
      onClose={onDone}
      title={texts.policyTitle}
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": words.close }}
    >
      <div className="rows">
        <p className="dimmed">{texts.policyHint(queues.length)}</p>
        <ActionForm fields={fields} submitLabel={texts.policy} onSubmit={set.run} />
      </div>
    </Modal>
  );
}

function namesByVhost(queues: readonly Queue[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const queue of queues) {
    names.set(queue.vhost, [...(names.get(queue.vhost) ?? []), queue.name]);
  }
  return names;
}

/** A pattern that matches exactly these names. */
function patternOf(names: readonly string[]): string {
  return `^(${names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})$`;
}
