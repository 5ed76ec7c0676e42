// Work in slices: a generator that yields where others may have their turn.

/** Does all of it without a pause. */
export function atOnce<Result>(work: Generator<void, Result>): Result {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}
