// Columns that many tables have: rates, counts and sizes out of an item's statistics, and links to other pages.

import type { ReactNode } from "react";
import type { Details, Stats } from "../api/types.ts";
import { byteRate, bytes, count, dateTime, rate, yesNo } from "../parts/format.ts";
import { linkTo } from "../parts/links.ts";
import { words } from "../texts/words.ts";
import type { Column } from "./columns.ts";

interface Options {
  readonly group?: string;
  readonly hidden?: boolean;
  readonly forSeveralVhosts?: boolean;
  readonly wide?: boolean;
}

interface WithStats {
  readonly message_stats?: Stats;
}

const NUMBER_PX = 88;
const RATE_PX = 80;

/** The rate of one of the item's message statistics. */
export function rateColumn<Item extends WithStats>(
  field: string,
  header: string,
  options: Options = {},
): Column<Item> {
  const value = (item: Item): number | undefined =>
    (item.message_stats?.[`${field}_details`] as Details | undefined)?.rate;
  return {
    ...options,
    id: `rate.${field}`,
    header,
    value,
    // No statistics yet is a rate of nothing.
    cell: (item) => rate(value(item) ?? 0),
    sortKey: `message_stats.${field}_details.rate`,
    align: "right",
    width: RATE_PX,
  };
}

/** A number of the item. */
export function countColumn<Item>(
  field: keyof Item & string,
  header: string,
  options: Options = {},
): Column<Item> {
  return numberColumn(field, header, count, options);
}

/** A size of the item, in bytes. */
export function bytesColumn<Item>(
  field: keyof Item & string,
  header: string,
  options: Options = {},
): Column<Item> {
  return numberColumn(field, header, bytes, options);
}

function numberColumn<Item>(
  field: keyof Item & string,
  header: string,
  format: (value: number | undefined) => string,
  options: Options,
): Column<Item> {
  const value = (item: Item): number | undefined => {
    const found = item[field];
    return typeof found === "number" ? found : undefined;
  };
  return {
    ...options,
    id: field,
    header,
    value,
    cell: (item) => format(value(item)),
    align: "right",
    width: NUMBER_PX,
  };
}

/** Bytes per second, from a field's details. */
export function byteRateColumn<Item>(
  field: string,
  header: string,
  options: Options = {},
): Column<Item> {
  const value = (item: Item): number | undefined =>
    ((item as Record<string, unknown>)[`${field}_details`] as Details | undefined)?.rate;
  return {
    ...options,
    id: field,
    header,
    value,
    cell: (item) => byteRate(value(item)),
    sortKey: `${field}_details.rate`,
    align: "right",
    width: 96,
  };
}

/** Text of the item. */
export function textColumn<Item>(
  field: keyof Item & string,
  header: string,
  options: Options & { readonly width?: number } = {},
): Column<Item> {
  return { ...options, id: field, header, value: (item) => textOf(item[field]) };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : String(value);
}

/** Yes or no. */
export function flagColumn<Item>(
  field: keyof Item & string,
  header: string,
  options: Options = {},
): Column<Item> {
  return {
    ...options,
    id: field,
    header,
    value: (item) => yesNo(item[field] as boolean | undefined),
    width: 80,
  };
}

/** A moment, from Unix milliseconds. */
export function timeColumn<Item>(
  field: keyof Item & string,
  header: string,
  options: Options = {},
): Column<Item> {
  return {
    ...options,
    id: field,
    header,
    value: (item) => item[field] as number | undefined,
    cell: (item) => dateTime(item[field] as number | undefined),
    width: 150,
  };
}

/** The item's virtual host. */
export function vhostColumn<Item extends { readonly vhost: string }>(
  options: Options = {},
): Column<Item> {
  return {
    ...options,
    id: "vhost",
    header: words.vhost,
    value: (item) => item.vhost,
    cell: (item) => <TextLink href={linkTo.vhost(item.vhost)}>{item.vhost}</TextLink>,
    width: 110,
  };
}

/** A link that shows its text whole in its tooltip, for cells that cut it. */
export function TextLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a className="link" href={href} title={typeof children === "string" ? children : undefined}>
      {children}
    </a>
  );
}
