// The one chart: lines over time with values under the pointer, zoom by dragging, and the same figures as a table.

import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { Help } from "../parts/facts.tsx";
import { byteRate, bytes, clock, count, rate } from "../parts/format.ts";
import { useSetting } from "../settings/settings.ts";
import { charts } from "../texts/charts.ts";
import classes from "./chart.module.css";
import { Plot } from "./plot.tsx";
import { useRange } from "./ranges.ts";
import { type ChartData, chartData, type Line, type SampleKind } from "./series.ts";

export type Unit = "count" | "rate" | "bytes" | "byteRate" | "milliseconds";

export interface TimeChartProps {
  /** Hidden lines are remembered under this name. */
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  readonly kind: SampleKind;
  readonly unit: Unit;
  readonly help?: string;
}

const FORMATS: Readonly<Record<Unit, (value: number | null | undefined) => string>> = {
  count,
  rate,
  bytes,
  byteRate,
  milliseconds: (value) => (typeof value === "number" ? `${value.toFixed(2)} ms` : "–"),
};

const STEPS = {
  count: "whole",
  rate: "any",
  bytes: "binary",
  byteRate: "binary",
  milliseconds: "any",
} as const;

const HEIGHTS: Readonly<Record<string, number>> = { small: 110, medium: 180, large: 300 };
const NONE_HIDDEN: readonly string[] = [];

export function TimeChart({ id, title, lines, kind, unit, help }: TimeChartProps) {
  const [asTable, setAsTable] = useState(false);
  const [hidden, setHidden] = useSetting<readonly string[]>(`chart.${id}.hidden`, NONE_HIDDEN);
  const [size] = useSetting("chart.size", "medium");
  const [range] = useRange();
  const data = useMemo(() => chartData(lines, kind), [lines, kind]);
  const rangeText = charts.ranges[String(range.seconds) as keyof typeof charts.ranges];
  const format = FORMATS[unit];
  const toggle = (key: string): void =>
    setHidden(hidden.includes(key) ? hidden.filter((other) => other !== key) : [...hidden, key]);
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.caption}>
        <strong>{title}</strong> <span className="dimmed">{rangeText.toLowerCase()}</span>
        {help && <Help label={title} text={help} />}
        <span className="shell-spring" />
        <Button size="compact-xs" variant="subtle" onClick={() => setAsTable(!asTable)}>
          {asTable ? charts.asChart : charts.asTable}
        </Button>
      </figcaption>
      {asTable ? (
        <SampleTable title={title} lines={lines} data={data} format={format} />
      ) : (
        <Plot
          data={data}
          labels={lines.map((line) => line.label)}
          shown={lines.map((line) => !hidden.includes(line.key))}
          height={HEIGHTS[size] ?? 180}
          seconds={range.seconds}
          description={charts.describe(
            title,
            rangeText,
            lines.map((line) => line.label).join(", "),
          )}
          format={format}
          steps={STEPS[unit]}
        />
      )}
      <Legend lines={lines} hidden={hidden} format={format} onToggle={toggle} />
    </figure>
  );
}

function Legend({
  lines,
  hidden,
  format,
  onToggle,
}: {
  lines: readonly Line[];
  hidden: readonly string[];
  format: (value: number | undefined) => string;
  onToggle: (key: string) => void;
}) {
  return (
    <ul className={classes.legend}>
      {lines.map((line, index) => (
        <li key={line.key}>
          <button
            type="button"
            className={classes.key}
            data-line={index % 13}
            aria-pressed={!hidden.includes(line.key)}
            title={charts.toggle(line.label)}
            onClick={() => onToggle(line.key)}
          >
            <span className={classes.keyName}>{line.label}</span>
            <span className={classes.keyValue}>{format(line.now ?? line.details?.rate)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function SampleTable({
  title,
  lines,
  data,
  format,
}: {
  title: string;
  lines: readonly Line[];
  data: ChartData;
  format: (value: number | null | undefined) => string;
}) {
  if (data.times.length === 0) return <p className="empty">{charts.noData}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
    <section className={classes.samples} tabIndex={0} aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{charts.time}</th>
            {lines.map((line) => (
              <th scope="col" key={line.key}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.times.map((time, index) => (
            <tr key={time}>
              <th scope="row">{clock(time * 1000)}</th>
              {lines.map((line, row) => (
                <td key={line.key}>{format(data.values[row]?.[index])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
