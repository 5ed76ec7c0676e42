// The time ranges of charts, and the API's parameters for them.

import { useSetting } from "../settings/settings.ts";

export interface Range {
  readonly seconds: number;
  /** Seconds between two samples, as RabbitMQ keeps them for this range. */
  readonly stepSeconds: number;
}

export const RANGES: readonly Range[] = [
  { seconds: 60, stepSeconds: 5 },
  { seconds: 600, stepSeconds: 5 },
  { seconds: 3600, stepSeconds: 60 },
  { seconds: 28_800, stepSeconds: 600 },
  { seconds: 86_400, stepSeconds: 1800 },
];

/** The chosen range, for all charts. */
export function useRange(): [Range, (seconds: number) => void] {
  const [seconds, setSeconds] = useSetting("chart.range", 600);
  const range = RANGES.find((candidate) => candidate.seconds === seconds) ?? RANGES[0];
  return [range as Range, setSeconds];
}

/** Query parameters that ask for samples of queue lengths, message rates, data rates and node figures. */
export function sampleQuery(range: Range): Record<string, number> {
  const query: Record<string, number> = {};
  for (const kind of ["lengths", "msg_rates", "data_rates", "node_stats"]) {
    query[`${kind}_age`] = range.seconds;
    query[`${kind}_incr`] = range.stepSeconds;
  }
  return query;
}
