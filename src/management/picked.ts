// `columns=` of answers that are no lists.

import { type ApiJson, isObject } from "./api-json.ts";
import { parseColumns, pickColumns } from "./listing.ts";

export function pickedAnswer(body: ApiJson, columns: string | undefined): ApiJson {
  const paths = parseColumns(columns);
  if (paths === undefined) return body;
  if (isObject(body)) return pickColumns(body, paths);
  if (!Array.isArray(body)) return body;
  return body.map((item: ApiJson) => (isObject(item) ? pickColumns(item, paths) : item));
}
