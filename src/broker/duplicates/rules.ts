// When an exchange or queue drops duplicates: its arguments or policy, in the words other brokers use for them.

import type { DuplicateRules } from "./window.ts";

/** The part of settings that exchanges and queues have alike. */
export interface DuplicateSettings {
  readonly dropsDuplicates: boolean;
  readonly duplicatesMax: number | undefined;
  readonly duplicatesTtlMs: number | undefined;
  readonly duplicatesHeader: string | undefined;
}

export const NO_DUPLICATE_SETTINGS: DuplicateSettings = {
  dropsDuplicates: false,
  duplicatesMax: undefined,
  duplicatesTtlMs: undefined,
  duplicatesHeader: undefined,
};

const SIZE_DEFAULT = 128;
/** A key is some 100 bytes of memory. */
export const DUPLICATES_MAX = 1_000_000;
const HEADER_DEFAULT = "x-deduplication-header";

/** Undefined: duplicates are messages like any other. */
export function duplicateRules(settings: DuplicateSettings): DuplicateRules | undefined {
  if (!settings.dropsDuplicates) return undefined;
  return {
    sizeMax: Math.min(settings.duplicatesMax ?? SIZE_DEFAULT, DUPLICATES_MAX),
    ttlMs: settings.duplicatesTtlMs,
    header: settings.duplicatesHeader ?? HEADER_DEFAULT,
  };
}
