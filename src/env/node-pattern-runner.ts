// Runs a regular expression in a context of its own with a time limit, so that no pattern can stop the process.

import { cpuUsage } from "node:process";
import { createContext, Script } from "node:vm";

/** A match takes about 50 us this way; a hostile one ends after this. */
const MATCH_MS_MAX = 10;
/** On a busy machine time may pass without the process having had any of it: then it is tried again, with more. */
const TRIES_MAX = 6;

const script = new Script("pattern.test(text)");
const context = createContext({ pattern: /./, text: "" });

/** Answers undefined when the match took too long. Meant for patterns that may take exponential time. */
export function matchWithin(
  pattern: RegExp,
  text: string,
  timeoutMs = MATCH_MS_MAX,
): boolean | undefined {
  context.pattern = pattern;
  context.text = text;
  for (let tries = 1, limitMs = timeoutMs; ; tries++, limitMs *= 2) {
    const before = cpuUsage();
    try {
      return script.runInContext(context, { timeout: limitMs }) as boolean;
    } catch {
      const { user, system } = cpuUsage(before);
      const usedMs = (user + system) / 1_000;
      if (usedMs > timeoutMs / 2 || tries === TRIES_MAX) return undefined;
    }
  }
}

export const nodePatternRunner = { matches: matchWithin };
