// The same random sessions for a broker of ours and for a real RabbitMQ: the same frames come back.

import { expect, it } from "vitest";
import { chosenSeed } from "../../chosen-seed.ts";
import { isRabbitMqInstalled } from "../real-rabbitmq.ts";
import { compareWithRabbitMq } from "./compare.ts";

const STEPS = 400;
/** A failure prints its seed. */
const seeds = [1, 2, 1_000 + chosenSeed];

const isInstalled = isRabbitMqInstalled();
if (!isInstalled) console.warn("no rabbitmq-server: nothing to compare random sessions with");

it.skipIf(!isInstalled)(
  "answers random sessions like RabbitMQ",
  async () => {
    expect(await compareWithRabbitMq(seeds, STEPS)).toEqual([]);
  },
  180_000,
);
