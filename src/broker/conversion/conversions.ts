// The queues of one virtual host that are being given another type, and what the log is told of them.

import type { BrokerContext } from "../context.ts";
import { BrokerError } from "../errors.ts";
import type { Definition } from "../journal/definition-replay.ts";
import type { JsonObject } from "../journal/journaling.ts";
import { type FieldTable, type FieldValue, longString } from "../message/field-table.ts";
import { exactJsonToTable, tableToExactJson } from "../message/field-table-json.ts";
import { resourceText } from "../names.ts";
import type { QueueNumber } from "../numbers.ts";
import type { Queue, QueueDefinition } from "../queue/queue.ts";
import { type QueueType, queueTypes } from "../queue/types.ts";
import { effectiveQueueSettings } from "../settings/effective.ts";
import {
  checkQueueArguments,
  checkQueueFlags,
  QUEUE_TYPE_ARGUMENT,
} from "../settings/queue-arguments.ts";
import type { Vhost } from "../vhost.ts";
import { Conversion, type ConversionParts } from "./conversion.ts";

/** What a queue is to become. */
export interface ConversionTarget {
  readonly type: QueueType;
  readonly arguments: FieldTable;
}

/**
 * What `queue` is as one of type `typeName`; `wanted` are arguments it is to have then, undefined takes one away.
 * Throws precondition-failed for what such a queue could not be declared with.
 */
export function conversionTarget(
  queue: Queue,
  typeName: string,
  wanted: ReadonlyMap<string, FieldValue | undefined>,
): ConversionTarget {
  const { name, vhost, durable, autoDelete, owner } = queue.definition;
  const resource = resourceText("queue", name, vhost);
  const type = Object.hasOwn(queueTypes, typeName) ? queueTypes[typeName] : undefined;
  if (type === undefined) {
    const complaint = `"unsupported queue type '${typeName}'"`;
    throw refusal(`invalid arg '${QUEUE_TYPE_ARGUMENT}' for ${resource}: ${complaint}`);
  }
  if (queue.state === "converting") throw refusal(`${resource} is being converted already`);
  if (queue.transfer?.partner !== undefined) {
    throw refusal(`${resource} was converted, and deliveries from before are not settled yet`);
  }
  if (type === queue.definition.type && !type.traits.settlesRemove) {
    throw refusal(`${resource} is a ${type.name} already`);
  }
  if (owner !== undefined) throw refusal(`${resource} is exclusive: it cannot be converted`);
  const changed = new Map(queue.definition.arguments);
  for (const [argument, value] of wanted) {
    if (value === undefined) changed.delete(argument);
    else changed.set(argument, value);
  }
  changed.set(QUEUE_TYPE_ARGUMENT, longString(type.name));
  checkQueueArguments(type, changed, resource);
  checkQueueFlags(type, { durable, exclusive: false, autoDelete }, resource);
  return { type, arguments: changed };
}

export class Conversions {
  readonly #context: BrokerContext;
  readonly #vhost: Vhost;
  readonly #running = new Set<Conversion>();
  readonly #parts: ConversionParts;

  constructor(context: BrokerContext, vhost: Vhost) {
    const { turn, journal, publication, content } = context;
    this.#context = context;
    this.#vhost = vhost;
    this.#parts = {
      ...{ turn, journal, publication, content, timers: context.timers },
      isReplaying: () => context.replaying,
      onDrained: (conversion) => this.#swap(conversion),
      onFinished: (conversion) => this.#finish(conversion),
    };
  }

  /** Begins; `target` has been checked. */
  begin(queue: Queue, target: ConversionTarget): void {
    const conversion = this.#start(
      queue,
      target,
      this.#context.nextQueueNumber(),
      queue.state === "paused",
    );
    if (queue.recoverable !== undefined) {
      this.#context.record("queue.conversion", this.#describe(conversion));
    }
    conversion.resume();
  }

  #start(
    from: Queue,
    target: ConversionTarget,
    number: QueueNumber,
    isPaused: boolean,
  ): Conversion {
    const definition = { ...from.definition, ...target, number };
    const to = this.#create(definition);
    const conversion = new Conversion(this.#parts, from, to, isPaused);
    this.#running.add(conversion);
    return conversion;
  }

  /** A queue that only its number names. */
  #create(definition: QueueDefinition): Queue {
    const queue = this.#context.createQueue(this.#vhost, definition, this.#settingsOf(definition));
    this.#vhost.addHidden(queue);
    return queue;
  }

  #settingsOf({ name, type, arguments: queueArguments }: QueueDefinition) {
    const policies = this.#context.policies.forQueue(this.#vhost.name, name, type);
    return effectiveQueueSettings(type, queueArguments, policies);
  }

  /** One entry of the log; whatever replays it does the same. */
  #swap(conversion: Conversion): void {
    const { from, to } = conversion;
    const vhost = this.#vhost;
    // Keys of duplicates that the log is yet to hear of are those of the old queue.
    this.#context.turn.appendGathered();
    vhost.queues.set(to.definition.name, to);
    for (const [binding, moved] of vhost.bindings.replaceDestination(from, to)) {
      const { router } = binding.source;
      if (router.rebind !== undefined) router.rebind(binding, moved);
      else {
        router.unbind(binding);
        router.bind(moved);
      }
    }
    vhost.topologyChanged();
    conversion.swapped();
    const keys = from.duplicates?.describe() ?? [];
    to.duplicates?.restore(keys);
    to.applySettings(this.#settingsOf(to.definition));
    if (conversion.isPaused) to.pause();
    if (from.recoverable !== undefined) {
      this.#context.record("queue.converted", this.#describe(conversion));
    }
    moveConsumers(from, to);
  }

  #finish(conversion: Conversion): void {
    const { from } = conversion;
    this.#forget(conversion);
    this.#remove(from);
    if (from.recoverable === undefined) return;
    const { number } = from.definition;
    this.#context.record("queue.remainder.delete", { vhost: this.#vhost.name, number });
  }

  #forget(conversion: Conversion): void {
    conversion.end();
    this.#running.delete(conversion);
  }

  #remove(queue: Queue): void {
    this.#vhost.removeHidden(queue);
    queue.delete("deleted");
    this.#vhost.publishing.pairs.forget(queue);
  }

  /** `queue` is being deleted: its other half goes with it. */
  queueDeleted(queue: Queue): void {
    for (const conversion of this.#running) {
      const { from, to } = conversion;
      if (queue !== from && queue !== to) continue;
      this.#forget(conversion);
      this.#remove(queue === from ? to : from);
    }
  }

  // ---- the log -------------------------------------------------------------------------------------------------

  *describe(): Iterable<Definition> {
    for (const conversion of this.#running) {
      if (conversion.from.recoverable === undefined) continue;
      const kind = conversion.isSwapped ? "queue.remainder" : "queue.conversion";
      yield { kind, object: this.#describe(conversion) };
    }
  }

  #describe({ from, to, isSwapped, isPaused }: Conversion): JsonObject {
    // Whichever of the two has the name is described like any queue; here is the other.
    const other = isSwapped ? from : to;
    const { type, arguments: queueArguments } = other.definition;
    return {
      ...{ vhost: this.#vhost.name, from: from.definition.number, to: to.definition.number },
      ...{ type: type.name, arguments: tableToExactJson(queueArguments), paused: isPaused },
    };
  }

  restoreBegun(object: JsonObject): void {
    const from = this.#vhost.queueByNumber(object.from as number);
    if (from === undefined || this.#of(object) !== undefined) return;
    this.#start(from, targetOf(object), object.to as number, object.paused === true);
  }

  restoreSwapped(object: JsonObject): void {
    const conversion = this.#of(object);
    if (conversion !== undefined && !conversion.isSwapped) this.#swap(conversion);
  }

  restoreRemainder(object: JsonObject): void {
    const to = this.#vhost.queueByNumber(object.to as number);
    if (to === undefined || this.#of(object) !== undefined) return;
    const from = this.#create({
      ...to.definition,
      ...targetOf(object),
      number: object.from as number,
    });
    const conversion = new Conversion(this.#parts, from, to, false);
    conversion.swapped();
    this.#running.add(conversion);
  }

  restoreFinished(object: JsonObject): void {
    for (const conversion of this.#running) {
      if (conversion.from.definition.number === object.number) this.#finish(conversion);
    }
  }

  #of(object: JsonObject): Conversion | undefined {
    for (const conversion of this.#running) {
      if (conversion.from.definition.number === object.from) return conversion;
    }
    return undefined;
  }
}

function targetOf(object: JsonObject): ConversionTarget {
  const type = queueTypes[object.type as string];
  if (type === undefined) throw new Error(`the log has a queue of unknown type '${object.type}'`);
  return { type, arguments: exactJsonToTable(object.arguments) };
}

/** Consumers go along where both queues deliver alike; the others hear that theirs is gone. */
function moveConsumers(from: Queue, to: Queue): void {
  // The active one first: it remains that.
  const all = [...from.consumers()].sort((a, b) => Number(b.active) - Number(a.active));
  for (const consumer of all) {
    from.cancel(consumer);
    const { target } = consumer;
    const isAlike = to.definition.type.traits.settlesRemove;
    if (isAlike && target.onQueueReplaced !== undefined) target.onQueueReplaced(consumer, to);
    else target.onCancelled(consumer);
  }
}

function refusal(text: string): BrokerError {
  return new BrokerError("precondition-failed", text);
}
