// Writes dist/downloads/: what the management serves under /cli/, for machines that have no Leveret. A part of the build.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Declarable, declarables, deletables, listables } from "../src/cli/admin/objects.ts";
import { LEVERET_VERSION } from "../src/version.ts";

const sources = new URL("../src/cli/admin/download/", import.meta.url);
const downloads = new URL("../dist/downloads/", import.meta.url);

/** Names in braces, in their order. */
function placesIn(path: string): readonly string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name!);
}

/** JSON knows no undefined. */
function withNulls(body: Declarable["body"]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value ?? null]));
}

const objects = {
  listables,
  declarables: Object.fromEntries(
    declarables.map(({ name, body, ...row }) => [
      name,
      { ...row, body: withNulls(body), places: placesIn(row.path) },
    ]),
  ),
  deletables: Object.fromEntries(
    Object.entries(deletables).map(([name, row]) => [name, { ...row, places: placesIn(row.path) }]),
  ),
};

mkdirSync(downloads, { recursive: true });
const script = readFileSync(new URL("rabbitmqadmin.py", sources), "utf8")
  .replace("@VERSION@", () => LEVERET_VERSION)
  .replace("@OBJECTS@", () => JSON.stringify(objects, null, 1));
writeFileSync(new URL("rabbitmqadmin", downloads), script);
copyFileSync(new URL("index.html", sources), new URL("index.html", downloads));
