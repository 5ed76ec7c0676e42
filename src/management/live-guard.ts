// Answers that go on end when whoever reads them may no longer: the user is deleted, a tag or a permission is taken, a
// token runs out, the virtual host is gone.

import { AccessPending, type User } from "../broker/access/user.ts";
import type { EventListener, EventName } from "../broker/events.ts";
import type { TimerHandle } from "../env/env.ts";
import type { Feed } from "./feed.ts";
import type { Management } from "./management.ts";

/** What is kept elsewhere (LDAP, HTTP, tokens) tells of no changes: it is asked again so often. */
const ASKED_AGAIN_MS = 5_000;
const CHANGES = /^(user\.(?!authentication)|(topic\.)?permission\.|vhost\.deleted)/;

export class LiveGuard implements EventListener {
  readonly #management: Management;
  readonly #feed: Feed;
  readonly #user: User;
  readonly #check: (user: User) => void;
  readonly #isStored: boolean;
  #timer: TimerHandle | undefined;

  /** `check` throws when the user may not read this feed. */
  constructor(management: Management, feed: Feed, user: User, check: (user: User) => void) {
    this.#management = management;
    this.#feed = feed;
    this.#user = user;
    this.#check = check;
    this.#isStored = management.findUser(user.name) !== undefined;
    const { clock, events } = management.broker;
    events.listen(this);
    feed.whenEnded(() => {
      events.forget(this);
      if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    });
    this.#checkLater();
  }

  onEvent(name: EventName): void {
    // Listeners hear of a change while it is made.
    if (CHANGES.test(name)) this.#management.broker.clock.nextTurn(() => this.#checkNow());
  }

  #checkLater(): void {
    this.#timer = this.#management.broker.clock.setTimer(ASKED_AGAIN_MS, () => {
      this.#checkNow();
      if (!this.#feed.isEnded) this.#checkLater();
    });
  }

  #checkNow(): void {
    try {
      const user = this.#userNow();
      if (user === undefined) this.#feed.end();
      else this.#check(user);
    } catch (error) {
      // A question on its way is answered by the next check.
      if (!(error instanceof AccessPending)) this.#feed.end();
    }
  }

  /** Undefined: deleted, or the token has run out. */
  #userNow(): User | undefined {
    const { findUser, broker } = this.#management;
    const { name, authorizer, expiresAtMs } = this.#user;
    if (expiresAtMs !== undefined && expiresAtMs <= broker.clock.nowMs()) return undefined;
    if (!this.#isStored) return this.#user;
    const stored = findUser(name);
    return stored === undefined || stored.authorizer === authorizer ? stored : this.#user;
  }
}
