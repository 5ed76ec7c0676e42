// An inspection as people read it.

import Table from "cli-table3";
import { damageText } from "../../store/damage.ts";
import { FORMAT_VERSION } from "../../store/format.ts";
import type { Report } from "./inspect.ts";

/** So many queues and files are named one by one. */
const ROWS_MAX = 50;
const counted = ["vhosts", "users", "exchanges", "queues", "bindings", "policies", "parameters"];

export function reportText(report: Report): string {
  const { checkpoints, logFiles, segments, leftovers } = report;
  const parts = [
    headOf(report),
    section(
      "Checkpoints",
      ["file", "number", "made", "bytes", "condition"],
      checkpoints.map((x) => [x.file, x.number, dateOf(x.createdAtMs), x.sizeBytes, x.condition]),
    ),
    section(
      `Log files (up to position ${report.logEndPosition}; ${report.logBlockCount} blocks behind the checkpoint)`,
      ["file", "bytes", "written up to", "use"],
      logFiles.map((x) => [x.file, x.sizeBytes, x.writtenBytes, x.use]),
    ),
    section(
      "Segments",
      ["file", "bytes", "pages in use", "bytes in use"],
      segments.map((x) => [x.file, x.sizeBytes, x.pageCount, x.pageBytes]),
    ),
    ...(leftovers.length === 0 ? [] : [`Removed at the next start: ${listed(leftovers)}`]),
    definitionsOf(report),
    damageOf(report),
  ];
  return `${parts.join("\n\n")}\n`;
}

function headOf({ directory, id, usedByProcess, stoppedOrderly, torn }: Report): string {
  const state =
    usedByProcess !== undefined
      ? `In use by process ${usedByProcess}; this is what was there at one moment.`
      : stoppedOrderly
        ? "Stopped orderly: a start has nothing to repeat."
        : torn
          ? "Not stopped orderly: a start repeats the log. The newest write was cut off and never confirmed."
          : "Not stopped orderly: a start repeats the log.";
  return `Data directory ${directory}\nFormat ${FORMAT_VERSION}, id ${id}\n${state}`;
}

function definitionsOf({ definitions, queues }: Report): string {
  const counts = counted.map((name) => {
    const list = definitions[name];
    return `${Array.isArray(list) ? list.length : 0} ${name}`;
  });
  const messages = queues.reduce((sum, queue) => sum + queue.messages, 0);
  const title = `Definitions\n${counts.join(", ")}; ${messages} messages`;
  if (queues.length === 0) return title;
  const rows = queues.map((x) => [x.vhost, x.name, x.type, x.messages]);
  return `${title}\n${table(["vhost", "queue", "type", "messages"], rows)}`;
}

function damageOf({ damage, unsteady }: Report): string {
  if (damage.length === 0) return "Damage\nnone";
  const lines = damage.map((x) => damageText(x));
  if (unsteady) lines.push("The broker wrote meanwhile: look again when it rests.");
  return `Damage\n${lines.join("\n")}`;
}

type Cell = string | number | undefined;

function section(title: string, head: string[], rows: readonly (readonly Cell[])[]): string {
  return `${title}\n${rows.length === 0 ? "none" : table(head, rows)}`;
}

function table(head: string[], rows: readonly (readonly Cell[])[]): string {
  const printed = new Table({
    head,
    style: { head: [], border: [], compact: true },
    chars: noLines,
  });
  for (const row of rows.slice(0, ROWS_MAX)) printed.push(row.map((cell) => cell ?? ""));
  const more = rows.length - ROWS_MAX;
  return `${printed}${more > 0 ? `\n  and ${more} more (--format json names all)` : ""}`;
}

const noLines = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left"],
    ...["bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((name) => [name, ""]),
);

function listed(names: readonly string[]): string {
  const more = names.length - ROWS_MAX;
  return names.slice(0, ROWS_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function dateOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
