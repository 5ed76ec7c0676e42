// How answers look: tab-separated tables, JSON, CSV, framed tables, as RabbitMQ's tools print them.

import Table from "cli-table3";
import type { Json, Row } from "./client.ts";
import type { Formatter, Output } from "./verb.ts";

export interface OutputOptions {
  readonly formatter: Formatter;
  readonly withHeaders: boolean;
}

/** The text of an answer, with its line end; empty for none. */
export function render(output: Output, { formatter, withHeaders }: OutputOptions): string {
  switch (output.kind) {
    case "none":
      return "";
    case "text":
      if (formatter === "json")
        return `${JSON.stringify({ result: "ok", message: output.text })}\n`;
      return output.text === "" ? "" : `${output.text}\n`;
    case "value":
      return formatter === "json" ? `${JSON.stringify(output.json)}\n` : `${output.text}\n`;
    case "rows": {
      if (output.isWhole === true && output.rows.length === 0) {
        return formatter === "json" || formatter === "erlang" ? "[]\n" : "\n";
      }
      const headers = withHeaders && output.noHeader !== true;
      const form = formatter === "table" && output.isFramed === true ? "pretty_table" : formatter;
      return renderRows(output.columns, output.rows, form, headers);
    }
  }
}

function renderRows(
  columns: readonly string[],
  items: readonly Row[],
  formatter: Formatter,
  withHeaders: boolean,
): string {
  switch (formatter) {
    case "json":
      return jsonRows(columns, items);
    case "csv":
      return csvRows(columns, items, withHeaders);
    case "pretty_table":
      return items.length === 0 ? "" : prettyRows(columns, items);
    case "erlang":
      return `[${items.map((item) => erlangRow(columns, item)).join(",\n ")}]\n`;
    case "table":
      return tableRows(columns, items, withHeaders);
  }
}

/** An empty list has no header either. */
function tableRows(
  columns: readonly string[],
  items: readonly Row[],
  withHeaders: boolean,
): string {
  if (items.length === 0) return "";
  const lines = items.map((item) => columns.map((column) => cell(item[column])).join("\t"));
  if (withHeaders) lines.unshift(columns.join("\t"));
  return `${lines.join("\n")}\n`;
}

function jsonRows(columns: readonly string[], items: readonly Row[]): string {
  const lines = items.map((item) => JSON.stringify(picked(columns, item)));
  return `[\n${lines.join("\n,")}${lines.length > 0 ? "\n" : ""}]\n`;
}

function picked(columns: readonly string[], item: Row): Record<string, Json> {
  return Object.fromEntries(columns.map((column) => [column, item[column] ?? ""]));
}

function csvRows(columns: readonly string[], items: readonly Row[], withHeaders: boolean): string {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = items.map((item) => columns.map((column) => quote(cell(item[column]))).join(","));
  if (withHeaders && items.length > 0) lines.unshift(columns.map(quote).join(","));
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function prettyRows(columns: readonly string[], items: readonly Row[]): string {
  const table = new Table({ head: [...columns], style: { head: [], border: [] } });
  for (const item of items) table.push(columns.map((column) => framedCell(item[column])));
  return `${table.toString()}\n`;
}

/** Lists of words without brackets. */
function framedCell(value: Json | undefined): string {
  return Array.isArray(value) ? (value as readonly Json[]).map(cell).join(", ") : cell(value);
}

function erlangRow(columns: readonly string[], item: Row): string {
  return `[${columns.map((column) => `{${column},${term(item[column] ?? "")}}`).join(",")}]`;
}

/** A value inside a table. Objects look as RabbitMQ prints argument tables: [{"x-priority",2}]. */
export function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(cell).join(", ")}]`;
  if (typeof value === "object") return term(value);
  return String(value).replace(/[\t\n\r]/g, (c) => ({ "\t": "\\t", "\n": "\\n" })[c] ?? "\\r");
}

/** As Erlang writes it. */
export function term(value: Json): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(term).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `[${Object.entries(value)
      .map(([name, item]) => `{${JSON.stringify(name)},${term(item)}}`)
      .join(",")}]`;
  }
  return String(value);
}
