// load_definitions: a definitions file imported at every start, before clients come.

import type { Broker } from "./broker/broker.ts";
import { importDefinitionsNow } from "./broker/definitions/import.ts";
import type { PlainJson } from "./broker/field-table-json.ts";
import { fromJsonText } from "./management/api-json.ts";

/** The file cannot be read or something in it is wrong; nothing has changed. The message is one clear sentence. */
export class DefinitionsFileError extends Error {
  override readonly name = "DefinitionsFileError";
}

/** Imports the file; resolves when all of it is there. Rejects with DefinitionsFileError. */
export function loadDefinitionsFile(
  broker: Broker,
  path: string,
  readFile: (path: string) => string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    try {
      const json = fromJsonText(readFile(path)) as PlainJson;
      importDefinitionsNow(broker, json, {
        vhost: undefined,
        by: "load_definitions",
        onDone: resolve,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reject(new DefinitionsFileError(`The definitions file ${path} cannot be loaded: ${reason}`));
    }
  });
}
