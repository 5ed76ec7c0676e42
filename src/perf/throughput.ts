// `leveret perf throughput`: runs a plan and prints it as it goes.

import { closeSync, openSync, writeSync } from "node:fs";
import { LoadRun } from "./load-run.ts";
import type { LoadPlan } from "./plan.ts";
import {
  compactHeader,
  compactLine,
  csvHeader,
  csvLine,
  jsonResult,
  type LatencyUnit,
  sampleLine,
  summaryLines,
} from "./report.ts";
import { type LineOutput, Terminal } from "./terminal.ts";

export interface ThroughputOutput {
  readonly stdout: LineOutput;
  /** Print only the result, as one JSON object. */
  readonly json: boolean;
  /** Print only the summary. */
  readonly quiet: boolean;
  readonly unit: LatencyUnit;
  /** Intervals as lines of columns. */
  readonly compact: boolean;
  /** File for one CSV line per interval. */
  readonly csvFile: string | undefined;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** Runs the plan; answers false when the broker lost or reordered messages. */
export async function runThroughput(plan: LoadPlan, output: ThroughputOutput): Promise<boolean> {
  const terminal = new Terminal(output.stdout);
  const isSilent = output.json || output.quiet;
  const csv = output.csvFile === undefined ? undefined : openSync(output.csvFile, "w");
  if (csv !== undefined) writeSync(csv, `${csvHeader(output.unit)}\n`);
  const { unit } = output;
  const run = new LoadRun(plan, (sample) => {
    if (csv !== undefined) writeSync(csv, `${csvLine(plan, sample, output.unit)}\n`);
    if (isSilent) return;
    if (output.compact) terminal.line(compactLine(plan, sample, unit));
    else terminal.live(sampleLine(plan, sample, unit));
  });
  output.signal.addEventListener("abort", () => run.interrupt());
  if (!isSilent) announce(plan, terminal);
  if (!isSilent && output.compact) terminal.line(compactHeader(plan, unit));
  try {
    const result = await run.execute();
    if (output.json) terminal.line(JSON.stringify(jsonResult(plan, result)));
    else for (const line of summaryLines(plan, result, output.unit)) terminal.line(line);
    return result.gaps === 0 && result.reordered === 0;
  } finally {
    if (csv !== undefined) closeSync(csv);
  }
}

function announce(plan: LoadPlan, terminal: Terminal): void {
  const announceAll = (what: string, connections: number, channels: number): void => {
    for (let index = 0; index < connections; index++) {
      for (let channel = 0; channel < channels; channel++) {
        terminal.line(`id: ${plan.id}, starting ${what} #${index}, channel #${channel}`);
      }
    }
  };
  const many = plan.consume.connections + plan.publish.connections > 10;
  if (many) {
    const { consume, publish } = plan;
    terminal.line(
      `id: ${plan.id}, starting ${consume.connections} consumers, ${publish.connections} producers`,
    );
    return;
  }
  announceAll("consumer", plan.consume.connections, plan.consume.channels);
  announceAll("producer", plan.publish.connections, plan.publish.channels);
}
