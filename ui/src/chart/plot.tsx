// Draws chart data with uPlot; new samples are put into the same drawing, which keeps its zoom.

import { Button, useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { charts } from "../texts/charts.ts";
import classes from "./chart.module.css";
import type { ChartData } from "./series.ts";

export interface PlotProps {
  readonly data: ChartData;
  readonly labels: readonly string[];
  readonly shown: readonly boolean[];
  readonly height: number;
  /** Length of the time axis. */
  readonly seconds: number;
  readonly description: string;
  readonly format: (value: number | null | undefined) => string;
  /** Steps the value axis may have: whole numbers, sizes in powers of two, or anything. */
  readonly steps: "any" | "whole" | "binary";
}

export function Plot(props: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [zoomed, setZoomed] = useState(false);
  const zoom = useRef<readonly [number, number] | undefined>(undefined);
  const scheme = useComputedColorScheme("light");
  const latest = useRef(props);
  latest.current = props;
  const shape = `${props.labels.join("\n")}|${props.height}|${scheme}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew only when its shape changes
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const onZoom = (span: readonly [number, number] | undefined): void => {
      zoom.current = span;
      setZoomed(span !== undefined);
    };
    const drawing = new uPlot(
      optionsOf(latest, element.clientWidth, onZoom),
      alignedData(latest.current.data),
      element,
    );
    plot.current = drawing;
    applyScale(drawing, latest.current, zoom.current);
    const resized = new ResizeObserver(() =>
      drawing.setSize({ width: element.clientWidth, height: latest.current.height }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawing.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new samples and a new range, nothing else
  useEffect(() => {
    const drawing = plot.current;
    if (drawing === undefined) return;
    drawing.setData(alignedData(props.data), false);
    applyScale(drawing, props, zoom.current);
  }, [props.data, props.seconds]);

  const shownKey = props.shown.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: compared by content
  useEffect(() => {
    props.shown.forEach((show, index) => {
      plot.current?.setSeries(index + 1, { show });
    });
  }, [shownKey, shape]);

  const reset = (): void => {
    zoom.current = undefined;
    setZoomed(false);
    if (plot.current) applyScale(plot.current, props, undefined);
  };
  return (
    <div className={classes.plot}>
      <div ref={holder} role="img" aria-label={props.description} title={charts.hint} />
      {props.data.times.length === 0 && <p className={classes.noData}>{charts.noData}</p>}
      {zoomed && (
        <Button className={classes.reset} size="compact-xs" variant="default" onClick={reset}>
          {charts.resetZoom}
        </Button>
      )}
    </div>
  );
}

function alignedData(data: ChartData): uPlot.AlignedData {
  return [data.times as number[], ...(data.values as (number | null)[][])];
}

/** The time axis ends at the newest sample and is as long as the range, unless zoomed. */
function applyScale(
  drawing: uPlot,
  props: PlotProps,
  zoom: readonly [number, number] | undefined,
): void {
  const end = props.data.times.at(-1) ?? Date.now() / 1000;
  const [min, max] = zoom ?? [end - props.seconds, end];
  drawing.setScale("x", { min, max });
}

function optionsOf(
  latest: { readonly current: PlotProps },
  width: number,
  onZoom: (span: readonly [number, number] | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--mantine-color-dimmed");
  const grid = { stroke: style.getPropertyValue("--lv-line"), width: 1 };
  const { labels, shown, height, steps } = latest.current;
  const axis = { stroke: ink, grid, ticks: grid, font: "11px sans-serif" };
  const format = (value: number | null): string => latest.current.format(value);
  return {
    width,
    height,
    legend: { show: false },
    cursor: {
      sync: { key: "charts" },
      drag: { x: true, y: false },
      points: { size: 6 },
      bind: {
        dblclick: (_plot, _target, zoomOut) => (event) => {
          onZoom(undefined);
          return zoomOut(event);
        },
      },
    },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, values: (_plot, times) => times.map(timeLabel) },
      { ...axis, size: 76, incrs: STEPS[steps], values: (_plot, values) => values.map(format) },
    ],
    series: [
      {},
      ...labels.map((label, index) => ({
        label,
        show: shown[index] ?? true,
        stroke: style.getPropertyValue(`--lv-line-${index % 13}`),
        width: 1.75,
        points: { show: false },
        spanGaps: true,
      })),
    ],
    hooks: {
      setSelect: [(plot) => onZoom(spanOf(plot))],
      ready: [(plot) => addTooltip(plot, latest)],
    },
  };
}

function stepsUpTo(base: number, factors: readonly number[]): number[] {
  const steps: number[] = [];
  for (let power = 1; power < Number.MAX_SAFE_INTEGER / 10; power *= base) {
    for (const factor of factors) steps.push(power * factor);
  }
  return steps;
}

const STEPS = {
  any: undefined,
  whole: stepsUpTo(10, [1, 2, 5]),
  binary: stepsUpTo(2, [1]),
};

function spanOf(plot: uPlot): readonly [number, number] | undefined {
  if (plot.select.width < 4) return undefined;
  return [
    plot.posToVal(plot.select.left, "x"),
    plot.posToVal(plot.select.left + plot.select.width, "x"),
  ];
}

function timeLabel(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, seconds % 60 === 0 ? 5 : 8);
}

/** A box with the values under the pointer. */
function addTooltip(plot: uPlot, latest: { readonly current: PlotProps }): void {
  const box = document.createElement("div");
  box.className = classes.tooltip ?? "";
  box.hidden = true;
  plot.over.append(box);
  plot.over.addEventListener("mouseleave", () => {
    box.hidden = true;
  });
  plot.over.addEventListener("mousemove", () => {
    const index = plot.cursor.idx;
    const left = plot.cursor.left ?? -1;
    box.hidden = index === null || index === undefined || left < 0;
    if (box.hidden) return;
    box.replaceChildren(...tooltipRows(latest.current, index as number));
    const right = left > plot.over.clientWidth / 2;
    box.style.left = right ? "auto" : `${left + 12}px`;
    box.style.right = right ? `${plot.over.clientWidth - left + 12}px` : "auto";
  });
}

function tooltipRows(props: PlotProps, index: number): HTMLElement[] {
  const time = document.createElement("strong");
  time.textContent = new Date((props.data.times[index] ?? 0) * 1000).toTimeString().slice(0, 8);
  const rows: HTMLElement[] = [time];
  props.labels.forEach((label, line) => {
    if (!props.shown[line]) return;
    const row = document.createElement("div");
    row.className = classes.key ?? "";
    row.dataset.line = String(line % 13);
    row.textContent = `${label}: ${props.format(props.data.values[line]?.[index])}`;
    rows.push(row);
  });
  return rows;
}
