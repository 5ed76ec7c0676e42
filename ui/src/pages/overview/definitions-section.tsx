// Saving and loading definitions.

import { apiPath, request, send } from "../../api/client.ts";
import { parseJson } from "../../api/json.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Vhost } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { FormValues, Option } from "../../form/fields.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { saveFile } from "../../parts/save-file.ts";
import { Section } from "../../parts/section.tsx";
import { overview as texts } from "../../texts/overview.ts";

export function DefinitionsSection() {
  return (
    <Section id="overview.definitions" title={texts.definitions} folded>
      <p className="dimmed">{texts.definitionsIntro}</p>
      <div className="columns">
        <ExportForm />
        <ImportForm />
      </div>
    </Section>
  );
}

function useVhostOptions(): Option[] {
  const { data } = useApi<readonly Vhost[]>("/vhosts", { query: { columns: "name" } });
  return [
    { value: "", label: texts.all },
    ...(data ?? []).map(({ name }) => ({ value: name, label: name })),
  ];
}

function definitionsPath(vhost: string): string {
  return vhost === "" ? "/definitions" : apiPath("definitions", vhost);
}

function ExportForm() {
  const options = useVhostOptions();
  const { overview } = useBroker();
  const download = useAction(
    async (values: FormValues) => {
      const response = await send(definitionsPath(String(values.vhost)));
      saveFile(String(values.file), await response.blob());
    },
    { done: () => {}, failed: notifyFailed },
  );
  const today = new Date().toISOString().slice(0, 10);
  const cluster = (overview?.cluster_name ?? "broker").replace(/[^\w.-]+/g, "_");
  return (
    <div>
      <h3>{texts.exportTitle}</h3>
      <ActionForm
        key={cluster}
        fields={[
          {
            kind: "text",
            name: "file",
            label: texts.exportFile,
            required: true,
            initial: `${cluster}_${today}.json`,
          },
          { kind: "select", name: "vhost", label: texts.exportVhost, options },
        ]}
        submitLabel={texts.exportAction}
        onSubmit={download.run}
      />
    </div>
  );
}

function ImportForm() {
  const options = useVhostOptions();
  const upload = useAction(
    async (values: FormValues) => {
      const text = await (values.file as File).text();
      await request(definitionsPath(String(values.vhost)), {
        method: "POST",
        body: parseJson(text),
      });
    },
    { done: () => notifyDone(texts.importDone), failed: notifyFailed },
  );
  return (
    <div>
      <h3>{texts.importTitle}</h3>
      <ActionForm
        fields={[
          {
            kind: "file",
            name: "file",
            label: texts.importFile,
            required: true,
            accept: "application/json,.json",
            help: texts.importText,
          },
          { kind: "select", name: "vhost", label: texts.importVhost, options },
        ]}
        submitLabel={texts.importAction}
        onSubmit={upload.run}
      />
    </div>
  );
}
