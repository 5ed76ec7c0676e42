// In words: why a binding takes a message or not.

import type { Binding, RoutedMessage } from "../../broker/exchange/exchange.ts";
import type { FieldValue } from "../../broker/message/field-table.ts";
import { textOf } from "../../broker/message/field-table.ts";
import { plainValue } from "../../broker/message/field-table-json.ts";
import { toJsonText } from "../api-json.ts";

type Reason = (binding: Binding, message: RoutedMessage, matched: boolean) => string;

const REASONS: Readonly<Record<string, Reason>> = {
  direct: ({ routingKey }, message, matched) =>
    matched
      ? "the keys are equal"
      : `the message's key '${message.routingKey}' is not '${routingKey}'`,
  fanout: () => "a fanout exchange sends to everything bound to it",
  topic: topicReason,
  headers: headersReason,
};

export function whyNot(
  type: string,
  binding: Binding,
  message: RoutedMessage,
  matched: boolean,
): string {
  const reason = REASONS[type];
  if (reason !== undefined) return reason(binding, message, matched);
  return matched ? `chosen by the ${type} exchange` : `not chosen by the ${type} exchange`;
}

function topicReason(
  { routingKey: pattern }: Binding,
  message: RoutedMessage,
  matched: boolean,
): string {
  const words = message.routingKey.split(".");
  if (matched) return `'${message.routingKey}' matches the pattern '${pattern}'`;
  const wanted = pattern.split(".");
  if (wanted.includes("#"))
    return `'${message.routingKey}' does not match the pattern '${pattern}'`;
  if (wanted.length !== words.length) {
    return `the key has ${count(words.length)}, the pattern '${pattern}' asks for ${count(wanted.length)}`;
  }
  const at = wanted.findIndex((word, i) => word !== "*" && word !== words[i]);
  return `word ${at + 1} is '${words[at]}', the pattern '${pattern}' asks for '${wanted[at]}'`;
}

function count(words: number): string {
  return words === 1 ? "1 word" : `${words} words`;
}

function headersReason(binding: Binding, message: RoutedMessage, matched: boolean): string {
  const mode = textOf(binding.arguments.get("x-match")) ?? "all";
  const judged = [...binding.arguments].filter(
    ([name]) => name !== "x-match" && (mode.endsWith("-with-x") || !name.startsWith("x-")),
  );
  const missing = judged.filter(([name, value]) => !hasHeader(message, name, value));
  if (mode.startsWith("any")) {
    return matched ? "one of its headers is there" : "none of the headers it asks for is there";
  }
  if (matched)
    return judged.length === 0 ? "it asks for no header" : "all of its headers are there";
  const [name, value] = missing[0] ?? ["", undefined];
  const found = message.headers.get(name);
  const wanted = value === undefined ? "" : toJsonText(plainValue(value));
  if (found === undefined) return `the header '${name}' is not there`;
  return `the header '${name}' is ${toJsonText(plainValue(found))}, not ${wanted}`;
}

function hasHeader(message: RoutedMessage, name: string, wanted: FieldValue): boolean {
  const found = message.headers.get(name);
  if (found === undefined) return false;
  return wanted.type === "V" || toJsonText(plainValue(found)) === toJsonText(plainValue(wanted));
}
