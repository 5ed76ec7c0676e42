// Transactions: what is published and acknowledged in one comes back all or not at all.

import type { Socket } from "node:net";
import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { bodyOf } from "./bodies.ts";
import type { Chance } from "./chance.ts";
import type { FoundMessage } from "./ledger.ts";

export const TRANSACTION_QUEUE = "transactions";
const MESSAGES_MAX = 12;
const WAITING_MAX = 60;

interface Transaction {
  readonly published: readonly number[];
  readonly settled: readonly number[];
}

export class Transactions {
  readonly #chance: Chance;
  readonly #nextId: () => number;
  /** In order of publishing. */
  #waiting = new Set<number>();
  /** Its outcome was never heard. */
  #open: Transaction | undefined = undefined;
  committed = 0;

  constructor(chance: Chance, nextId: () => number) {
    this.#chance = chance;
    this.#nextId = nextId;
  }

  /** Works until the broker goes away. */
  async run(port: number): Promise<void> {
    const client = new AMQPClient(`amqp://127.0.0.1:${port}`);
    client.onerror = () => {};
    try {
      const connection = await client.connect();
      // Small writes would wait for the acknowledgement of those before them.
      (client as unknown as { readonly socket?: Socket }).socket?.setNoDelay();
      const channel = await connection.channel();
      channel.onerror = () => {};
      await channel.txSelect();
      for (;;) await this.#once(channel);
    } catch {
      // It is gone: what is open now may or may not have happened.
    }
  }

  async #once(channel: AMQPChannel): Promise<void> {
    const chance = this.#chance;
    const settled: number[] = [];
    const wanted = this.#waiting.size > WAITING_MAX ? MESSAGES_MAX : chance.between(0, 6);
    for (let i = 0; i < wanted; i++) {
      const message = await channel.basicGet(TRANSACTION_QUEUE, { noAck: false });
      if (message === null) break;
      settled.push(Buffer.from(message.body as Uint8Array).readUInt32BE(4));
      await channel.basicAck(message.deliveryTag);
    }
    const published: number[] = [];
    this.#open = { published, settled };
    for (let i = chance.between(0, MESSAGES_MAX); i > 0; i--) {
      const id = this.#nextId();
      published.push(id);
      const sizeBytes = chance.happens(0.1) ? chance.between(60_000, 200_000) : 200;
      const properties = { deliveryMode: 2 };
      await channel.basicPublish("", TRANSACTION_QUEUE, bodyOf(id, sizeBytes), properties);
    }
    await channel.txCommit();
    this.#apply({ published, settled });
    this.#open = undefined;
    this.committed++;
  }

  #apply({ published, settled }: Transaction): void {
    for (const id of settled) this.#waiting.delete(id);
    for (const id of published) this.#waiting.add(id);
  }

  /** Answers what is wrong with what was found, and takes it for the truth. */
  compare(found: readonly FoundMessage[]): string[] {
    const before = [...this.#waiting];
    const open = this.#open;
    const outcomes = [before];
    if (open !== undefined) {
      this.#apply(open);
      outcomes.push([...this.#waiting]);
    }
    const ids = found.map(({ id }) => id);
    const isRight = outcomes.some((outcome) => outcome.join() === ids.join());
    this.#waiting = new Set(ids);
    this.#open = undefined;
    if (isRight) return [];
    const texts = outcomes.map((outcome) => `[${outcome.join(" ")}]`).join(" or ");
    return [`${TRANSACTION_QUEUE}: expected ${texts}, found [${ids.join(" ")}]`];
  }
}
