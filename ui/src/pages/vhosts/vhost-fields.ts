// The fields of a virtual host, and the request they become.

import type { Vhost } from "../../api/types.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { vhosts as texts } from "../../texts/admin.ts";
import { queues } from "../../texts/queues.ts";

export function vhostFields(existing?: Vhost): Field[] {
  const { classic, quorum, stream } = queues.types;
  const type = existing?.default_queue_type;
  return [
    {
      kind: "text",
      name: "description",
      label: texts.description,
      initial: existing?.description ?? "",
    },
    {
      kind: "text",
      name: "tags",
      label: texts.tags,
      help: texts.tagsHelp,
      initial: existing ? vhostTags(existing).join(",") : "",
    },
    {
      kind: "select",
      name: "type",
      label: texts.defaultType,
      initial: type === "quorum" || type === "stream" ? type : "classic",
      options: Object.entries({ classic, quorum, stream }).map(([value, label]) => ({
        value,
        label,
      })),
    },
  ];
}

/** The body of PUT /vhosts/:name. */
export function vhostBody(values: FormValues): unknown {
  return { description: values.description, tags: values.tags, default_queue_type: values.type };
}

export function vhostTags(vhost: Vhost): readonly string[] {
  const tags = vhost.tags ?? [];
  return typeof tags === "string" ? tags.split(",").filter(Boolean) : tags;
}

/** One state when all nodes agree, every node's otherwise. */
export function vhostState(vhost: Vhost): string {
  const states = Object.entries(vhost.cluster_state ?? {});
  const different = new Set(states.map(([, state]) => state));
  if (different.size <= 1) return states[0]?.[1] ?? "running";
  return states.map(([node, state]) => `${node}: ${state}`).join(", ");
}

/** The type queues get that ask for none; brokers call classic "undefined" too. */
export function typeText(type: string | undefined): string {
  return type === undefined || type === "undefined" ? "classic" : type;
}
