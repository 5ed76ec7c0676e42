// The settings that count for a queue, each with its origin.

import type { QueueSetting, QueueSettings } from "../../api/beyond.ts";
import { useApi } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Loaded, NotHere } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { settings as texts } from "../../texts/messages.ts";
import { ChangeReport, useChangeArguments } from "./change-arguments.tsx";
import { queueApi } from "./queue-api.ts";

export default function SettingsTab({ queue }: { queue: Queue }) {
  const mayChange = useTag("policymaker");
  const { button, changed } = useChangeArguments(queue);
  const result = useApi<QueueSettings>(queueApi.path(queue, "settings"));
  return (
    <Section id="queue.settings" title={texts.title} side={mayChange && button}>
      <p className="dimmed">{texts.intro}</p>
      {changed && <ChangeReport changed={changed} />}
      <Loaded result={result} missing={<NotHere />}>
        {({ items }) => (
          <DataTable
            id="queue.settings"
            label={texts.label}
            source={{ kind: "local", items }}
            columns={columnsFor(queue.vhost)}
            rowKey={settingKey}
          />
        )}
      </Loaded>
    </Section>
  );
}

const settingKey = (item: QueueSetting): string => item.key;

function columnsFor(vhost: string): Column<QueueSetting>[] {
  return [
    { id: "key", header: texts.key, value: (item) => item.key },
    {
      id: "value",
      header: texts.value,
      value: (item) => (isSet(item) ? valueText(item.value) : texts.notSet),
      cell: (item) =>
        isSet(item) ? (
          <strong>{valueText(item.value)}</strong>
        ) : (
          <span className="dimmed">{texts.notSet}</span>
        ),
    },
    {
      id: "origin",
      header: texts.origin,
      value: originText,
      cell: (item) => <Origin item={item} vhost={vhost} />,
    },
    { id: "description", header: texts.description, value: descriptionOf, wide: true },
  ];
}

/** Descriptions are written for a reference page as well, with names in backticks. */
function descriptionOf(item: QueueSetting): string | undefined {
  return item.description?.replaceAll("`", "");
}

function isSet(item: QueueSetting): boolean {
  return item.value !== null && item.value !== undefined;
}

function originText(item: QueueSetting): string {
  const known: Readonly<Record<string, string>> = texts.origins;
  const origin = known[item.origin] ?? item.origin;
  if (item.origin === "argument" && item.argument) return `${origin} ${item.argument}`;
  return item.from ? `${origin} ${item.from}` : origin;
}

function Origin({ item, vhost }: { item: QueueSetting; vhost: string }) {
  if (!item.from) return <span className="chip">{originText(item)}</span>;
  const link = item.origin === "policy" ? linkTo.policy : linkTo.operatorPolicy;
  return <TextLink href={link(vhost, item.from)}>{originText(item)}</TextLink>;
}
