// Short marks for what an exchange or queue is: durable, auto-delete, arguments and policies.

import type { Exchange, Queue } from "../../api/types.ts";
import { value as valueText } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";

interface Mark {
  readonly text: string;
  readonly title: string;
  readonly href?: string;
}

const ARGUMENT_MARKS: Readonly<Record<string, string>> = {
  "x-message-ttl": "TTL",
  "x-expires": "Exp",
  "x-max-length": "Lim",
  "x-max-length-bytes": "Lim B",
  "x-overflow": "Ovfl",
  "x-dead-letter-exchange": "DLX",
  "x-dead-letter-routing-key": "DLK",
  "x-max-priority": "Pri",
  "x-single-active-consumer": "SAC",
  "x-queue-mode": "Lazy",
  "x-delivery-limit": "DL",
  "x-max-age": "Age",
  "alternate-exchange": "AE",
};

type Featured = Exchange | Queue;

export interface FeatureOptions {
  readonly policies: boolean;
}

export function FeatureChips({ item, policies }: { item: Featured } & FeatureOptions) {
  return (
    <span className="row-tight">
      {marksOf(item, policies).map((mark) =>
        mark.href ? (
          <a key={mark.text} className="chip link" href={mark.href} title={mark.title}>
            {mark.text}
          </a>
        ) : (
          <abbr key={mark.text} className="chip" title={mark.title}>
            {mark.text}
          </abbr>
        ),
      )}
    </span>
  );
}

/** The marks as text, for sorting and saving. */
export function featureText(item: Featured, policies: boolean): string {
  return marksOf(item, policies)
    .map((mark) => mark.text)
    .join(" ");
}

function marksOf(item: Featured, policies: boolean): Mark[] {
  const marks: Mark[] = [];
  if (item.durable) marks.push({ text: "D", title: "durable" });
  if (item.auto_delete) marks.push({ text: "AD", title: "auto-delete" });
  if ("internal" in item && item.internal) marks.push({ text: "I", title: "internal" });
  if ("exclusive" in item && item.exclusive) marks.push({ text: "Excl", title: "exclusive" });
  marks.push(...argumentMarks(item));
  if (policies) marks.push(...policyMarks(item));
  return marks;
}

function argumentMarks(item: Featured): Mark[] {
  const marks: Mark[] = [];
  const others: string[] = [];
  for (const [key, value] of Object.entries(item.arguments)) {
    if (key === "x-queue-type") continue;
    const text = Object.hasOwn(ARGUMENT_MARKS, key) ? ARGUMENT_MARKS[key] : undefined;
    const title = `${key}: ${valueText(value)}`;
    if (text) marks.push({ text, title });
    else others.push(title);
  }
  if (others.length > 0) marks.push({ text: "Args", title: others.join(", ") });
  return marks;
}

function policyMarks(item: Featured): Mark[] {
  const marks: Mark[] = [];
  if (item.policy) {
    const href = linkTo.policy(item.vhost, item.policy);
    marks.push({ text: item.policy, title: `policy ${item.policy}`, href });
  }
  const operator = "operator_policy" in item ? item.operator_policy : undefined;
  if (typeof operator === "string" && operator !== "") {
    const href = linkTo.operatorPolicy(item.vhost, operator);
    marks.push({ text: operator, title: `operator policy ${operator}`, href });
  }
  return marks;
}
