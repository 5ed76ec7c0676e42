// Set-up of every test file: property tests begin at the chosen seed. A failure prints it.

import * as fc from "fast-check";
import { chosenSeed } from "./chosen-seed.ts";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: chosenSeed });
