// The rows that exchanges and queues have alike: how they drop duplicates. The names are those LavinMQ has made known.

import type { DuplicateSettings } from "../duplicates/rules.ts";
import {
  checkBoolean,
  checkExpiry,
  checkPositive,
  checkText,
  readBoolean,
  readNumber,
  readText,
  type Setting,
} from "./setting.ts";

type Row = Pick<Setting<keyof DuplicateSettings>, "field" | "check" | "read" | "what" | "doc"> & {
  readonly argument: string;
  readonly policyKey: string;
};

export const duplicateSettings: readonly Row[] = [
  {
    argument: "x-message-deduplication",
    policyKey: "message-deduplication",
    field: "dropsDuplicates",
    check: checkBoolean,
    read: readBoolean,
    what: "message deduplication flag",
    doc: "A message whose `x-deduplication-header` came before is dropped; its publisher hears that all is well.",
  },
  {
    argument: "x-cache-size",
    policyKey: "cache-size",
    field: "duplicatesMax",
    check: checkPositive,
    read: readNumber,
    what: "cache size",
    doc: "How many keys are kept to know duplicates by (128); a million at most.",
  },
  {
    argument: "x-cache-ttl",
    policyKey: "cache-ttl",
    field: "duplicatesTtlMs",
    check: checkExpiry,
    read: readNumber,
    what: "cache TTL",
    doc: "How long a key counts in ms; a message can have an `x-cache-ttl` of its own.",
  },
  {
    argument: "x-deduplication-header",
    policyKey: "deduplication-header",
    field: "duplicatesHeader",
    check: checkText,
    read: readText,
    what: "deduplication header name",
    doc: "The header that holds the key, instead of `x-deduplication-header`.",
  },
];
