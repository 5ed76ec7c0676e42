// Programs out of the five documents the product answers to, run as they are written (see python/run_block.py).

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "./program.ts";

const folder = fileURLToPath(new URL("../../../shared/seeds/", import.meta.url));
const runner = fileURLToPath(new URL("./python/run_block.py", import.meta.url));
/** The Debian packages belong to this one. */
const PYTHON = "/usr/bin/python3";

/** Why the programs can't be run here, or "" when they can. */
export function missingForSeeds(): string {
  if (!existsSync(folder)) return "the documents are not beside this checkout";
  return existsSync(PYTHON) ? "" : `${PYTHON} is not there`;
}

export interface SeedOptions {
  /** Python that makes the names a fragment uses. */
  readonly before?: string;
  /** Python that looks at what the program left behind. */
  readonly after?: string;
}

/** `places` like "000:587": document and the line its block begins at. Several blocks make one program. */
export function seedProgram(
  port: number,
  places: readonly string[],
  options: SeedOptions = {},
): Program {
  const words = ["-u", runner, "--port", String(port)];
  if (options.before !== undefined) words.push("--before", options.before);
  if (options.after !== undefined) words.push("--after", options.after);
  return new Program(PYTHON, [...words, ...places.map(pathOf)]);
}

function pathOf(place: string): string {
  const [document = "", line = ""] = place.split(":");
  const name = readdirSync(folder).find((file) => file.startsWith(`${document}_`));
  if (name === undefined) throw new Error(`no document ${document}`);
  return `${join(folder, name)}:${line}`;
}
