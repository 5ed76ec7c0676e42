// One queue or stream, on tabs.

import { Tabs } from "@mantine/core";
import { lazy, type ReactNode, Suspense } from "react";
import { useApi, useBroker } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { usePathPart, useSearchText } from "../../parts/address.ts";
import { Loaded, Page, Waiting } from "../../parts/page.tsx";
import { queueActions, queues as texts } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { ConversionBanner } from "./convert-queue.tsx";
import { QueueActions } from "./queue-actions.tsx";
import { queueApi } from "./queue-api.ts";
import { queueType } from "./queue-columns.tsx";
import { QueueOverview } from "./queue-overview.tsx";

const MessagesTab = lazy(() => import("../messages/messages-tab.tsx"));
const UnackedTab = lazy(() => import("./unacked-tab.tsx"));
const ReadersTab = lazy(() => import("./readers-tab.tsx"));
const SettingsTab = lazy(() => import("./settings-tab.tsx"));
const DeadLettersTab = lazy(() => import("../dead-letters/dead-letters-tab.tsx"));

export default function QueuePage() {
  const vhost = usePathPart("vhost");
  const name = usePathPart("name");
  const [range] = useRange();
  const result = useApi<Queue>(queueApi.path({ vhost, name }), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  return (
    <Page
      title={name}
      crumb={`${result.data && queueType(result.data) === "stream" ? texts.oneStream : texts.one} ${words.inVhost(vhost)}`}
      manyActions
      actions={result.data && <QueueActions queue={result.data} />}
    >
      <Loaded result={result}>{(queue) => <QueueTabs queue={queue} />}</Loaded>
    </Page>
  );
}

type Tab = keyof typeof texts.tabs;

function QueueTabs({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const [search, setSearch] = useSearchText();
  const isStream = queueType(queue) === "stream";
  const panels: [Tab, boolean, ReactNode][] = [
    ["overview", true, <QueueOverview key="overview" queue={queue} />],
    ["messages", true, <MessagesTab key="messages" queue={queue} />],
    ["unacked", isLeveret && !isStream, <UnackedTab key="unacked" queue={queue} />],
    ["deadLetters", isLeveret && !isStream, <DeadLettersTab key="deadLetters" queue={queue} />],
    ["readers", isLeveret && isStream, <ReadersTab key="readers" queue={queue} />],
    ["settings", isLeveret, <SettingsTab key="settings" queue={queue} />],
  ];
  const shown = panels.filter(([, available]) => available);
  const active = shown.some(([tab]) => tab === search.tab) ? (search.tab as Tab) : "overview";
  return (
    <>
      <ConversionBanner queue={queue} />
      {queue.state === "paused" && (
        <div className="banner" data-tone="warn">
          {queueActions.pausedBanner}
        </div>
      )}
      <Tabs
        value={active}
        onChange={(tab) => setSearch({ tab: tab ?? undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {shown.map(([tab]) => (
            <Tabs.Tab key={tab} value={tab}>
              {texts.tabs[tab]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(([tab, , panel]) => (
          <Tabs.Panel key={tab} value={tab}>
            <Suspense fallback={<Waiting />}>{panel}</Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
