// Regular expressions that users write: permissions and policies. RabbitMQ's are PCRE; what differs in spelling is
// translated. No pattern may hang the process, and asking again for the same name costs a look-up.

import { Lru } from "../lib/lru.ts";
import { BrokerError } from "./errors.ts";
import type { Limits } from "./limits.ts";

/**
 * Runs a pattern that may take exponential time and gives up after a while. Answers undefined when it gave up.
 * The one of the real environment runs it in a context with a time limit.
 */
export interface PatternRunner {
  matches(pattern: RegExp, text: string): boolean | undefined;
}

/** Runs patterns without a time limit: for brokers whose patterns are the program's own. */
export const plainPatternRunner: PatternRunner = {
  matches: (pattern, text) => pattern.test(text),
};

export interface Pattern {
  readonly source: string;
  readonly regex: RegExp;
  /** May take more than a moment with some text: needs the runner. */
  readonly isRisky: boolean;
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: "a-zA-Z0-9",
  alpha: "a-zA-Z",
  digit: "0-9",
  lower: "a-z",
  upper: "A-Z",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  xdigit: "0-9A-Fa-f",
  word: "\\w",
};

/** Lookaround and back-references. */
const RISKY = /\(\?<?[=!]|\\[1-9]|\\k</;

/** Without what could be taken for something else: escaped letters and classes are one `x`. */
function bareOf(body: string): string {
  return body
    .replace(/\\./gs, "x")
    .replace(/\[\^?\]?[^\]]*\]/g, "x")
    .replaceAll("(?:", "(");
}

/**
 * Whether matching can't take longer than about the square of the text's length: nothing that repeats is inside
 * something that repeats, and no two repetitions can share the text out between them. Everything else goes through
 * the runner, since whether the engine is a linear one is for the whole process to say, which may be somebody else's.
 */
function isHarmless(body: string): boolean {
  if (RISKY.test(body)) return false;
  const bare = bareOf(body);
  if (/\)[*+?{]/.test(bare)) return false;
  const repetitions = bare.match(/[*+?{]/g)?.length ?? 0;
  return repetitions <= (bare.startsWith("^") && !bare.includes("|") ? 2 : 1);
}
const FLAGS_IN_FRONT = /^\(\?([imsx]+)\)/;

/** Optional parts one after the other take V8 twice as long with each, before any text is looked at; 20 take 30 ms. */
const OPTIONAL_PARTS_MAX = 20;
const OPTIONAL_PART = /(?<![(*+}?])\?|\{0,1\}|\|\)|\(\|/g;

function compilePattern(source: string): Pattern {
  const flags = FLAGS_IN_FRONT.exec(source)?.[1] ?? "";
  const body = flags === "" ? source : source.slice(flags.length + 3);
  const optionalParts = bareOf(body).match(OPTIONAL_PART)?.length ?? 0;
  if (optionalParts > OPTIONAL_PARTS_MAX) {
    throw new BrokerError(
      "precondition-failed",
      `a pattern may have ${OPTIONAL_PARTS_MAX} optional parts, this one has ${optionalParts}`,
    );
  }
  try {
    const regex = new RegExp(translate(body), flags.replaceAll("x", ""));
    return { source, regex, isRisky: !isHarmless(body) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : "";
    throw new BrokerError(
      "precondition-failed",
      `pattern should be regular expression but is invalid: {${JSON.stringify(reason)},0}`,
    );
  }
}

/** PCRE's spellings that JavaScript lacks. */
function translate(source: string): string {
  return source
    .replaceAll("(?P<", "(?<")
    .replace(/\[:(\w+):\]/g, (all, name: string) => POSIX_CLASSES[name] ?? all)
    .replace(/\\([AzZhH])/g, (all, letter: string) => PCRE_ESCAPES[letter] ?? all);
}

const PCRE_ESCAPES: Readonly<Record<string, string>> = {
  A: "^",
  z: "$",
  Z: "$",
  h: "[ \\t]",
  H: "[^ \\t]",
};

/** Matches names with patterns; remembers compiled patterns and answers. */
export class PatternMatcher {
  readonly #charactersMax: number;
  readonly #runner: PatternRunner;
  readonly #patterns: Lru<string, Pattern>;
  readonly #answers: Lru<string, boolean>;

  constructor(limits: Limits, runner: PatternRunner) {
    this.#charactersMax = limits.patternCharactersMax;
    this.#runner = runner;
    this.#patterns = new Lru(limits.cachedPatternsMax);
    this.#answers = new Lru(limits.cachedMatchesMax);
  }

  /** Throws BrokerError precondition-failed for a new pattern that is none, or too long. */
  check(source: string): void {
    if (source.length > this.#charactersMax) {
      throw new BrokerError(
        "precondition-failed",
        `a pattern may have ${this.#charactersMax} characters, this one has ${source.length}`,
      );
    }
    this.#compile(source);
  }

  #compile(source: string): Pattern {
    let pattern = this.#patterns.get(source);
    if (pattern === undefined) {
      pattern = compilePattern(source);
      this.#patterns.set(source, pattern);
    }
    return pattern;
  }

  /**
   * Whether the pattern is found anywhere in `name`. A pattern that takes too long matches nothing, and that is
   * remembered too.
   */
  matches(source: string, name: string): boolean {
    const key = `${source}\0${name}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      const { regex, isRisky } = this.#compile(source);
      answer = isRisky ? (this.#runner.matches(regex, name) ?? false) : regex.test(name);
      this.#answers.set(key, answer);
    }
    return answer;
  }
}
