// How rabbitmqadmin shows rows: a framed table unless another form is asked for, in the looks of its version 1.

import type { Json, Row } from "../ctl/client.ts";

const RULE = "-".repeat(80);

/** The rows in the form `name`; undefined = a table. */
export function format(
  items: readonly Row[],
  columns: readonly string[],
  name: string | undefined,
): string {
  switch (name) {
    case "raw_json":
      return JSON.stringify(items);
    case "pretty_json":
      return JSON.stringify(items, null, 2);
    case "tsv":
      return [columns, ...cells(items, columns)].map((row) => row.join("\t")).join("\n");
    case "bash":
      return items.map((item) => shown(item, columns[0]!)).join(" ");
    case "kvp":
      return items
        .map((item) => columns.map((column) => `${column}="${shown(item, column)}"`).join(" "))
        .join("\n");
    case "long":
      return long(items, columns);
    default:
      return items.length === 0 ? "No items" : table(columns, cells(items, columns));
  }
}

/** These come first when all columns are shown. */
const FIRST_COLUMNS = ["vhost", "name", "type"];

/** Names of all fields; what is an empty table everywhere is none. */
export function allColumns(items: readonly Row[]): readonly string[] {
  const names = new Set<string>();
  for (const item of items) {
    for (const [name, value] of Object.entries(item)) {
      const isEmpty = JSON.stringify(value) === "{}";
      if (!isEmpty) names.add(name);
    }
  }
  const first = FIRST_COLUMNS.filter((name) => names.has(name));
  return [...first, ...[...names].filter((name) => !first.includes(name)).sort()];
}

function cells(items: readonly Row[], columns: readonly string[]): readonly (readonly string[])[] {
  return items.map((item) => columns.map((column) => shown(item, column)));
}

function long(items: readonly Row[], columns: readonly string[]): string {
  const width = Math.max(...columns.map(({ length }) => length));
  const blocks = items.map((item) =>
    columns.map((column) => `${column.padStart(width)}: ${shown(item, column)}`).join("\n"),
  );
  return `\n${[RULE, ...blocks.flatMap((block) => [block, RULE])].join("\n\n")}\n`;
}

/** Headers are centred, cells begin at the left. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]!.length)),
  );
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  return [
    rule,
    line(columns.map((column, index) => centred(column, widths[index]!))),
    rule,
    ...rows.map((row) => line(row.map((text, index) => text.padEnd(widths[index]!)))),
    rule,
  ].join("\n");
}

/** An odd space goes to the right. */
function centred(text: string, width: number): string {
  const space = width - text.length;
  const left = Math.floor(space / 2);
  return " ".repeat(left) + text + " ".repeat(space - left);
}

function shown(item: Row, column: string): string {
  let value: Json | undefined = item;
  for (const name of column.split(".")) {
    value =
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Row)[name]
        : undefined;
  }
  return text(value);
}

function text(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return (value as readonly Json[]).map(text).join(" ");
  if (typeof value === "object") {
    return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
  }
  return String(value);
}
