// The nodes of the cluster and how full each is.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Node } from "../../api/types.ts";
import { confirm } from "../../parts/confirm.tsx";
import { Meter, State } from "../../parts/facts.tsx";
import { bytes, count, duration } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Section } from "../../parts/section.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { overview } from "../../texts/overview.ts";

const texts = overview.node;

const columns: readonly Column<Node>[] = [
  {
    id: "name",
    header: texts.name,
    value: (node) => node.name,
    cell: (node) => (
      <a className="link" href={linkTo.node(node.name)}>
        {node.name}
      </a>
    ),
  },
  usage("fd_used", texts.fds, "fd_total"),
  usage("sockets_used", texts.sockets, "sockets_total"),
  usage("proc_used", texts.processes, "proc_total"),
  {
    id: "mem_used",
    header: texts.memory,
    value: (node) => node.mem_used,
    cell: (node) => (
      <Meter
        used={node.mem_used ?? 0}
        limit={node.mem_limit ?? 0}
        text={bytes(node.mem_used)}
        note={texts.watermark(bytes(node.mem_limit))}
        alarm={node.mem_alarm}
      />
    ),
  },
  {
    id: "disk_free",
    header: texts.disk,
    value: (node) => (typeof node.disk_free === "number" ? node.disk_free : undefined),
    cell: diskCell,
  },
  {
    id: "uptime",
    header: texts.uptime,
    value: (node) => node.uptime,
    cell: (node) => (node.running ? duration(node.uptime) : <State text={texts.down} tone="bad" />),
  },
  {
    id: "info",
    header: texts.info,
    sortKey: false,
    value: (node) => infoOf(node).join(" "),
    cell: (node) => (
      <span className="row-tight">
        {infoOf(node).map((text) => (
          <span className="chip" key={text}>
            {text}
          </span>
        ))}
      </span>
    ),
  },
  {
    id: "reset",
    header: overview.resetTitle,
    sortKey: false,
    value: () => "",
    cell: (node) => <ResetButton node={node.name} />,
  },
];

function usage(used: string, header: string, total: string): Column<Node> {
  return {
    id: used,
    header,
    value: (node) => node[used] as number | undefined,
    cell: (node) => {
      const limit = node[total] as number | undefined;
      if (node[used] === undefined) return null;
      return (
        <Meter
          used={Number(node[used])}
          limit={limit ?? 0}
          text={count(node[used] as number)}
          note={limit === undefined ? undefined : texts.available(count(limit))}
        />
      );
    },
  };
}

function diskCell(node: Node) {
  const free = typeof node.disk_free === "number" ? node.disk_free : undefined;
  const limit = node.disk_free_limit ?? 0;
  // The bar fills as the free space nears its limit.
  return (
    <Meter
      used={limit}
      limit={free ?? 0}
      text={bytes(free)}
      note={texts.diskLimit(bytes(limit))}
      alarm={node.disk_free_alarm}
    />
  );
}

function infoOf(node: Node): string[] {
  const plugins = node.enabled_plugins?.length ?? 0;
  return [node.rates_mode, node.type, plugins > 0 ? texts.plugins(plugins) : undefined].filter(
    (text) => text !== undefined,
  );
}

export function NodesSection() {
  const { data, error } = useApi<readonly Node[]>("/nodes");
  const mayReset = useTag("administrator");
  const { isLeveret } = useBroker();
  const shown = columns.filter(
    ({ id }) => (mayReset || id !== "reset") && !(isLeveret && id === "proc_used"),
  );
  return (
    <Section id="overview.nodes" title={overview.nodes}>
      <DataTable
        id="nodes"
        label={overview.nodes}
        source={{ kind: "local", items: data, error }}
        columns={shown}
        rowKey={nodeName}
        plain
      />
    </Section>
  );
}

const nodeName = (node: Node): string => node.name;

function ResetButton({ node }: { node: string }) {
  const reset = useAction((path: string) => request(path, { method: "DELETE" }), {
    done: () => notifyDone(overview.resetDone),
    failed: notifyFailed,
  });
  const ask = async (path: string): Promise<void> => {
    const question = {
      title: overview.resetTitle,
      text: overview.resetText,
      action: overview.resetAction,
    };
    if (await confirm(question)) await reset.run(path);
  };
  return (
    <span className="row-tight">
      <Button size="compact-xs" variant="default" onClick={() => void ask(apiPath("reset", node))}>
        {overview.resetNode}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => void ask("/reset")}>
        {overview.resetAll}
      </Button>
    </span>
  );
}
