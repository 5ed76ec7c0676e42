// A tap: one JSON object a line, for as long as it is read.

import { send } from "../../api/client.ts";
import { parseJson } from "../../api/json.ts";
import { withQuery } from "../../api/query.ts";
import type { Arguments } from "../../api/types.ts";

export interface TapEvent {
  /** Counts from 1, here in the browser. */
  readonly number: number;
  readonly kind: "published" | "delivered" | "died";
  readonly time: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly routed_queues?: readonly string[];
  readonly queue?: string;
  readonly reason?: string;
  readonly connection?: string;
  readonly consumer_tag?: string;
  readonly user?: string;
  readonly redelivered?: boolean;
  readonly properties: Arguments | readonly never[];
  readonly payload: string;
  readonly payload_encoding: "string" | "base64";
  readonly payload_bytes: number;
}

export interface TapListener {
  open(): void;
  event(event: Omit<TapEvent, "number">): void;
  /** So many came too fast for this reader: the broker counted them, and gave no copy. */
  missed(count: number): void;
}

/** Tells when the tap is there, and what passes from then on until the signal ends it; resolves when the broker does. */
export async function watch(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  on: TapListener,
): Promise<void> {
  const response = await send(withQuery(path, query), { signal });
  on.open();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const lines = new LineReader((line) => takeLine(line, on));
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    lines.take(value);
  }
}

export function takeLine(line: string, on: Pick<TapListener, "event" | "missed">): void {
  const event = parseJson(line) as { kind?: unknown; count?: unknown } | null;
  if (typeof event !== "object" || event === null) return;
  if (event.kind === "missed") on.missed(Number(event.count));
  else on.event(event as Omit<TapEvent, "number">);
}

/** Gives each line that is whole, however the stream is cut; empty ones keep the connection open and say nothing. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#onLine(line);
  }
}
