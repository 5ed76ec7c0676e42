// Erlang terms as people write them into configurations: tuples, lists, texts, names, numbers.

export type ErlangTerm =
  | { readonly kind: "tuple" | "list"; readonly items: readonly ErlangTerm[] }
  | { readonly kind: "text" | "atom"; readonly value: string }
  | { readonly kind: "number"; readonly value: number };

export class ErlangSyntaxError extends Error {
  override readonly name = "ErlangSyntaxError";
}

const DEPTH_MAX = 64;
const TOKEN = new RegExp(
  [
    /\s+|%[^\n]*/,
    /(?<open><<|[{[])|(?<close>>>|[}\]])|(?<comma>,)|(?<dot>\.)/,
    /"(?<text>(?:[^"\\]|\\.)*)"|'(?<quoted>(?:[^'\\]|\\.)*)'/,
    /(?<atom>[a-z][\w@]*)|(?<number>-?\d+(?:\.\d+)?)/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "y",
);

/** One term; a dot behind it is allowed. Throws ErlangSyntaxError. */
export function parseErlangTerm(source: string): ErlangTerm {
  const reader = new TermReader(source);
  const term = reader.term(0);
  reader.end();
  return term;
}

type Groups = Readonly<Record<string, string | undefined>>;

class TermReader {
  readonly #tokens: Groups[] = [];
  #at = 0;

  constructor(source: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < source.length) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(source);
      if (match === null) {
        throw new ErlangSyntaxError(`what is ${JSON.stringify(source.slice(at, at + 10))}?`);
      }
      if (Object.values(match.groups ?? {}).some((part) => part !== undefined)) {
        this.#tokens.push(match.groups as Groups);
      }
    }
  }

  term(depth: number): ErlangTerm {
    if (depth > DEPTH_MAX) throw new ErlangSyntaxError("it is nested too deeply");
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new ErlangSyntaxError("it ends too early");
    const { open, text, quoted, atom, number } = token;
    if (open === "<<") return this.#binary();
    if (open !== undefined) {
      const close = open === "{" ? "}" : "]";
      return { kind: open === "{" ? "tuple" : "list", items: this.#items(close, depth) };
    }
    if (text !== undefined) return { kind: "text", value: unescaped(text) };
    if (quoted !== undefined) return { kind: "atom", value: unescaped(quoted) };
    if (atom !== undefined) return { kind: "atom", value: atom };
    if (number !== undefined) return { kind: "number", value: Number(number) };
    throw new ErlangSyntaxError(`${token.close ?? token.comma ?? "."} is not expected there`);
  }

  #items(close: string, depth: number): ErlangTerm[] {
    const items: ErlangTerm[] = [];
    if (this.#tokens[this.#at]?.close === close) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.term(depth + 1));
      const next = this.#tokens[this.#at++];
      if (next?.close === close) return items;
      if (next?.comma === undefined) throw new ErlangSyntaxError(`a comma or ${close} is missing`);
    }
  }

  /** `<<"text">>` means the text. */
  #binary(): ErlangTerm {
    const term = this.term(DEPTH_MAX);
    if (term.kind !== "text" || this.#tokens[this.#at++]?.close !== ">>") {
      throw new ErlangSyntaxError('only <<"text">> is understood');
    }
    return term;
  }

  end(): void {
    if (this.#tokens[this.#at]?.dot !== undefined) this.#at++;
    if (this.#at < this.#tokens.length) throw new ErlangSyntaxError("something follows its end");
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", s: " " };

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);
}
