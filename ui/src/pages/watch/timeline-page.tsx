// What happened to one message, by its message-id or correlation-id.

import { Button, NativeSelect } from "@mantine/core";
import { ApiError, apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhosts } from "../../form/vhost-field.ts";
import { useSearchText } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { count } from "../../parts/format.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Failure, Page, Waiting } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { timelines as texts } from "../../texts/watch.ts";
import { TimelineSteps } from "./timeline-steps.tsx";

interface TimelineState {
  readonly steps: number;
  readonly steps_max: number;
}

const STEPS_DEFAULT = 10_000;

export default function TimelinePage() {
  const [address, setAddress] = useSearchText();
  const [filter] = useVhostFilter();
  const vhosts = useVhosts().map(({ name }) => name);
  const vhost = address.vhost ?? (filter || vhosts[0] || "/");
  const path = apiPath("timeline", vhost);
  const { data, error } = useApi<TimelineState>(path, { keepPrevious: false });
  const isOff = error instanceof ApiError && error.status === 400;
  return (
    <Page
      title={texts.title}
      crumb={texts.intro}
      actions={
        <>
          <NativeSelect
            size="xs"
            aria-label={texts.vhost}
            value={vhost}
            data={vhosts.includes(vhost) ? vhosts : [vhost, ...vhosts]}
            onChange={(event) => setAddress({ vhost: event.currentTarget.value })}
          />
          {data && !isOff && <EndButton path={path} />}
        </>
      }
    >
      {isOff ? (
        <Off path={path} />
      ) : error ? (
        <Failure error={error} />
      ) : data === undefined ? (
        <Waiting />
      ) : (
        <Lookup
          state={data}
          vhost={vhost}
          id={address.id ?? ""}
          onAsk={(id) => setAddress({ vhost, id: id === "" ? undefined : id })}
        />
      )}
    </Page>
  );
}

function Off({ path }: { path: string }) {
  const mayBegin = useTag("administrator");
  const begin = useAction(
    (values: FormValues) => request(path, { method: "PUT", body: { steps: Number(values.steps) } }),
    { done: () => notifyDone(texts.begun), failed: notifyFailed },
  );
  return (
    <Empty title={texts.off} hint={texts.offHint}>
      {mayBegin ? (
        <FormDialog
          label={texts.begin}
          title={texts.begin}
          variant="filled"
          fields={[
            {
              kind: "number",
              name: "steps",
              label: texts.steps,
              help: texts.stepsHelp,
              required: true,
              initial: String(STEPS_DEFAULT),
            },
          ]}
          submitLabel={texts.begin}
          onSubmit={begin.run}
        />
      ) : (
        texts.askAdministrator
      )}
    </Empty>
  );
}

function EndButton({ path }: { path: string }) {
  const mayEnd = useTag("administrator");
  const end = useAction(() => request(path, { method: "DELETE" }), {
    done: () => notifyDone(texts.ended),
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const question = { title: texts.endTitle, text: texts.endText, action: texts.end };
    if (await confirm(question)) await end.run(undefined);
  };
  if (!mayEnd) return null;
  return (
    <Button size="xs" color="red" loading={end.busy} onClick={() => void ask()}>
      {texts.end}
    </Button>
  );
}

interface LookupProps {
  readonly state: TimelineState;
  readonly vhost: string;
  readonly id: string;
  readonly onAsk: (id: string) => void;
}

function Lookup({ state, vhost, id, onAsk }: LookupProps) {
  return (
    <Section id="timeline" title={texts.label}>
      <div className="rows">
        <ActionForm
          key={id}
          fields={[{ kind: "text", name: "id", label: texts.id, initial: id }]}
          submitLabel={texts.look}
          onSubmit={async (values) => {
            onAsk(String(values.id));
            return true;
          }}
          inline
        />
        <p className="dimmed" role="status">
          {texts.remembered(count(state.steps), count(state.steps_max))}
        </p>
        {id === "" ? <Empty title={texts.ask} /> : <TimelineSteps vhost={vhost} id={id} />}
      </div>
    </Section>
  );
}
