// Users of this node, their permissions, and logging in.

import type { BrokerContext } from "../context.ts";

/** Users, permissions and limits; every change bumps `epoch`. */
export class AccessControl {
  readonly #context: Pick<BrokerContext, "clock" | "limits">;
  /** Bumped by any change of users, permissions or limits. */
  epoch = 1;

  constructor(context: Pick<BrokerContext, "clock" | "limits">) {
    this.#context = context;
  }

  get clock() {
    return this.#context.clock;
  }
}
