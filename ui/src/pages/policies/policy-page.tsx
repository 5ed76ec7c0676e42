// One policy or operator policy: what it says and what it applies to now.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { Exchange, Policy, Queue } from "../../api/types.ts";
import { goTo, usePathPart } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { ArgumentList, Facts } from "../../parts/facts.tsx";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { TextLink } from "../../table/stat-columns.tsx";
import { bindings } from "../../texts/exchanges.ts";
import { policies as texts } from "../../texts/policies.ts";
import { words } from "../../texts/words.ts";
import { PolicyForm } from "./policy-form.tsx";
import type { PolicyKind } from "./policy-kind.ts";

export function PolicyPage({ kind }: { kind: PolicyKind }) {
  const vhost = usePathPart("vhost");
  const name = usePathPart("name");
  const result = useApi<Policy>(apiPath(kind.path, vhost, name), { keepPrevious: false });
  return (
    <Page
      title={name}
      crumb={`${kind.one} ${words.inVhost(vhost)}`}
      actions={
        result.data && (
          <>
            <PolicyForm kind={kind} existing={result.data} />
            <DeletePolicy kind={kind} policy={result.data} />
          </>
        )
      }
    >
      <Loaded result={result}>
        {(policy) => (
          <>
            <Section id="policy.overview" title={words.overview}>
              <Facts
                items={[
                  [texts.pattern, <code key="pattern">{policy.pattern}</code>],
                  [texts.applyTo, policy["apply-to"]],
                  [texts.priority, String(policy.priority)],
                  [texts.definition, <ArgumentList key="definition" items={policy.definition} />],
                ]}
              />
            </Section>
            <AppliedSection kind={kind} policy={policy} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function DeletePolicy({ kind, policy }: { kind: PolicyKind; policy: Policy }) {
  const remove = useAction(
    () => request(apiPath(kind.path, policy.vhost, policy.name), { method: "DELETE" }),
    {
      done: () => {
        notifyDone(texts.deleted(policy.name));
        goTo(linkTo.page("/policies"));
      },
      failed: notifyFailed,
    },
  );
  const ask = async (): Promise<void> => {
    const text = texts.deleteText(policy.name);
    if (await confirm({ title: texts.deleteTitle, text, action: words.delete })) {
      await remove.run(undefined);
    }
  };
  return (
    <Button size="xs" color="red" onClick={() => void ask()}>
      {words.delete}
    </Button>
  );
}

interface Applied {
  readonly kind: string;
  readonly name: string;
  readonly href: string;
}

const appliedColumns: readonly Column<Applied>[] = [
  {
    id: "name",
    header: words.name,
    value: (item) => item.name,
    cell: (item) => <TextLink href={item.href}>{item.name}</TextLink>,
  },
  { id: "kind", header: bindings.columnType, value: (item) => item.kind },
];

const appliedKey = (item: Applied): string => item.href;

/** The queues and exchanges that name this policy as theirs. */
function AppliedSection({ kind, policy }: { kind: PolicyKind; policy: Policy }) {
  const { vhost, name } = policy;
  const columns = "name,policy,operator_policy";
  const queues = useApi<readonly Queue[]>(apiPath("queues", vhost), { query: { columns } });
  const exchanges = useApi<readonly Exchange[]>(apiPath("exchanges", vhost), {
    query: { columns },
    enabled: !kind.isOperator,
  });
  const own = kind.isOperator ? "operator_policy" : "policy";
  const items: Applied[] = [
    ...(queues.data ?? [])
      .filter((queue) => queue[own] === name)
      .map((queue) => ({
        kind: bindings.queue,
        name: queue.name,
        href: linkTo.queue(vhost, queue.name),
      })),
    ...(exchanges.data ?? [])
      .filter((exchange) => exchange.policy === name)
      .map((exchange) => ({
        kind: bindings.exchange,
        name: exchange.name,
        href: linkTo.exchange(vhost, exchange.name),
      })),
  ];
  return (
    <Section id="policy.applied" title={`${texts.applied} (${items.length})`}>
      <DataTable
        id="policy.applied"
        label={texts.applied}
        source={{ kind: "local", items }}
        columns={appliedColumns}
        rowKey={appliedKey}
        empty={<Empty title={texts.appliedNone} />}
        plain
      />
    </Section>
  );
}
