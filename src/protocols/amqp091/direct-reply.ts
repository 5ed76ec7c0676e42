// Direct reply-to: a channel consumes the pseudo-queue amq.rabbitmq.reply-to, publishes with it as reply-to, and
// answers sent to the name the broker made of it go straight to that channel, without a queue.
// https://www.rabbitmq.com/docs/direct-reply-to

import type { Random } from "../../env/env.ts";

/** The pseudo-queue's name, and the reply-to a requester puts in its messages. */
export const DIRECT_REPLY_TO = "amq.rabbitmq.reply-to";
const PREFIX = `${DIRECT_REPLY_TO}.`;
/** 128 random bits: nobody guesses another channel's address. */
const TOKEN_BYTES = 16;

/** Who a reply address belongs to. */
export interface DirectReplyReceiver {
  readonly vhost: string;
}

export function isDirectReply(exchange: string, routingKey: string): boolean {
  return exchange === "" && routingKey.startsWith(PREFIX);
}

/** All living reply addresses of a broker. Each dies with its channel, so nothing grows. */
export class DirectReplies<Receiver extends DirectReplyReceiver> {
  readonly #random: Random;
  readonly #receivers = new Map<string, Receiver>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes an address for `receiver` and answers it. */
  open(receiver: Receiver): string {
    const token = new Uint8Array(TOKEN_BYTES);
    this.#random.fill(token);
    const address = PREFIX + Buffer.from(token).toString("base64url");
    this.#receivers.set(address, receiver);
    return address;
  }

  close(address: string): void {
    this.#receivers.delete(address);
  }

  /** Whose address that is in `vhost`; undefined when it is forged or its channel is gone. */
  find(vhost: string, address: string): Receiver | undefined {
    const receiver = this.#receivers.get(address);
    return receiver?.vhost === vhost ? receiver : undefined;
  }
}
