// Field tables as the API takes them.

import type { FieldTable } from "../../broker/message/field-table.ts";
import { plainJsonToTable } from "../../broker/message/field-table-json.ts";
import { badRequest, refusalsAsAnswers } from "../answers.ts";
import type { ApiJson } from "../api-json.ts";

/** Arguments of a body, typed as RabbitMQ types them. Throws ApiError 400 for what is no object, or nested too deep. */
export function tableOf(json: ApiJson): FieldTable {
  const table = refusalsAsAnswers(() => plainJsonToTable(json));
  if (table === undefined) throw badRequest("arguments must be an object");
  return table;
}
