// load_definitions: definitions imported at every start, before clients come. From a file, all files of a directory, or
// an HTTPS server; read and checked whole before anything is changed.

import type { Broker } from "../broker/broker.ts";
import { importDefinitionsNow } from "../broker/definitions/import.ts";
import type { PlainJson } from "../broker/message/field-table-json.ts";
import type { Config } from "../config/table.ts";
import { fromJsonText } from "../management/api-json.ts";
import { withoutSecrets } from "./shown-url.ts";

/** They cannot be read or something in them is wrong; nothing has changed. The message is one clear sentence. */
export class DefinitionsFileError extends Error {
  override readonly name = "DefinitionsFileError";
}

/** Where definitions come from. */
export interface DefinitionsPlace {
  /** A file, or a directory whose files count in the order of their names; or an address ("https://…"). */
  readonly path: string;
  /** For an address: certificates to trust, as PEM, and whether the server's is looked at. */
  readonly ca?: string | undefined;
  readonly verified?: boolean;
  /** What was imported last is not imported again: changes made since then stay. */
  readonly skipIfUnchanged?: boolean;
}

/** What it takes to read them. */
export interface DefinitionsWorld {
  /** Throws when it cannot. */
  readonly readFile: (path: string) => string;
  /** Names of files; undefined = it is no directory. */
  readonly listDirectory?: (path: string) => readonly string[] | undefined;
  /** Rejects when there is no answer of status 200. */
  readonly fetchText?: (
    url: string,
    tls: Pick<DefinitionsPlace, "ca" | "verified">,
  ) => Promise<string>;
  /** A digest by which two texts can be told apart. */
  readonly digest?: (text: string) => string;
}

/** What the configuration says; undefined = nothing is to be imported. */
export function definitionsPlace(
  node: Config["node"],
  readFile: (path: string) => string,
): DefinitionsPlace | undefined {
  const isFetched = node.definitionsBackend.startsWith("http");
  const path = isFetched ? node.definitionsUrl : node.loadDefinitions;
  if (path === undefined) return undefined;
  const ca = node.definitionsCaFile === undefined ? undefined : readFile(node.definitionsCaFile);
  return {
    path,
    ca: isFetched ? ca : undefined,
    verified: node.definitionsVerify === "verify_peer",
    skipIfUnchanged: node.definitionsSkipUnchanged,
  };
}

interface Part {
  /** A file's path, or the address. */
  readonly name: string;
  readonly text: string;
}

/** The global parameter that remembers what was imported last, as in RabbitMQ. */
const LAST_IMPORTED = "imported_definition_hash_value";

/**
 * Answers whether anything was imported once all of it is there. Rejects with DefinitionsFileError. While clients are
 * served `importer` is the one that works in slices.
 */
export async function loadDefinitions(
  broker: Broker,
  place: DefinitionsPlace,
  world: DefinitionsWorld,
  importer = importDefinitionsNow,
): Promise<boolean> {
  try {
    const parts = await readParts(place, world);
    const digest = world.digest?.(parts.map(({ text }) => text).join("\n")) ?? "";
    if (place.skipIfUnchanged === true && broker.parameters.getGlobal(LAST_IMPORTED) === digest) {
      return false;
    }
    await importParts(broker, parts, importer);
    if (place.skipIfUnchanged === true) {
      broker.parameters.setGlobal(LAST_IMPORTED, digest, "load_definitions");
    }
    return true;
  } catch (error) {
    if (error instanceof DefinitionsFileError) throw error;
    throw refusal(place.path, error);
  }
}

async function readParts(
  { path, ca, verified }: DefinitionsPlace,
  { readFile, listDirectory, fetchText }: DefinitionsWorld,
): Promise<readonly Part[]> {
  if (/^https?:\/\//.test(path)) {
    if (fetchText === undefined) throw new Error("nothing can be fetched here");
    return [{ name: path, text: await fetchText(path, { ca, verified: verified ?? true }) }];
  }
  const names = listDirectory?.(path);
  if (names === undefined) return [{ name: path, text: readFile(path) }];
  return [...names]
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => ({ name: `${path}/${name}`, text: readFile(`${path}/${name}`) }));
}

/** All parts as one, so that one may name what another defines and none is imported when one is wrong. */
function importParts(
  broker: Broker,
  parts: readonly Part[],
  importer: typeof importDefinitionsNow,
): Promise<void> {
  const whole: Record<string, PlainJson> = {};
  /** For each list, the parts its items come from. */
  const sources = new Map<string, string[]>();
  for (const { name, text } of parts) {
    for (const [field, value] of Object.entries(parsed(name, text))) {
      if (!Array.isArray(value)) {
        whole[field] = value;
        continue;
      }
      const before = whole[field];
      whole[field] = [...(Array.isArray(before) ? before : []), ...value];
      const from = sources.get(field) ?? [];
      from.push(...value.map(() => name));
      sources.set(field, from);
    }
  }
  return new Promise((resolve, reject) => {
    importer(broker, whole, {
      vhost: undefined,
      by: "load_definitions",
      onDone: resolve,
      onFailed: (error) => reject(placed(error, parts, sources)),
    });
  });
}

function parsed(name: string, text: string): { readonly [field: string]: PlainJson } {
  try {
    const json = fromJsonText(text) as PlainJson;
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new Error("it is no JSON object");
    }
    return json as { readonly [field: string]: PlainJson };
  } catch (error) {
    throw refusal(name, error);
  }
}

/** "queues[17]: …" of all parts together, told of the part and its own count. */
function placed(
  error: unknown,
  parts: readonly Part[],
  sources: ReadonlyMap<string, readonly string[]>,
): DefinitionsFileError {
  const text = error instanceof Error ? error.message : String(error);
  const first = parts[0]?.name ?? "";
  const found = /(\w+)\[(\d+)\]/.exec(text);
  const from = found === null ? undefined : sources.get(found[1]!);
  const name = from?.[Number(found?.[2])];
  if (found === null || from === undefined || name === undefined) return refusal(first, error);
  const own = Number(found[2]) - from.indexOf(name);
  return refusal(name, new Error(text.replace(found[0], `${found[1]}[${own}]`)));
}

function refusal(name: string, error: unknown): DefinitionsFileError {
  const reason = error instanceof Error ? error.message : String(error);
  const what = /^https?:/.test(name) ? "definitions at" : "definitions file";
  return new DefinitionsFileError(
    withoutSecrets(`The ${what} ${name} cannot be loaded: ${reason}`),
  );
}
