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

/** Tells when the tap is there, and what passes from then on until the signal ends it; resolves when the broker does. */
export async function watch(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  on: { open: () => void; event: (event: Omit<TapEvent, "number">) => void },
): Promise<void> {
  const response = await send(withQuery(path, query), { signal });
  on.open();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const lines = new LineReader((line) => {
    const event = parseJson(line);
    if (typeof event !== "object" || event === null) return;
    // What came too fast for this reader is only counted by the broker.
    if ((event as { kind?: unknown }).kind !== "missed")
      on.event(event as Omit<TapEvent, "number">);
  });
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    lines.take(value);
  }
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
