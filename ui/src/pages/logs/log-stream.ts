// The live log: server-sent events read with fetch, because an EventSource cannot log in.

import { send } from "../../api/client.ts";
import { parseJson } from "../../api/json.ts";

export interface LogLine {
  readonly id: number;
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

let lines = 0;

/** Calls `onLine` for every line until the signal ends it; resolves when the broker ends the stream. */
export async function followLog(
  signal: AbortSignal,
  onLine: (line: LogLine) => void,
): Promise<void> {
  const response = await send("/livelog", {
    signal,
    headers: { accept: "text/event-stream, */*" },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const events = new EventReader((data) => onLine(lineOf(data)));
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    events.take(value);
  }
}

/** Splits server-sent events and gives the data of each. */
export class EventReader {
  readonly #onData: (data: string) => void;
  #rest = "";

  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  take(text: string): void {
    // A line end cut in two waits for its second half.
    const events = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = events.pop() ?? "";
    for (const event of events) {
      const data = event
        .split(/\r?\n/)
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).replace(/^ /, ""));
      if (data.length > 0) this.#onData(data.join("\n"));
    }
  }
}

/** A line from one event's data: JSON with time, level and message, or plain text. */
export function lineOf(data: string): LogLine {
  const id = ++lines;
  try {
    const json = parseJson(data);
    if (typeof json === "object" && json !== null) return { id, ...factsOf({ ...json }) };
  } catch {
    // Plain text.
  }
  return { id, time: "", level: "info", text: data };
}

function factsOf(json: Record<string, unknown>): Omit<LogLine, "id"> {
  const { number, time, timestamp, level, severity, category, message, msg, text, ...rest } = json;
  const about = category === undefined ? "" : `${category}: `;
  const more = Object.entries(rest)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return {
    time: timeText(time ?? timestamp),
    level: String(level ?? severity ?? "info"),
    text: `${about}${message ?? msg ?? text ?? ""}${more}`,
  };
}

function timeText(time: unknown): string {
  if (typeof time === "number") return new Date(time).toISOString();
  return typeof time === "string" ? time : "";
}
