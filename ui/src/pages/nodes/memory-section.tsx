// Who uses a node's memory.

import { Button } from "@mantine/core";
import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import { bytes, percent } from "../../parts/format.ts";
import { Empty, Loaded } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { node as texts } from "../../texts/node.ts";

interface MemoryAnswer {
  readonly memory: Readonly<Record<string, unknown>> | "not_available";
}

interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly share: number;
}

const columns: readonly Column<Part>[] = [
  { id: "name", header: texts.part, value: (part) => part.name },
  {
    id: "bytes",
    header: texts.bytes,
    value: (part) => part.bytes,
    cell: (part) => bytes(part.bytes),
    align: "right",
  },
  {
    id: "share",
    header: texts.share,
    value: (part) => part.share,
    cell: (part) => (
      <div className="meter">
        <span className="meter-bar" aria-hidden="true">
          <span style={{ width: percent(part.share).replace(" ", "") }} />
        </span>
        {percent(part.share)}
      </div>
    ),
  },
];

const partKey = (part: Part): string => part.name;

export function MemorySection({ node }: { node: string }) {
  const result = useApi<MemoryAnswer>(apiPath("nodes", node, "memory"), { polled: false });
  return (
    <Section
      id="node.memory"
      title={texts.memory}
      side={
        <Button
          size="compact-xs"
          variant="default"
          loading={result.isFetching}
          onClick={() => void result.refetch()}
        >
          {texts.memoryUpdate}
        </Button>
      }
    >
      <p className="dimmed">{texts.memoryHelp}</p>
      <Loaded result={result}>{(answer) => <MemoryParts memory={answer.memory} />}</Loaded>
    </Section>
  );
}

function MemoryParts({ memory }: { memory: MemoryAnswer["memory"] }) {
  if (typeof memory === "string") return <Empty title={texts.memoryUnknown} />;
  const total = totalOf(memory.total);
  const items = Object.entries(memory)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > 0)
    .map(([name, size]) => ({
      name: name.replaceAll("_", " "),
      bytes: size,
      share: total > 0 ? size / total : 0,
    }));
  return (
    <>
      <p>
        {texts.memoryTotal}: <strong>{bytes(total)}</strong>
      </p>
      <DataTable
        id="node.memory"
        label={texts.memory}
        source={{ kind: "local", items }}
        columns={columns}
        rowKey={partKey}
        defaultSort={{ id: "bytes", desc: true }}
        plain
      />
    </>
  );
}

/** RabbitMQ gives the total by three ways of counting. */
function totalOf(total: unknown): number {
  if (typeof total === "number") return total;
  if (typeof total !== "object" || total === null) return 0;
  return Math.max(0, ...Object.values(total).filter((item) => typeof item === "number"));
}
