// The busiest processes and largest tables of brokers that consist of many.

import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Node } from "../../api/types.ts";
import { count, value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { bytesColumn, TextLink } from "../../table/stat-columns.tsx";
import { top as texts } from "../../texts/plugins.ts";

interface Process {
  readonly pid: string;
  readonly name: unknown;
  readonly memory: number;
  readonly reduction_delta: number;
  readonly message_queue_len: number;
  readonly status: string;
}

interface Table {
  readonly name: string;
  readonly owner_name: unknown;
  readonly memory: number;
  readonly size: number;
}

const processColumns: readonly Column<Process>[] = [
  { id: "pid", header: texts.pid, value: (item) => item.pid },
  { id: "name", header: texts.process, value: (item) => processName(item.name) },
  bytesColumn("memory", texts.memory),
  {
    id: "work",
    header: texts.work,
    value: (item) => item.reduction_delta,
    cell: (item) => count(item.reduction_delta),
    align: "right",
  },
  { id: "mailbox", header: texts.mailbox, value: (item) => item.message_queue_len, align: "right" },
  { id: "status", header: texts.status, value: (item) => item.status },
];

const tableColumns: readonly Column<Table>[] = [
  { id: "name", header: texts.table, value: (item) => item.name },
  { id: "owner", header: texts.owner, value: (item) => valueText(item.owner_name) },
  bytesColumn("memory", texts.memory),
  { id: "rows", header: texts.rows, value: (item) => item.size, align: "right" },
];

function processName(name: unknown): string {
  if (typeof name !== "object" || name === null) return valueText(name);
  return Object.values(name).map(valueText).join(" ");
}

const processKey = (item: Process): string => item.pid;
const tableKey = (item: Table): string =>
  `${item.name} ${valueText(item.owner_name)} ${item.memory}`;

export default function TopPage() {
  const nodes = useApi<readonly Node[]>("/nodes", { query: { columns: "name,running" } });
  return (
    <Page title={texts.title}>
      <Loaded result={nodes}>
        {(items) =>
          items
            .filter((node) => node.running)
            .map((node) => <NodeTop key={node.name} node={node.name} />)
        }
      </Loaded>
    </Page>
  );
}

function NodeTop({ node }: { node: string }) {
  const processes = useApi<{ processes: readonly Process[] }>(apiPath("top", node), {
    query: { row_count: 50, sort: "reduction_delta", sort_reverse: true },
  });
  const tables = useApi<{ ets_tables: readonly Table[] }>(apiPath("top", "ets", node), {
    query: { row_count: 50, sort: "memory", sort_reverse: true },
    enabled: processes.isSuccess,
  });
  const single = (
    <Empty title={texts.notHere} hint={texts.notHereHint}>
      <TextLink href={linkTo.node(node)}>{texts.node}</TextLink>
    </Empty>
  );
  return (
    <Loaded result={processes} missing={single}>
      {(answer) => (
        <>
          <Section id="top.processes" title={`${texts.label}: ${node}`}>
            <DataTable
              id="top"
              label={texts.label}
              source={{ kind: "local", items: answer.processes }}
              columns={processColumns}
              rowKey={processKey}
              defaultSort={{ id: "work", desc: true }}
            />
          </Section>
          <Section id="top.tables" title={texts.ets} folded>
            <DataTable
              id="top.ets"
              label={texts.ets}
              source={{ kind: "local", items: tables.data?.ets_tables, error: tables.error }}
              columns={tableColumns}
              rowKey={tableKey}
              defaultSort={{ id: "memory", desc: true }}
            />
          </Section>
        </>
      )}
    </Loaded>
  );
}
