// Gives the queue of a shape one type after the other while it is used.

import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, callApi } from "./api.ts";
import type { Chance } from "./chance.ts";
import type { Conversion, Shape } from "./shapes.ts";

const PAUSE_MS_MAX = 150;
/** What the API says while a conversion, or what was out at the last one, is not over. */
const NOT_NOW = /is being converted already|deliveries from before are not settled yet/;

/** Each is a conversion that the broker has taken on; until it is gone. Throws an Error for any other refusal. */
export async function* conversions(
  httpPort: number,
  chance: Chance,
  shape: Shape,
): AsyncGenerator<Conversion> {
  const [queue] = shape.places[0]?.queues ?? [];
  if (shape.conversions === undefined) return;
  for (let next = chance.between(0, 1); ; ) {
    await sleep(chance.between(0, PAUSE_MS_MAX));
    try {
      const body = shape.conversions[next % shape.conversions.length] as Conversion;
      await callApi(httpPort, "PUT", `/api/queues/%2F/${queue}/type`, body);
      next++;
      yield body;
    } catch (error) {
      if (!(error instanceof ApiError)) return;
      if (!NOT_NOW.test(error.message)) throw error;
    }
  }
}
