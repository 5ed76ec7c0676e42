// A policy has changed: every queue and exchange of its vhost gets the settings that hold now. Many are done in slices.

import type { BrokerContext } from "../context.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Deadline, Job } from "../flow/turn.ts";
import type { Queue } from "../queue/queue.ts";
import type { Vhost } from "../vhost.ts";
import {
  type EffectiveExchangeSettings,
  type EffectiveSettings,
  effectiveExchangeSettings,
  effectiveQueueSettings,
} from "./effective.ts";

/** So many objects get new settings before the change is answered; the rest follow in slices. */
const AT_ONCE = 1000;

export class PolicyApplication implements Job {
  readonly #context: BrokerContext;
  readonly #vhost: Vhost;
  readonly #queues: Queue[];
  readonly #exchanges: Exchange[];

  constructor(context: BrokerContext, vhost: Vhost) {
    this.#context = context;
    this.#vhost = vhost;
    this.#queues = [...vhost.queues.values()];
    this.#exchanges = [...vhost.exchanges.values()];
  }

  /** Does the first part now and leaves the rest to the turns. */
  start(): void {
    let left = AT_ONCE;
    if (!this.runSlice(() => left-- <= 0)) this.#context.turn.addJob(this);
  }

  runSlice(deadline: Deadline): boolean {
    do {
      const exchange = this.#exchanges.pop();
      const queue = exchange === undefined ? this.#queues.pop() : undefined;
      if (exchange !== undefined) this.#applyToExchange(exchange);
      else if (queue !== undefined) this.#applyToQueue(queue);
      else return true;
    } while (!deadline());
    return this.#queues.length === 0 && this.#exchanges.length === 0;
  }

  #applyToExchange(exchange: Exchange): void {
    const { name, vhost } = exchange.definition;
    const policies = this.#context.policies.forExchange(vhost, name);
    const settings = effectiveExchangeSettings(exchange.definition.arguments, policies);
    if (isSame(exchange.settings, settings)) return;
    exchange.settings = settings;
    this.#vhost.applyIntake(exchange);
    this.#vhost.topologyChanged();
  }

  #applyToQueue(queue: Queue): void {
    const { name, vhost, type } = queue.definition;
    if (this.#vhost.queues.get(name) !== queue) return;
    const policies = this.#context.policies.forQueue(vhost, name, type);
    const settings = effectiveQueueSettings(type, queue.definition.arguments, policies);
    if (isSame(queue.settings, settings)) return;
    queue.applySettings(settings);
    const cleared = settings.policy === undefined && settings.operatorPolicy === undefined;
    this.#context.events.emit(cleared ? "queue.policy.cleared" : "queue.policy.updated", {
      name,
      vhost,
      type: type.name,
    });
  }
}

function isSame(
  a: EffectiveSettings | EffectiveExchangeSettings,
  b: EffectiveSettings | EffectiveExchangeSettings,
): boolean {
  if (a.policy !== b.policy || a.operatorPolicy !== b.operatorPolicy) return false;
  const before = Object.entries(a.values);
  const after = b.values as unknown as Record<string, unknown>;
  return before.every(([key, value]) => after[key] === value);
}
