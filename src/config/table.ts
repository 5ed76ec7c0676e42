// The whole configuration table, and the typed Config it yields.

import type { ConfigRow, EntryOrigin } from "./row.ts";
import { accessRows } from "./sections/access.ts";
import { loggingRows } from "./sections/logging.ts";
import {
  managementRows,
  managementTlsRows,
  prometheusRows,
  prometheusTlsRows,
} from "./sections/management.ts";
import { networkRows } from "./sections/network.ts";
import { nodeRows } from "./sections/node.ts";
import { resourceRows } from "./sections/resources.ts";
import { tlsRows } from "./sections/tls.ts";

const amqpTlsRows = tlsRows("ssl_options");

/** Sections in the order of the reference page. */
export const sections = {
  node: { title: "Node", rows: nodeRows },
  network: { title: "Listeners and connections", rows: networkRows },
  tls: { title: "TLS of AMQP listeners", rows: amqpTlsRows },
  access: { title: "Users and authentication", rows: accessRows },
  resources: { title: "Memory, disk and limits", rows: resourceRows },
  management: { title: "Management", rows: managementRows },
  managementTls: { title: "TLS of the management listener", rows: managementTlsRows },
  prometheus: { title: "Prometheus", rows: prometheusRows },
  prometheusTls: { title: "TLS of the Prometheus listener", rows: prometheusTlsRows },
  logging: { title: "Logging", rows: loggingRows },
} as const;

type Sections = typeof sections;
type ValuesOf<R> = { readonly [K in keyof R]: R[K] extends ConfigRow<infer T> ? T : never };
type SectionValues = { readonly [S in keyof Sections]: ValuesOf<Sections[S]["rows"]> };

/** Everything the broker was told, typed and checked. Property names carry their units. */
export interface Config extends SectionValues {
  /** By key: where a value that is not the default was written. */
  readonly origins: ReadonlyMap<string, EntryOrigin>;
  /** Files that were read, in order. */
  readonly files: readonly string[];
}

export type SectionName = keyof Sections;

/** A row with the place of its value in Config. */
export interface PlacedRow {
  readonly section: SectionName;
  readonly property: string;
  readonly row: ConfigRow<unknown>;
}

export const placedRows: readonly PlacedRow[] = Object.entries(sections).flatMap(
  ([section, { rows }]) =>
    Object.entries(rows).map(([property, row]) => ({
      section: section as SectionName,
      property,
      row: row as ConfigRow<unknown>,
    })),
);

/** The value a row has in `config`. */
export function configValue(config: Config, placed: PlacedRow): unknown {
  return (config[placed.section] as Readonly<Record<string, unknown>>)[placed.property];
}
