// Tracing: running traces, their files, starting and stopping.

import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { ApiError, apiPath, request, send } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Node } from "../../api/types.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { useVhostField } from "../../form/vhost-field.ts";
import { confirm } from "../../parts/confirm.tsx";
import { bytes } from "../../parts/format.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, NotHere, Page } from "../../parts/page.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { textColumn, vhostColumn } from "../../table/stat-columns.tsx";
import { tracing as texts } from "../../texts/plugins.ts";

interface Trace {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly format: string;
  readonly max_payload_bytes?: number;
  readonly tracer_connection_username?: string;
  readonly queue?: { readonly messages?: number };
}

interface TraceFile {
  readonly name: string;
  readonly size: number;
}

export default function TracesPage() {
  const nodes = useApi<readonly Node[]>("/nodes", { query: { columns: "name,running" } });
  return (
    <Page title={texts.title}>
      <Loaded result={nodes}>
        {(items) =>
          items
            .filter((node) => node.running)
            .map((node) => <NodeTraces key={node.name} node={node.name} />)
        }
      </Loaded>
    </Page>
  );
}

const traceKey = (trace: Trace): string => JSON.stringify([trace.vhost, trace.name]);

function NodeTraces({ node }: { node: string }) {
  const result = useApi<readonly Trace[]>(apiPath("traces", "node", node));
  const files = useApi<readonly TraceFile[]>(apiPath("trace-files", "node", node));
  // Without a data directory there is no place for their files.
  if (files.error instanceof ApiError && files.error.status === 400) {
    return (
      <Section id="traces.running" title={`${texts.running}: ${node}`}>
        <Empty title={texts.nowhere} hint={texts.nowhereHint} />
      </Section>
    );
  }
  return (
    <>
      <Section
        id="traces.running"
        title={`${texts.running}: ${node}`}
        side={<AddTrace node={node} />}
      >
        <Loaded result={result} missing={<NotHere />}>
          {(items) => (
            <DataTable
              id="traces"
              label={texts.running}
              source={{ kind: "local", items }}
              columns={traceColumns(node)}
              rowKey={traceKey}
              empty={<Empty title={texts.none} hint={texts.addHint} />}
              plain
            />
          )}
        </Loaded>
      </Section>
      <TraceFiles node={node} result={files} />
    </>
  );
}

function traceColumns(node: string): Column<Trace>[] {
  return [
    vhostColumn(),
    textColumn("name", texts.name),
    textColumn("pattern", texts.pattern),
    textColumn("format", texts.format),
    {
      id: "max_payload_bytes",
      header: texts.payloadLimit,
      value: (trace) => trace.max_payload_bytes,
    },
    { id: "queued", header: texts.queued, value: (trace) => trace.queue?.messages },
    textColumn("tracer_connection_username", texts.user),
    {
      id: "stop",
      header: "",
      sortKey: false,
      value: () => "",
      cell: (trace) => (
        <RemoveButton
          path={apiPath("traces", "node", node, trace.vhost, trace.name)}
          label={texts.stop}
          title={texts.stopTitle}
          text={texts.stopText(trace.name)}
          done={texts.stopped}
        />
      ),
      align: "right",
    },
  ];
}

interface RemoveButtonProps {
  readonly path: string;
  readonly label: string;
  readonly title: string;
  readonly text: string;
  readonly done: string;
}

function RemoveButton({ path, label, title, text, done }: RemoveButtonProps) {
  const remove = useAction(() => request(path, { method: "DELETE" }), {
    done: () => notifyDone(done),
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    if (await confirm({ title, text, action: label })) await remove.run(undefined);
  };
  return (
    <Button size="compact-xs" variant="default" onClick={() => void ask()}>
      {label}
    </Button>
  );
}

const fileKey = (file: TraceFile): string => file.name;

interface TraceFilesProps {
  readonly node: string;
  readonly result: UseQueryResult<readonly TraceFile[], Error>;
}

function TraceFiles({ node, result }: TraceFilesProps) {
  const pathOf = (file: TraceFile): string => apiPath("trace-files", "node", node, file.name);
  const columns: Column<TraceFile>[] = [
    textColumn("name", texts.name),
    {
      id: "size",
      header: texts.size,
      value: (file) => file.size,
      cell: (file) => bytes(file.size),
    },
    {
      id: "actions",
      header: "",
      sortKey: false,
      value: () => "",
      cell: (file) => (
        <span className="row-tight">
          <DownloadButton path={pathOf(file)} name={file.name} />
          <RemoveButton
            path={pathOf(file)}
            label={texts.delete}
            title={texts.deleteTitle}
            text={texts.deleteText(file.name)}
            done={texts.deleted}
          />
        </span>
      ),
      align: "right",
    },
  ];
  return (
    <Section id="traces.files" title={texts.files}>
      <Loaded result={result} missing={<NotHere />}>
        {(items) => (
          <DataTable
            id="trace-files"
            label={texts.files}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={fileKey}
            empty={<Empty title={texts.filesNone} />}
            plain
          />
        )}
      </Loaded>
    </Section>
  );
}

function DownloadButton({ path, name }: { path: string; name: string }) {
  const download = useAction(async () => saveFile(name, await (await send(path)).blob()), {
    done: () => {},
    failed: notifyFailed,
  });
  return (
    <Button size="compact-xs" variant="default" onClick={() => void download.run(undefined)}>
      {texts.download}
    </Button>
  );
}

function AddTrace({ node }: { node: string }) {
  const vhostField = useVhostField();
  const add = useAction(
    ({ vhost, name, maxPayload, user, password, ...rest }: FormValues) => {
      const body = {
        ...rest,
        ...(maxPayload === "" ? {} : { max_payload_bytes: Number(maxPayload) }),
        ...(user === ""
          ? {}
          : { tracer_connection_username: user, tracer_connection_password: password }),
      };
      const path = apiPath("traces", "node", node, String(vhost), String(name));
      return request(path, { method: "PUT", body });
    },
    { done: () => notifyDone(texts.started), failed: notifyFailed },
  );
  const fields: Field[] = [
    vhostField,
    { kind: "text", name: "name", label: texts.name, required: true },
    {
      kind: "select",
      name: "format",
      label: texts.format,
      options: Object.entries(texts.formats).map(([value, label]) => ({ value, label })),
    },
    { kind: "text", name: "pattern", label: texts.pattern, initial: "#", required: true },
    { kind: "number", name: "maxPayload", label: texts.maxPayload, help: texts.maxPayloadHelp },
    { kind: "text", name: "user", label: texts.user, help: texts.userHelp },
    {
      kind: "password",
      name: "password",
      label: texts.password,
      when: (values) => values.user !== "",
    },
  ];
  return (
    <FormDialog
      label={texts.add}
      title={texts.addTitle}
      intro={texts.addHint}
      fields={fields}
      submitLabel={texts.add}
      onSubmit={add.run}
    />
  );
}
