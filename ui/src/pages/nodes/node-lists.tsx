// The lists of a node: web contexts, cluster links, plugins, applications, exchange types, mechanisms.

import type { ClusterLink, Details, Named, Node } from "../../api/types.ts";
import { byteRate, yesNo } from "../../parts/format.ts";
import { Empty } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { node as texts } from "../../texts/node.ts";
import { contextColumns, contextKey } from "../overview/ports-section.tsx";

const { name, version, description, enabled } = texts.columns;

const nameColumn: Column<Named> = { id: "name", header: name, value: (item) => item.name };
const describedColumn: Column<Named> = {
  id: "description",
  header: description,
  value: (item) => item.description,
};
const versionColumn: Column<Named> = {
  id: "version",
  header: version,
  value: (item) => item.version,
};
const enabledColumn: Column<Named> = {
  id: "enabled",
  header: enabled,
  value: (item) => yesNo(item.enabled),
};

const versioned = [nameColumn, versionColumn, describedColumn];
const described = [nameColumn, describedColumn];
const switched = [nameColumn, describedColumn, enabledColumn];

const nameKey = (item: Named): string => item.name;

export function NodeLists({ node }: { node: Node }) {
  const applications = node.applications ?? [];
  const enabledNames = new Set(node.enabled_plugins ?? []);
  const plugins = applications.filter((application) => enabledNames.has(application.name));
  const named =
    plugins.length > 0 ? plugins : [...enabledNames].map((plugin) => ({ name: plugin }));
  return (
    <>
      <Section id="node.contexts" title={texts.ports} folded>
        <DataTable
          id="node.contexts"
          label={texts.ports}
          source={{ kind: "local", items: node.contexts ?? [] }}
          columns={contextColumns}
          rowKey={contextKey}
          plain
        />
      </Section>
      <ClusterLinks links={node.cluster_links ?? []} />
      <NamedSection id="node.plugins" title={texts.plugins} items={named} columns={versioned} />
      <NamedSection
        id="node.applications"
        title={texts.applications}
        items={applications}
        columns={versioned}
      />
      <NamedSection
        id="node.exchange-types"
        title={texts.exchangeTypes}
        items={node.exchange_types}
        columns={described}
      />
      <NamedSection
        id="node.mechanisms"
        title={texts.mechanisms}
        items={node.auth_mechanisms}
        columns={switched}
      />
    </>
  );
}

interface NamedSectionProps {
  readonly id: string;
  readonly title: string;
  readonly items: readonly Named[] | undefined;
  readonly columns: readonly Column<Named>[];
}

function NamedSection({ id, title, items = [], columns }: NamedSectionProps) {
  return (
    <Section id={id} title={`${title} (${items.length})`} folded>
      <DataTable
        id={id}
        label={title}
        source={{ kind: "local", items }}
        columns={columns}
        rowKey={nameKey}
        defaultSort={{ id: "name", desc: false }}
        plain
      />
    </Section>
  );
}

const linkColumns: readonly Column<ClusterLink>[] = [
  { id: "name", header: texts.peer, value: (link) => link.name },
  { id: "peer_addr", header: texts.peerAddress, value: (link) => link.peer_addr },
  { id: "peer_port", header: texts.port, value: (link) => String(link.peer_port ?? "") },
  {
    id: "send",
    header: texts.toPeer,
    value: (link) => rateOf(link, "send_bytes"),
    cell: (link) => byteRate(rateOf(link, "send_bytes")),
  },
  {
    id: "receive",
    header: texts.fromPeer,
    value: (link) => rateOf(link, "recv_bytes"),
    cell: (link) => byteRate(rateOf(link, "recv_bytes")),
  },
];

function rateOf(link: ClusterLink, field: string): number | undefined {
  return (link.stats?.[`${field}_details`] as Details | undefined)?.rate;
}

const linkKey = (link: ClusterLink): string => link.name;

function ClusterLinks({ links }: { links: readonly ClusterLink[] }) {
  return (
    <Section id="node.links" title={`${texts.links} (${links.length})`} folded>
      <DataTable
        id="node.links"
        label={texts.links}
        source={{ kind: "local", items: links }}
        columns={linkColumns}
        rowKey={linkKey}
        empty={<Empty title={texts.linksNone} />}
        plain
      />
    </Section>
  );
}
