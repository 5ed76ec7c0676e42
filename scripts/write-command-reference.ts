// Writes docs/reference/command-line.md.

import { writeFileSync } from "node:fs";
import { commandReference } from "../src/cli/ctl/reference.ts";

writeFileSync(new URL("../docs/reference/command-line.md", import.meta.url), commandReference());
