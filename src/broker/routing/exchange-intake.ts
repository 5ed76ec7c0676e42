// What an exchange does with a message before it routes: drops it as a duplicate, keeps it until it is due, or neither.

import type { Delays } from "../delay/vhost-delays.ts";
import type { DuplicateWindow } from "../duplicates/window.ts";
import type {
  Exchange,
  ExchangeIntake,
  IntakeTargets,
  RoutedMessage,
} from "../exchange/exchange.ts";

export class Intake implements ExchangeIntake {
  readonly #exchange: Exchange;
  readonly #duplicates: DuplicateWindow | undefined;
  readonly #delays: Delays | undefined;

  constructor(
    exchange: Exchange,
    duplicates: DuplicateWindow | undefined,
    delays: Delays | undefined,
  ) {
    this.#exchange = exchange;
    this.#duplicates = duplicates;
    this.#delays = delays;
  }

  takes(message: RoutedMessage, into: IntakeTargets): boolean {
    const duplicates = this.#duplicates;
    const key = duplicates?.keyOf(message.headers);
    if (duplicates !== undefined && key !== undefined) {
      if (duplicates.hasSeen(key, message.headers)) {
        this.#exchange.counters.duplicates++;
        into.dropDuplicate();
        return true;
      }
      into.noteKey(duplicates, key);
    }
    return this.#delays?.takes(this.#exchange, message, into) ?? false;
  }
}
