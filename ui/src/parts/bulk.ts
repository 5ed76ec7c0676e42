// One action on many things.

import { queryClient } from "../api/query.ts";
import { notifyDone, notifyFailed } from "./notify.ts";

const AT_ONCE = 4;

/** Runs the action on every item, a few at a time; tells how many it worked for and the first failure. */
export async function runOnAll<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
  done: (count: number) => string,
): Promise<boolean> {
  const waiting = [...items];
  let worked = 0;
  let failure: Error | undefined;
  const work = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item);
        worked++;
      } catch (error) {
        failure ??= error as Error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await queryClient.invalidateQueries();
  if (worked > 0) notifyDone(done(worked));
  if (failure !== undefined) notifyFailed(failure);
  return failure === undefined;
}
