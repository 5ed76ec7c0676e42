// Messages the broker publishes itself (traces, events, log lines): gathered while something else is going on,
// published in a later turn. They are bounded: what comes too fast is dropped and counted.

import { openAuthorizer, type User } from "../../broker/access/user.ts";
import type { Broker } from "../../broker/broker.ts";
import type { ConnectionIdentity } from "../../broker/connection-registry.ts";
import type { Deadline, Job } from "../../broker/flow/turn.ts";
import type { MessagePort, OutgoingMessage } from "../../broker/message/message-port.ts";
import type { Vhost } from "../../broker/vhost.ts";
import { VhostAccess } from "../../broker/vhost-access.ts";

/** Messages and body bytes that may wait. */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 33_554_432;

/** May do everything, publishing to internal exchanges included. */
const brokerUser: User = {
  name: "rmq-internal",
  tags: ["impersonator"],
  authorizer: openAuthorizer,
  isBroker: true,
};
const brokerConnection: ConnectionIdentity = {
  name: "internal",
  user: brokerUser.name,
  protocol: "internal",
  peer: { address: "", port: 0 },
};

interface Waiting {
  readonly vhost: Vhost;
  readonly message: OutgoingMessage;
}

export class BrokerPublisher implements Job {
  readonly #broker: Broker;
  readonly #messages: MessagePort;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #views = new WeakMap<Vhost, VhostAccess>();
  /** Messages nobody will see: they came too fast, or could not be published. */
  dropped = 0;

  constructor(broker: Broker, messages: MessagePort) {
    this.#broker = broker;
    this.#messages = messages;
  }

  /** Publishes the message in a later turn. */
  publishLater(vhost: Vhost, message: OutgoingMessage): void {
    const isFull =
      this.#waiting.length >= WAITING_MAX ||
      this.#waitingBytes + message.body.length > WAITING_BYTES_MAX;
    if (isFull) {
      this.dropped++;
      return;
    }
    this.#waitingBytes += message.body.length;
    this.#waiting.push({ vhost, message });
    if (this.#waiting.length === 1) this.#broker.turn.addJob(this);
  }

  runSlice(deadline: Deadline): boolean {
    let done = 0;
    while (done < this.#waiting.length) {
      const { vhost, message } = this.#waiting[done] as Waiting;
      done++;
      this.#waitingBytes -= message.body.length;
      this.#publish(vhost, message);
      if (deadline()) break;
    }
    this.#waiting.splice(0, done);
    return this.#waiting.length === 0;
  }

  #publish(vhost: Vhost, message: OutgoingMessage): void {
    if (this.#broker.vhosts.get(vhost.name) !== vhost) return;
    let view = this.#views.get(vhost);
    if (view === undefined) {
      view = new VhostAccess(this.#broker, vhost, brokerUser, brokerConnection);
      this.#views.set(vhost, view);
    }
    try {
      this.#messages.publish(view, message);
    } catch {
      // No memory, or the exchange is gone: telling people must never hold up what they are told of.
      this.dropped++;
    }
  }
}
