// All queues, adding one, and actions on many.

import { useState } from "react";
import { apiPath } from "../../api/client.ts";
import type { Queue } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { DataTable } from "../../table/data-table.tsx";
import type { BulkAction } from "../../table/table-toolbar.tsx";
import { queueActions as actions, queues as texts } from "../../texts/queues.ts";
import { AddQueue } from "./add-queue.tsx";
import { BulkPolicy } from "./bulk-policy.tsx";
import { queueApi } from "./queue-api.ts";
import { queueColumns, queueKey } from "./queue-columns.tsx";

async function purgeQueues(items: readonly Queue[]): Promise<boolean> {
  const text = actions.purgeManyText(items.length);
  const sure = await confirm({ title: actions.purgeTitle, text, action: actions.purge });
  return sure && runOnAll(items, queueApi.purge, actions.purgedMany);
}

async function deleteQueues(items: readonly Queue[]): Promise<boolean> {
  const text = actions.deleteManyText(items.length);
  const sure = await confirm({ title: actions.deleteTitle, text, action: actions.delete });
  const always = { ifEmpty: false, ifUnused: false };
  return sure && runOnAll(items, (item) => queueApi.delete(item, always), actions.deletedMany);
}

export default function QueuesPage() {
  const [vhost] = useVhostFilter();
  const mayPolicy = useTag("policymaker");
  const [chosen, setChosen] = useState<readonly Queue[] | undefined>(undefined);
  const bulk: BulkAction<Queue>[] = [
    { label: actions.purge, run: purgeQueues },
    { label: actions.delete, destructive: true, run: deleteQueues },
  ];
  const policy: BulkAction<Queue> = {
    label: actions.policy,
    run: async (items) => {
      setChosen(items);
      return false;
    },
  };
  return (
    <Page title={texts.title} actions={<AddQueue />}>
      <DataTable
        id="queues"
        label={texts.label}
        source={{ kind: "server", path: vhost === "" ? "/queues" : apiPath("queues", vhost) }}
        columns={queueColumns}
        rowKey={queueKey}
        defaultSort={{ id: "name", desc: false }}
        bulk={mayPolicy ? [policy, ...bulk] : bulk}
        empty={
          <Empty title={texts.empty} hint={texts.emptyHint}>
            <div>
              <AddQueue />
            </div>
          </Empty>
        }
      />
      {chosen && <BulkPolicy queues={chosen} onDone={() => setChosen(undefined)} />}
    </Page>
  );
}
