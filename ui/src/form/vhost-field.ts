// The field that asks for a virtual host; starts with the one that lists are limited to.

import { useApi } from "../api/query.ts";
import type { Vhost } from "../api/types.ts";
import { useVhostFilter } from "../settings/settings.ts";
import { words } from "../texts/words.ts";
import type { SelectField } from "./fields.ts";

/** Virtual hosts the user may see, by name. */
export function useVhosts(): readonly Vhost[] {
  const { data } = useApi<readonly Vhost[]>("/vhosts", {
    query: { columns: "name,default_queue_type" },
  });
  return data ?? [];
}

export function useVhostField(): SelectField {
  const [filter] = useVhostFilter();
  const names = useVhosts().map((vhost) => vhost.name);
  return {
    kind: "select",
    name: "vhost",
    label: words.vhost,
    initial: filter || (names.includes("/") ? "/" : (names[0] ?? "/")),
    options: (names.length > 0 ? names : ["/"]).map((name) => ({ value: name, label: name })),
  };
}
