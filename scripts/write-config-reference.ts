// Writes docs/reference/configuration.md.

import { writeFileSync } from "node:fs";
import { configReference } from "../src/config/reference.ts";

writeFileSync(new URL("../docs/reference/configuration.md", import.meta.url), configReference());
