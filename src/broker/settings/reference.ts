// The reference page of queue and exchange settings, written from the tables.

import { exchangeTypes } from "../exchange/types.ts";
import { exchangeSettings } from "./exchange-settings.ts";
import { queueSettings } from "./queue-settings.ts";
import type { Setting } from "./setting.ts";

const MERGE: Readonly<Record<Setting<string>["merge"], string>> = {
  first: "the declare",
  smaller: "the smaller",
  larger: "the larger",
};

/** Markdown of docs/reference/queues-and-exchanges.md. */
export function settingsReference(): string {
  return [
    "# Settings of queues and exchanges",
    "",
    "Written from the tables in `src/broker/settings/` and `src/broker/exchange/types.ts` by `npm run generate`.",
    "",
    "A value can come from the declare (an argument), from a policy and from an operator policy. *Wins* says which one",
    "holds when a declare and a policy both have it; of a policy and an operator policy the stricter number holds, for",
    "other values the operator's. `GET /api/queues/:vhost/:name` shows what holds, and the effective settings where each",
    "value came from.",
    "",
    "## Queues",
    "",
    "An argument that belongs to other types of queue is refused with 406; one nobody knows is kept and ignored.",
    "",
    ...table(queueSettings, (setting) => setting.queueTypes.join(", ")),
    "",
    "## Exchanges",
    "",
    ...table(exchangeSettings, () => "all exchanges"),
    "",
    "### Types",
    "",
    "| Type | |",
    "| --- | --- |",
    ...[...exchangeTypes.values()].map(
      ({ name, description }) => `| \`${name}\` | ${description} |`,
    ),
    "",
  ].join("\n");
}

function table<Row extends Setting<string>>(
  rows: readonly Row[],
  appliesTo: (row: Row) => string,
): string[] {
  return [
    "| Argument | Policy key | For | Wins | |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map((row) => {
      const policy = row.policyKey === undefined ? "" : `\`${row.policyKey}\``;
      const key = row.operatorKey ? `${policy} (operator too)` : policy;
      const argument = row.argument === undefined ? "" : `\`${row.argument}\``;
      const wins =
        row.policyKey === undefined || row.argument === undefined ? "" : MERGE[row.merge];
      return `| ${argument} | ${key} | ${appliesTo(row)} | ${wins} | ${row.doc} |`;
    }),
  ];
}
