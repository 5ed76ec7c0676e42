// Methods of the exchange and queue classes: what they ask for goes through the one door, the answer through the gate.

import { BrokerError } from "../../broker/errors.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { Channel } from "./channel.ts";
import type {
  ExchangeBind,
  ExchangeDeclare,
  ExchangeDelete,
  ExchangeUnbind,
  QueueBind,
  QueueDeclare,
  QueueDelete,
  QueuePurge,
  QueueUnbind,
  ServerMethod,
} from "./codec/methods.generated.ts";
import { DIRECT_REPLY_TO } from "./direct-reply.ts";

export class Topology {
  readonly #channel: Channel;
  /** What an empty queue name stands for: the last queue this channel declared. */
  #lastQueue = "";

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The queue a method means. */
  queueName(given: string): string {
    if (given !== "") return given;
    if (this.#lastQueue === "") throw new BrokerError("not-found", "no previously declared queue");
    return this.#lastQueue;
  }

  declareExchange(method: ExchangeDeclare): void {
    const { access } = this.#channel;
    if (method.passive) {
      access.checkExchange(method.exchange);
    } else {
      access.declareExchange({
        name: method.exchange,
        type: method.type,
        durable: method.durable,
        autoDelete: method.autoDelete,
        internal: method.internal,
        arguments: method.arguments,
      });
    }
    this.#answer(method.noWait, { name: "exchange.declare-ok" });
  }

  deleteExchange(method: ExchangeDelete): void {
    this.#channel.access.deleteExchange(method.exchange, { ifUnused: method.ifUnused });
    this.#answer(method.noWait, { name: "exchange.delete-ok" });
  }

  bindExchange(method: ExchangeBind): void {
    this.#channel.access.bindExchange(method);
    this.#answer(method.noWait, { name: "exchange.bind-ok" });
  }

  unbindExchange(method: ExchangeUnbind): void {
    this.#channel.access.unbindExchange(method);
    this.#answer(method.noWait, { name: "exchange.unbind-ok" });
  }

  declareQueue(method: QueueDeclare): void {
    if (method.queue === DIRECT_REPLY_TO && !method.passive) {
      // It is there for everybody, so declaring it changes nothing: old clients do it before they consume.
      const { queue, noWait } = method;
      return this.#answer(noWait, {
        ...{ name: "queue.declare-ok", queue, messageCount: 0, consumerCount: 1 },
      });
    }
    if (method.passive && method.queue.startsWith(DIRECT_REPLY_TO)) {
      return this.#checkReplyQueue(method);
    }
    const queue = method.passive
      ? this.#channel.access.checkQueue(method.queue)
      : this.#declare(method);
    this.#lastQueue = queue.definition.name;
    // What consumers can take now is theirs and not counted as waiting, whichever came first in this turn.
    if (queue.consumerCount > 0) queue.deliverReady();
    this.#answer(method.noWait, {
      name: "queue.declare-ok",
      queue: queue.definition.name,
      messageCount: queue.depth.ready,
      consumerCount: queue.consumerCount,
    });
  }

  #declare(method: QueueDeclare): Queue {
    return this.#channel.access.declareQueue({
      name: method.queue,
      durable: method.durable,
      exclusive: method.exclusive,
      autoDelete: method.autoDelete,
      arguments: method.arguments,
    });
  }

  /** A passive declare of a reply address tells whether somebody still listens there. */
  #checkReplyQueue(method: QueueDeclare): void {
    const { access, tools, directReply } = this.#channel;
    const { queue } = method;
    const listens =
      queue === DIRECT_REPLY_TO
        ? directReply.tag !== undefined
        : tools.directReplies.find(access.vhost.name, queue) !== undefined;
    if (!listens) {
      throw new BrokerError("not-found", `no queue '${queue}' in vhost '${access.vhost.name}'`);
    }
    const answer = { name: "queue.declare-ok", queue, messageCount: 0, consumerCount: 1 } as const;
    this.#answer(method.noWait, answer);
  }

  bindQueue(method: QueueBind): void {
    const { queue: destination, routingKey } = this.#named(method.queue, method.routingKey);
    const { exchange: source, arguments: bindingArguments } = method;
    const request = { source, destination, routingKey, arguments: bindingArguments };
    this.#channel.access.bindQueue(request);
    this.#answer(method.noWait, { name: "queue.bind-ok" });
  }

  unbindQueue(method: QueueUnbind): void {
    const { queue: destination, routingKey } = this.#named(method.queue, method.routingKey);
    const { exchange: source, arguments: bindingArguments } = method;
    const request = { source, destination, routingKey, arguments: bindingArguments };
    this.#channel.access.unbindQueue(request);
    this.#answer(false, { name: "queue.unbind-ok" });
  }

  /** With neither queue nor key given, the last queue's name is also the key [0-9-1 queue.bind]. */
  #named(queue: string, routingKey: string): { queue: string; routingKey: string } {
    const name = this.queueName(queue);
    return { queue: name, routingKey: queue === "" && routingKey === "" ? name : routingKey };
  }

  purgeQueue(method: QueuePurge): void {
    const messageCount = this.#channel.access.purgeQueue(this.queueName(method.queue));
    if (method.noWait) return;
    // Which messages are gone is in the log at the end of the turn.
    const { replyPosition } = this.#channel.tools.broker;
    this.#channel.reply({ name: "queue.purge-ok", messageCount }, replyPosition);
  }

  deleteQueue(method: QueueDelete): void {
    this.#channel.consuming.announceCancelsAfter(() => {
      const messageCount = this.#channel.access.deleteQueue(this.queueName(method.queue), {
        ifUnused: method.ifUnused,
        ifEmpty: method.ifEmpty,
      });
      this.#answer(method.noWait, { name: "queue.delete-ok", messageCount });
    });
  }

  /** The -ok leaves when everything logged so far is durable: what it confirms may have been logged by somebody else. */
  #answer(noWait: boolean, method: ServerMethod): void {
    if (noWait) return;
    this.#channel.reply(method, this.#channel.tools.broker.journal.position);
  }
}
