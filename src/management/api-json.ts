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

/** Integers beyond 2^53 become bigint. Throws SyntaxError. */
export function fromJsonText(text: string): ApiJson {
  let marked = false;
  // Strings are matched so that digits inside them are passed over.
  const prepared = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) => {
    if (token.startsWith('"') || Number.isSafeInteger(Number(token))) return token;
    marked = true;
    return `"${MARK}${token}"`;
  });
  if (!marked) return JSON.parse(prepared) as ApiJson;
  return JSON.parse(prepared, (_, item: unknown) =>
    typeof item === "string" && item.startsWith(MARK) ? BigInt(item.slice(MARK.length)) : item,
  ) as ApiJson;
}

export function isObject(value: ApiJson): value is ApiObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own property only: `__proto__` and its like are names like any other. */
export function property(object: ApiObject, name: string): ApiJson {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
