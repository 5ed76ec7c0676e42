// The broker without sockets: core, queues, journal put together on an engine. Server, test kit and simulation start here.

import { Broker } from "../broker/broker.ts";
import { VhostDelays } from "../broker/delay/vhost-delays.ts";
import type { DuplicateParts } from "../broker/duplicates/deduplicating-queue.ts";
import { Journal } from "../broker/journal/journal.ts";
import { defaultLimits, type Limits } from "../broker/limits.ts";
import type { Engine } from "../broker/ports.ts";
import type { QueueContext } from "../broker/queue/context.ts";
import { createQueue } from "../broker/queue/create-queue.ts";
import { DeadLetterRouter } from "../broker/routing/dead-letter.ts";
import type { Vhost } from "../broker/vhost.ts";
import type { Clock, Random } from "../env/env.ts";
import { nodeHashing } from "../env/node-hashing.ts";
import { nodePatternRunner } from "../env/node-pattern-runner.ts";
import type { Memory } from "../lib/memory.ts";
import { BrokerPublisher } from "../protocols/amqp091/broker-publisher.ts";
import { Firehose } from "../protocols/amqp091/firehose.ts";
import { MessageContent } from "../protocols/amqp091/message-content.ts";
import { Messages } from "../protocols/amqp091/messages.ts";

export interface CoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly engine: Engine;
  readonly defaultQueueType?: string;
  readonly limits?: Partial<Limits>;
  /** "rabbit@host", as shown. */
  readonly nodeName: string;
  readonly clusterName: string;
}

/** A broker with nothing in it: no vhost, no user. */
export function createCore(options: CoreOptions): Broker {
  const { clock, random, memory, engine, nodeName, clusterName } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const journal = new Journal(engine.log, memory.arena);
  const content = new MessageContent(memory.arena);
  const duplicates = duplicateParts(content, (vhost) => broker.vhosts.get(vhost));
  /** One context for all queues of a vhost. */
  const contexts = new WeakMap<Vhost, QueueContext>();
  const contextOf = (vhost: Vhost): QueueContext => {
    const known = contexts.get(vhost);
    if (known !== undefined) return known;
    const context: QueueContext = {
      memory,
      turn: broker.turn,
      clock,
      timers: broker.timers,
      limits,
      journal,
      pager: engine.pager,
      pageBudget: broker.pageBudget,
      streamPages: broker.streamPages,
      gates: broker.gates,
      bodies: broker.bodies,
      keeper: vhost,
      observers: vhost.observers,
      deadLetters: new DeadLetterRouter(broker, memory, vhost, content, journal),
    };
    contexts.set(vhost, context);
    return context;
  };
  const broker: Broker = new Broker({
    clock,
    random,
    memory,
    engine,
    limits,
    nodeName,
    clusterName,
    journal,
    hashing: nodeHashing,
    patternRunner: nodePatternRunner,
    content,
    ...(options.defaultQueueType === undefined
      ? {}
      : { defaultQueueType: options.defaultQueueType }),
    createQueue: (vhost, definition, settings) =>
      createQueue(contextOf(vhost), definition, settings, duplicates),
    createDelays: (vhost) =>
      new VhostDelays(vhost, {
        context: broker,
        queueContext: contextOf(vhost),
        ...{ memory, editor: content, journal },
      }),
  });
  journal.gather = () => broker.turn.appendGathered(journal.isInTransaction);
  broker.firehose = new Firehose(broker, new BrokerPublisher(broker, new Messages(broker)));
  return broker;
}

/** One for all queues: what each of ten thousand has of its own counts. */
function duplicateParts(
  content: MessageContent,
  vhostOf: (name: string) => Vhost | undefined,
): DuplicateParts {
  return {
    headersOf: (publication) => content.headers(publication),
    recordKeys: ({ vhost, number }, keys) => vhostOf(vhost)?.recordKeys("queue", number, keys),
  };
}
