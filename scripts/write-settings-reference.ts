// Writes docs/reference/queues-and-exchanges.md.

import { writeFileSync } from "node:fs";
import { settingsReference } from "../src/broker/settings/reference.ts";

const page = new URL("../docs/reference/queues-and-exchanges.md", import.meta.url);
writeFileSync(page, settingsReference());
