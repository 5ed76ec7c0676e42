// What happened in the broker, for whoever wants to know: logs, the event exchange, statistics, the UI.
// Nothing here runs per message.

/** RabbitMQ's names of events, as the event exchange uses them for routing keys. */
export const eventNames = [
  "alarm.set",
  "alarm.cleared",
  "binding.created",
  "binding.deleted",
  "channel.created",
  "channel.closed",
  "connection.created",
  "connection.closed",
  "consumer.created",
  "consumer.deleted",
  "exchange.created",
  "exchange.deleted",
  "parameter.set",
  "parameter.cleared",
  "operator.policy.cleared",
  "permission.created",
  "permission.deleted",
  "policy.set",
  "policy.cleared",
  "queue.created",
  "queue.deleted",
  "queue.policy.updated",
  "queue.policy.cleared",
  "topic.permission.created",
  "topic.permission.deleted",
  "user.created",
  "user.deleted",
  "user.authentication.success",
  "user.authentication.failure",
  "user.password.changed",
  "user.password.cleared",
  "user.tags.set",
  "user.limits.set",
  "user.limits.cleared",
  "vhost.created",
  "vhost.deleted",
  "vhost.limits.set",
  "vhost.limits.cleared",
  "vhost.tracing",
] as const;
export type EventName = (typeof eventNames)[number];

/** Plain facts; names as RabbitMQ's (snake case), because they become headers and JSON. */
export interface EventFacts {
  readonly [name: string]: EventValue;
}
export type EventValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | readonly EventValue[]
  | EventFacts;

export interface EventListener {
  /** Must not throw and must not call back into what caused the event. */
  onEvent(name: EventName, facts: EventFacts): void;
}

export class BrokerEvents {
  readonly #listeners = new Set<EventListener>();

  /** False = nobody listens, so facts need not be collected. */
  get heard(): boolean {
    return this.#listeners.size > 0;
  }

  emit(name: EventName, facts: EventFacts): void {
    for (const listener of this.#listeners) listener.onEvent(name, facts);
  }

  listen(listener: EventListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: EventListener): void {
    this.#listeners.delete(listener);
  }
}
