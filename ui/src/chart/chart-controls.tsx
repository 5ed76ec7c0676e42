// Range and size of all charts.

import { NativeSelect } from "@mantine/core";
import { useSetting } from "../settings/settings.ts";
import { charts } from "../texts/charts.ts";
import { RANGES, useRange } from "./ranges.ts";

export function ChartControls() {
  const [range, setRange] = useRange();
  const [size, setSize] = useSetting("chart.size", "medium");
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={charts.range}
        value={String(range.seconds)}
        onChange={(event) => setRange(Number(event.currentTarget.value))}
        data={RANGES.map(({ seconds }) => ({
          value: String(seconds),
          label: charts.ranges[String(seconds) as keyof typeof charts.ranges],
        }))}
      />
      <NativeSelect
        size="xs"
        aria-label={charts.size}
        value={size}
        onChange={(event) => setSize(event.currentTarget.value)}
        data={Object.entries(charts.sizes).map(([value, label]) => ({ value, label }))}
      />
    </>
  );
}
