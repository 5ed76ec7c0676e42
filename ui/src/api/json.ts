// JSON in which whole numbers beyond 2^53 survive: they are read as bigint and written as digits.

type SourceReviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
type RawJson = { rawJSON?: (text: string) => unknown };

const LONG_NUMBER = /\d{16}/;
const WHOLE_NUMBER = /^-?\d+$/;

const exactNumbers: SourceReviver = (_key, value, context) => {
  const source = context?.source;
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined)
    return value;
  return WHOLE_NUMBER.test(source) ? BigInt(source) : value;
};

/** Parses; integers that a double cannot hold exactly become bigint (in browsers that tell a number's source). */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, exactNumbers as (key: string, value: unknown) => unknown);
}

/** Writes; bigint is written as a number. */
export function writeJson(value: unknown, space?: number): string {
  const raw = (JSON as RawJson).rawJSON;
  // Without rawJSON numbers are marked, and the marks (which no other text can hold) taken off afterwards.
  const mark = raw === undefined ? `bigint-${crypto.randomUUID()}:` : "";
  const text = JSON.stringify(
    value,
    (_key, item) => {
      if (typeof item !== "bigint") return item;
      return raw === undefined ? `${mark}${item}` : raw(item.toString());
    },
    space,
  );
  return raw === undefined ? text?.replace(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1") : text;
}
