// The cluster's name, and its nodes.

import { request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Node } from "../../api/types.ts";
import { ActionForm } from "../../form/action-form.tsx";
import type { FormValues } from "../../form/fields.ts";
import { State } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { cluster as texts } from "../../texts/admin.ts";

export default function ClusterPage() {
  const result = useApi<{ readonly name: string }>("/cluster-name");
  const nodes = useApi<readonly Node[]>("/nodes", { query: { columns: "name,running,type" } });
  const change = useAction(
    (values: FormValues) =>
      request("/cluster-name", { method: "PUT", body: { name: values.name } }),
    { done: () => notifyDone(texts.changed), failed: notifyFailed },
  );
  return (
    <Page title={texts.title}>
      <Section id="cluster.name" title={texts.name}>
        <p className="dimmed">{texts.intro}</p>
        <Loaded result={result}>
          {({ name }) => (
            <ActionForm
              key={name}
              fields={[
                { kind: "text", name: "name", label: texts.name, required: true, initial: name },
              ]}
              submitLabel={texts.change}
              onSubmit={change.run}
            />
          )}
        </Loaded>
      </Section>
      <Section id="cluster.nodes" title={texts.nodes}>
        <Loaded result={nodes}>
          {(items) => (
            <ul>
              {items.map((node) => (
                <li key={node.name}>
                  <TextLink href={linkTo.node(node.name)}>{node.name}</TextLink>{" "}
                  <State text={node.running ? "running" : "down"} />
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </Section>
    </Page>
  );
}
