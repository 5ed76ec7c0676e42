// Saves rows as a CSV file.

import { saveFile } from "../parts/save-file.ts";
import type { Column } from "./columns.ts";

/** All columns, also hidden ones, under their headings. */
export function saveCsv<Item>(
  name: string,
  columns: readonly Column<Item>[],
  items: readonly Item[],
): void {
  const lines = [columns.map((column) => cell(headingOf(column)))];
  for (const item of items) lines.push(columns.map((column) => cell(column.value(item))));
  const text = lines.map((line) => line.join(",")).join("\r\n");
  saveFile(`${name}.csv`, new Blob([text], { type: "text/csv" }));
}

function headingOf<Item>(column: Column<Item>): string {
  return column.group ? `${column.group}: ${column.header}` : column.header;
}

/** One CSV cell; text that a spreadsheet would run as a formula is kept text. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
