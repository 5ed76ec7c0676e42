// Durations as tests write them: "30m", "2h", "1d", "500ms", or milliseconds as a number.

import { duration } from "../config/value-types.ts";

export type Duration = number | string;

const milliseconds = duration("ms");

/** Throws a TypeError that says what would be right. */
export function durationMs(value: Duration): number {
  const isNumber = typeof value === "number" && Number.isFinite(value) && value >= 0;
  if (isNumber) return value;
  try {
    return milliseconds.parse(String(value));
  } catch {
    throw new TypeError(
      `${JSON.stringify(value)} is no duration: 1500, "1500ms", "30s", "5m", "2h", "1d"`,
    );
  }
}
