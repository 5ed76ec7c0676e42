// Closing connections by force.

import { apiPath, request } from "../../api/client.ts";
import type { Connection } from "../../api/types.ts";
import { runOnAll } from "../../parts/bulk.ts";
import { confirm } from "../../parts/confirm.tsx";
import { connections as texts } from "../../texts/connections.ts";

/** Closes one connection; the client is told the reason. */
export function closeConnection(name: string, reason: string): Promise<unknown> {
  return request(apiPath("connections", name), {
    method: "DELETE",
    headers: { "x-reason": headerText(reason || texts.closeDefault) },
  });
}

// A header holds Latin-1 in one line.
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/g, "?").slice(0, 1000);
}

/** Asks, then closes all of them. */
export async function closeConnections(items: readonly Connection[]): Promise<boolean> {
  const sure = await confirm({
    title: texts.close,
    text: texts.closeManyText(items.length),
    action: texts.close,
  });
  if (!sure) return false;
  return runOnAll(items, (item) => closeConnection(item.name, ""), texts.closedMany);
}
