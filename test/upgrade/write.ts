// npm run upgrade:write: leaves this version's data directories in test/upgrade, for ever. Once per version.

import { LEVERET_VERSION } from "../../src/version.ts";
import { keep, makeDirectory } from "./directories.ts";

const name = keep({
  version: LEVERET_VERSION,
  directories: {
    stopped: await makeDirectory("stopped"),
    killed: await makeDirectory("killed"),
    torn: await makeDirectory("torn"),
  },
});
console.log(`test/upgrade/${name} is written: commit it, and never change it`);
