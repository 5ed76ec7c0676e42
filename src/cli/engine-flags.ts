// What V8 is told before the broker's code runs. Flags are the process's: only a program sets them, never the library.

import { setFlagsFromString } from "node:v8";

const FLAGS: readonly string[] = [
  // Regexes that backtrack too much fall back to a linear engine (ReDoS).
  "--enable-experimental-regexp-engine-on-excessive-backtracks",
  // Nothing is allocated per message: a large young generation, which V8 never gives back, would only cost memory
  // (17 of 109 MB when idle, 30 of 180 under load).
  "--semi-space-growth-factor=1",
  // A message's way is long and of small methods: V8's budget (920) ends half-way, at another place from run to run, and
  // what is beyond it is called. 17 to 24 % of a message of 16 bytes; 3,000 is a little less, 6,000 nothing more but
  // 0.1 s of compiling.
  "--max-inlined-bytecode-size-cumulative=4000",
  "--max-inlined-bytecode-size-absolute=12000",
  // Getters come last where how often they are called is not known, and it never is: those of a record are 33 bytes, and
  // beyond what is always inlined (27). Without this they were calls in two runs of three, 10 %.
  "--max-inlined-bytecode-size-small=60",
];

/** Before anything else: what is compiled already stays as it is. */
export function setEngineFlags(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
