// Finds the row a key belongs to, and the nearest key to one that belongs to none.

import { editDistance } from "./edit-distance.ts";
import { ignoredKeys } from "./ignored-keys.ts";
import { type PlacedRow, placedRows } from "./table.ts";

export interface KeyMatch {
  readonly placed: PlacedRow;
  readonly pattern: string;
  readonly wildcards: readonly string[];
}

interface IndexedPattern {
  readonly placed: PlacedRow;
  readonly pattern: string;
  readonly segments: readonly string[];
  readonly wildcardCount: number;
}

// Exact keys before those with wildcards: log.file.level is not the level of a category called "file".
const patterns: readonly IndexedPattern[] = placedRows
  .flatMap((placed) =>
    placed.row.patterns.map((pattern) => {
      const segments = pattern.split(".");
      const wildcardCount = segments.filter((segment) => segment.startsWith("$")).length;
      return { placed, pattern, segments, wildcardCount };
    }),
  )
  .sort((a, b) => a.wildcardCount - b.wildcardCount);

/** Ignored by their full name: journald is no category, though log.journald.level reads as if it were. */
const ignoredByName = new Set(ignoredKeys);
const ignored = ignoredKeys.map((pattern) => pattern.split("."));

export function findRow(segments: readonly string[]): KeyMatch | undefined {
  const isIgnoredByName = ignoredByName.has(segments.join("."));
  for (const { placed, pattern, segments: wanted, wildcardCount } of patterns) {
    if (isIgnoredByName && wildcardCount > 0) return undefined;
    const wildcards = match(wanted, segments);
    if (wildcards !== undefined) return { placed, pattern, wildcards };
  }
  return undefined;
}

export function isIgnored(segments: readonly string[]): boolean {
  return ignored.some((wanted) => match(wanted, segments) !== undefined);
}

function match(wanted: readonly string[], given: readonly string[]): readonly string[] | undefined {
  const wildcards: string[] = [];
  for (const [index, segment] of wanted.entries()) {
    if (segment.endsWith("**")) {
      const start = segment.slice(0, -2);
      return given.length > index && given[index]!.startsWith(start) ? wildcards : undefined;
    }
    const word = given[index];
    if (word === undefined) return undefined;
    if (segment.startsWith("$")) wildcards.push(word);
    else if (segment !== word) return undefined;
  }
  return given.length === wanted.length ? wildcards : undefined;
}

/** The known key that is spelt most like `key`, or undefined when none is near. */
export function nearestKey(key: string): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(key.length / 3)) + 1;
  for (const { pattern, segments } of patterns) {
    const given = key.split(".");
    // Wildcards are compared as if the user had them right.
    const concrete = segments
      .map((segment, i) => (segment.startsWith("$") ? (given[i] ?? "1") : segment))
      .join(".");
    const distance = editDistance(key, concrete, bestDistance);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = concrete === key ? pattern : concrete;
    }
  }
  return best;
}
