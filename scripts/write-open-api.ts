// Writes dist/openapi.json from the table of routes; a part of the build.

import { mkdirSync, writeFileSync } from "node:fs";
import { openApiOf } from "../src/management/open-api.ts";
import { routes } from "../src/management/routes.ts";
import { LEVERET_VERSION } from "../src/version.ts";

const dist = new URL("../dist/", import.meta.url);
mkdirSync(dist, { recursive: true });
writeFileSync(new URL("openapi.json", dist), JSON.stringify(openApiOf(routes, LEVERET_VERSION)));
