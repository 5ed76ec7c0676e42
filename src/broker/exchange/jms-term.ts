// Selectors as RabbitMQ's JMS client sends them: it translates SQL into an Erlang term, which arrives as text, such as
// {'and',{'<',{ident,<<"age">>},5},{is_null,{ident,<<"end">>}}}. Only terms that are selectors are understood.

import {
  ANY_NUMBER,
  ANY_ONE,
  type Arithmetic,
  type Comparison,
  type Pattern,
  type Selector,
  type SelectorValue,
} from "./jms-selector.ts";

const LENGTH_MAX = 65_536;
/** RabbitMQ's bound. */
const DEPTH_MAX = 16;

class Atom {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
class Tuple {
  readonly elements: readonly Term[];
  constructor(elements: readonly Term[]) {
    this.elements = elements;
  }
}
/** Texts are Erlang's binaries. */
type Term = Atom | Tuple | readonly Term[] | string | number | bigint;

/** Undefined when the text is no selector. */
export function parseSelector(text: string): Selector | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  try {
    return selectorFrom(new TermReader(text).readAll());
  } catch (error) {
    if (error instanceof NoSelector) return undefined;
    throw error;
  }
}

class NoSelector extends Error {}

function refuse(): never {
  throw new NoSelector();
}

// ---- from text to terms ------------------------------------------------------------------------------------------

const SPACE = /[ \t\r\n]*/y;
const ATOM = /[a-z][a-zA-Z0-9_@]*/y;
const QUOTED_ATOM = /'((?:[^'\\]|\\.)*)'/sy;
const TEXT = /"((?:[^"\\]|\\.)*)"/sy;
const NUMBER = /[+-]?[ \t\r\n]*\d+(?:(\.\d+)(?:[eE][+-]?\d+)?)?/y;

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

class TermReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** One term with nothing but a full stop behind it. */
  readAll(): Term {
    const term = this.#read(0);
    this.#skip(".");
    if (this.#at < this.#text.length) refuse();
    return term;
  }

  #read(depth: number): Term {
    if (depth > DEPTH_MAX) refuse();
    this.#take(SPACE);
    if (this.#skip("{")) return new Tuple(this.#until("}", depth));
    if (this.#skip("[")) return this.#until("]", depth);
    if (this.#skip("<<")) return this.#binary();
    const quoted = this.#take(QUOTED_ATOM);
    if (quoted !== undefined) return new Atom(unescaped(quoted[1] as string));
    const atom = this.#take(ATOM);
    if (atom !== undefined) return new Atom(atom[0]);
    const number = this.#take(NUMBER);
    if (number === undefined) refuse();
    const digits = number[0].replace(/\s/g, "");
    const value = Number(digits);
    return number[1] === undefined && !Number.isSafeInteger(value) ? BigInt(digits) : value;
  }

  #until(end: string, depth: number): Term[] {
    const terms: Term[] = [];
    if (this.#skip(end)) return terms;
    do terms.push(this.#read(depth + 1));
    while (this.#skip(","));
    if (!this.#skip(end)) refuse();
    return terms;
  }

  #binary(): string {
    const text = this.#take(TEXT);
    if (!this.#skip(">>")) refuse();
    return unescaped(text?.[1] ?? "");
  }

  /** Whitespace around it goes as well. */
  #skip(word: string): boolean {
    this.#take(SPACE);
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    this.#take(SPACE);
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, letter: string) => ESCAPED[letter] ?? letter);
}

// ---- from terms to selectors -------------------------------------------------------------------------------------

const SAME = new Set<string>(["=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "and", "or"]);

type Shape = (operands: readonly Term[]) => Selector;

const shapes: Readonly<Record<string, Shape>> = {
  "ident/1": ([name]) => ({ is: "header", name: asText(name) }),
  "not/1": ([of]) => not(selectorFrom(of)),
  "is_null/1": ([of]) => ({ is: "null", of: selectorFrom(of) }),
  "not_null/1": ([of]) => not({ is: "null", of: selectorFrom(of) }),
  "+/1": ([of]) => selectorFrom(of),
  "-/1": ([of]) => ({ is: "negative", of: selectorFrom(of) }),
  "in/2": ([of, values]) => ({ is: "in", of: selectorFrom(of), values: asValues(values) }),
  "not_in/2": ([of, values]) => not({ is: "in", of: selectorFrom(of), values: asValues(values) }),
  "like/3": ([of, pattern, escaping]) => like(of, pattern, escaping),
  "not_like/3": ([of, pattern, escaping]) => not(like(of, pattern, escaping)),
  "between/3": ([of, from, to]) => between(of, from, to),
  "not_between/3": ([of, from, to]) => not(between(of, from, to)),
  "between/2": ([of, range]) => between(of, ...asRange(range)),
  "not_between/2": ([of, range]) => not(between(of, ...asRange(range))),
};

function selectorFrom(term: Term | undefined): Selector {
  if (!(term instanceof Tuple)) return { is: "value", value: asValue(term) };
  const [head, ...operands] = term.elements;
  if (!(head instanceof Atom)) refuse();
  if (SAME.has(head.name) && operands.length === 2) {
    const [left, right] = operands.map(selectorFrom) as [Selector, Selector];
    return { is: head.name as Comparison | Arithmetic | "and" | "or", left, right };
  }
  const key = `${head.name}/${operands.length}`;
  const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
  return shape === undefined ? refuse() : shape(operands);
}

function not(of: Selector): Selector {
  return { is: "not", of };
}

function between(of: Term | undefined, from: Term | undefined, to: Term | undefined): Selector {
  return { is: "between", of: selectorFrom(of), from: selectorFrom(from), to: selectorFrom(to) };
}

function asRange(term: Term | undefined): readonly [Term | undefined, Term | undefined] {
  if (!(term instanceof Tuple)) refuse();
  const [head, from, to] = term.elements;
  return head instanceof Atom && head.name === "range" ? [from, to] : refuse();
}

function like(of: Term | undefined, pattern: Term | undefined, escaping?: Term): Selector {
  const isPlain = escaping instanceof Atom && escaping.name === "no_escape";
  const escapeLetter = isPlain ? undefined : asText(escaping);
  return { is: "like", of: selectorFrom(of), pattern: patternOf(asText(pattern), escapeLetter) };
}

function patternOf(text: string, escapeLetter: string | undefined): Pattern {
  const steps: (string | typeof ANY_ONE | typeof ANY_NUMBER)[] = [];
  const letters = Array.from(text);
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] as string;
    if (letter === escapeLetter && i + 1 < letters.length) steps.push(letters[++i] as string);
    else if (letter === "_") steps.push(ANY_ONE);
    else if (letter === "%") steps.push(ANY_NUMBER);
    else steps.push(letter);
  }
  return steps;
}

function asValues(term: Term | undefined): readonly SelectorValue[] {
  return Array.isArray(term) ? (term as readonly Term[]).map(asValue) : refuse();
}

function asValue(term: Term | undefined): SelectorValue {
  if (term instanceof Atom && (term.name === "true" || term.name === "false")) {
    return term.name === "true";
  }
  const isPlain = typeof term === "string" || typeof term === "number" || typeof term === "bigint";
  return isPlain ? term : refuse();
}

function asText(term: Term | undefined): string {
  return typeof term === "string" ? term : refuse();
}
