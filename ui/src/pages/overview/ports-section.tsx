// What the broker listens on.

import type { Listener, Overview, WebContext } from "../../api/types.ts";
import { yesNo } from "../../parts/format.ts";
import { Section } from "../../parts/section.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { overview as texts } from "../../texts/overview.ts";
import { words } from "../../texts/words.ts";

const listenerColumns: readonly Column<Listener>[] = [
  { id: "protocol", header: texts.protocol, value: (item) => item.protocol },
  { id: "node", header: words.node, value: (item) => item.node },
  { id: "ip_address", header: texts.boundTo, value: (item) => item.ip_address },
  { id: "port", header: texts.port, value: (item) => item.port, cell: (item) => String(item.port) },
];

/** Also used by the page of one node. */
export const contextColumns: readonly Column<WebContext>[] = [
  { id: "description", header: texts.context, value: (item) => item.description },
  { id: "ip", header: texts.boundTo, value: (item) => item.ip ?? "0.0.0.0" },
  { id: "port", header: texts.port, value: (item) => String(item.port) },
  { id: "ssl", header: texts.tls, value: (item) => yesNo(hasTls(item)) },
  { id: "path", header: texts.path, value: (item) => item.path },
];

function hasTls(context: WebContext): boolean {
  const { ssl, ssl_opts: options } = context;
  return String(ssl) === "true" || (Array.isArray(options) && options.length > 0);
}

export const contextKey = (item: WebContext): string =>
  `${item.node}/${item.description}/${item.port}`;
const listenerKey = (item: Listener): string =>
  `${item.node}/${item.protocol}/${item.ip_address}/${item.port}`;

export function PortsSection({ overview }: { overview: Overview }) {
  return (
    <Section id="overview.ports" title={texts.ports} folded>
      <div className="columns">
        <div>
          <h3>{texts.listeners}</h3>
          <DataTable
            id="listeners"
            label={texts.listeners}
            source={{ kind: "local", items: overview.listeners ?? [] }}
            columns={listenerColumns}
            rowKey={listenerKey}
            plain
          />
        </div>
        <div>
          <h3>{texts.contexts}</h3>
          <DataTable
            id="contexts"
            label={texts.contexts}
            source={{ kind: "local", items: overview.contexts ?? [] }}
            columns={contextColumns}
            rowKey={contextKey}
            plain
          />
        </div>
      </div>
    </Section>
  );
}
