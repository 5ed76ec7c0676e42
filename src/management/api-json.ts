// JSON with whole numbers of any size: 64-bit integers of field tables are written and read digit by digit.

/** What answers and bodies are made of. `undefined` properties are left out. */
export type ApiJson =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly ApiJson[]
  | ApiObject;
export interface ApiObject {
  readonly [name: string]: ApiJson;
}

/** Marks digits on their way through JSON; nobody outside can know it. */
const MARK = `#${crypto.randomUUID()}:`;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, "g");

export function toJsonText(value: ApiJson): string {
  try {
    // Without a callback per value this is several times faster; only 64-bit integers need one.
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const text = JSON.stringify(value, (_, item: unknown) =>
    typeof item === "bigint" ? MARK + item : item,
  );
  return text.replace(MARKED, "$1");
}

/** Digits in a row below which no number leaves the safe integers. */
const LARGE = /\d{16}/;
const NUMBER = /-?\d[\d.eE+-]*/g;
const WHOLE_NUMBER = /^-?\d+$/;

/** Integers beyond 2^53 become bigint. Throws SyntaxError. Takes time in proportion to the text, whatever it is. */
export function fromJsonText(text: string): ApiJson {
  const plain = JSON.parse(text) as ApiJson;
  if (!LARGE.test(text)) return plain;
  const prepared = withMarks(text);
  if (prepared === text) return plain;
  return JSON.parse(prepared, (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? BigInt(item.slice(MARK.length)) : item,
  ) as ApiJson;
}

/** Valid JSON with its large numbers as marked texts; what stands between quotes is passed over. */
function withMarks(text: string): string {
  let prepared = "";
  for (let at = 0; at < text.length; ) {
    const opening = text.indexOf('"', at);
    const end = opening < 0 ? text.length : opening;
    prepared += text.slice(at, end).replace(NUMBER, marked);
    if (opening < 0) break;
    at = closingQuote(text, opening) + 1;
    prepared += text.slice(opening, at);
  }
  return prepared;
}

function marked(token: string): string {
  if (!WHOLE_NUMBER.test(token) || Number.isSafeInteger(Number(token))) return token;
  return `"${MARK}${token}"`;
}

function closingQuote(text: string, opening: number): number {
  let quote = text.indexOf('"', opening + 1);
  for (;;) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
}

export function isObject(value: ApiJson): value is ApiObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own property only: `__proto__` and its like are names like any other. */
export function property(object: ApiObject, name: string): ApiJson {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
