// Assertions stay on in production: a broker that is wrong about itself must stop, not guess.

/** Thrown when the program is wrong about itself; never the client's fault. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws when `condition` does not hold. `claim` says what should have been true. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`broken invariant: ${claim}`);
}

/** Ends an exhaustive switch: a new member of the union makes the call fail to compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}
