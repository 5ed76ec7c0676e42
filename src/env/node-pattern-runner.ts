// Runs a regular expression in a context of its own with a time limit, so that no pattern can stop the process.

import { createContext, Script } from "node:vm";
import { threadCpuMs } from "./thread-cpu.ts";

/** A match takes about 50 us this way; a hostile one ends after this. */
const MATCH_MS_MAX = 10;

const script = new Script("pattern.test(text)");
const context = createContext({ pattern: /./, text: "" });

/**
 * Answers undefined when the match took too long. Meant for patterns that may take exponential time. On a busy machine
 * the limit may pass without this thread having had any of it: then the match is tried again, with more, until one try
 * has had all of the limit.
 */
export function matchWithin(
  pattern: RegExp,
  text: string,
  timeoutMs = MATCH_MS_MAX,
): boolean | undefined {
  context.pattern = pattern;
  context.text = text;
  for (let limitMs = timeoutMs; ; limitMs *= 2) {
    const startMs = threadCpuMs();
    try {
      return script.runInContext(context, { timeout: limitMs }) as boolean;
    } catch {
      if (threadCpuMs() - startMs >= timeoutMs) return undefined;
    }
  }
}

export const nodePatternRunner = { matches: matchWithin };
