// One virtual host: charts, permissions, protection, deleting.

import { Button } from "@mantine/core";
import { useMemo } from "react";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Stats, Vhost } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { linesOrZero } from "../../chart/series.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { goTo, usePathPart } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { Facts, State } from "../../parts/facts.tsx";
import { yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import { vhosts as texts } from "../../texts/admin.ts";
import { messageRates, queuedMessages } from "../../texts/charts.ts";
import { queues } from "../../texts/queues.ts";
import { words } from "../../texts/words.ts";
import { PermissionsSection, TopicPermissionsSection } from "../users/permissions.tsx";
import { typeText, vhostBody, vhostFields, vhostTags } from "./vhost-fields.ts";

export default function VhostPage() {
  const name = usePathPart("name");
  const [range] = useRange();
  const mayEdit = useTag("administrator");
  const result = useApi<Vhost>(apiPath("vhosts", name), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  return (
    <Page
      title={name}
      crumb={texts.one}
      actions={mayEdit && result.data && <VhostActions vhost={result.data} />}
    >
      <Loaded result={result}>
        {(vhost) => (
          <>
            <Charts vhost={vhost} />
            <Section id="vhost.details" title={words.details}>
              <VhostFacts vhost={vhost} />
            </Section>
            {mayEdit && <PermissionsSection of={{ vhost: name }} />}
            {mayEdit && <TopicPermissionsSection of={{ vhost: name }} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Charts({ vhost }: { vhost: Vhost }) {
  const stats = vhost as unknown as Stats;
  const queued = useMemo(() => linesOrZero(stats, queuedMessages, "level"), [stats]);
  const rates = useMemo(
    () => linesOrZero(vhost.message_stats, messageRates, "rate"),
    [vhost.message_stats],
  );
  const data = useMemo(
    () => [
      { key: "recv", label: texts.fromClient, details: vhost.recv_oct_details },
      { key: "send", label: texts.toClient, details: vhost.send_oct_details },
    ],
    [vhost.recv_oct_details, vhost.send_oct_details],
  );
  return (
    <Section id="vhost.overview" title={words.overview} side={<ChartControls />}>
      <div className="columns">
        <TimeChart
          id="vhost.queued"
          title={queues.queued}
          lines={queued}
          kind="level"
          unit="count"
        />
        <TimeChart id="vhost.rates" title={queues.rates} lines={rates} kind="rate" unit="rate" />
        <TimeChart
          id="vhost.data"
          title={texts.dataRates}
          lines={data}
          kind="rate"
          unit="byteRate"
        />
      </div>
    </Section>
  );
}

function VhostFacts({ vhost }: { vhost: Vhost }) {
  const restart = useAction(
    (node: string) => request(apiPath("vhosts", vhost.name, "start", node), { method: "POST" }),
    { done: () => notifyDone(texts.restarted), failed: notifyFailed },
  );
  const states = Object.entries(vhost.cluster_state ?? {});
  return (
    <Facts
      items={[
        [texts.description, vhost.description || words.none],
        [texts.tags, vhostTags(vhost).join(", ") || words.none],
        [texts.defaultType, typeText(vhost.default_queue_type)],
        [texts.tracing, yesNo(vhost.tracing)],
        [
          texts.protected,
          vhost.protected_from_deletion === undefined
            ? undefined
            : yesNo(vhost.protected_from_deletion),
        ],
        ...states.map(
          ([node, state]) =>
            [
              node,
              <span className="row-tight" key={node}>
                <State text={state} />
                {state !== "running" && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() => void restart.run(node)}
                  >
                    {texts.restart}
                  </Button>
                )}
              </span>,
            ] as const,
        ),
      ]}
    />
  );
}

function VhostActions({ vhost }: { vhost: Vhost }) {
  const path = apiPath("vhosts", vhost.name);
  const update = useAction(
    (values: FormValues) => request(path, { method: "PUT", body: vhostBody(values) }),
    { done: () => notifyDone(texts.updated), failed: notifyFailed },
  );
  const remove = useAction(() => request(path, { method: "DELETE" }), {
    done: () => {
      notifyDone(texts.deleted(vhost.name));
      goTo(linkTo.page("/vhosts"));
    },
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const text = texts.deleteText(vhost.name);
    if (await confirm({ title: texts.deleteTitle, text, action: words.delete })) {
      await remove.run(undefined);
    }
  };
  return (
    <>
      <FormDialog
        label={texts.update}
        title={vhost.name}
        fields={vhostFields(vhost)}
        submitLabel={words.save}
        onSubmit={update.run}
      />
      {vhost.protected_from_deletion !== undefined && <ProtectionButton vhost={vhost} />}
      <Button size="xs" color="red" onClick={() => void ask()}>
        {words.delete}
      </Button>
    </>
  );
}

function ProtectionButton({ vhost }: { vhost: Vhost }) {
  const isProtected = vhost.protected_from_deletion === true;
  const change = useAction(
    () =>
      request(apiPath("vhosts", vhost.name, "deletion", "protection"), {
        method: isProtected ? "DELETE" : "POST",
      }),
    {
      done: () => notifyDone(isProtected ? texts.unprotectDone : texts.protectDone),
      failed: notifyFailed,
    },
  );
  return (
    <Button size="xs" variant="default" onClick={() => void change.run(undefined)}>
      {isProtected ? texts.unprotect : texts.protect}
    </Button>
  );
}
