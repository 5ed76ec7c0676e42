// The table of queue types. A queue's behaviour asks for traits, never for a type's name.

export interface QueueTraits {
  readonly mayBeTransient: boolean;
  readonly mayBeExclusive: boolean;
  readonly mayBeServerNamed: boolean;
  readonly mayBeAutoDelete: boolean;
  /** queue.delete with if-unused or if-empty. */
  readonly allowsConditionalDelete: boolean;
  /** Redeliveries are counted and shown as x-delivery-count. */
  readonly countsDeliveries: boolean;
  /** Undefined = unlimited unless set. */
  readonly defaultDeliveryLimit: number | undefined;
  /** Settling removes the message (false: a stream). */
  readonly settlesRemove: boolean;
  /** Messages sent as transient are kept like persistent ones. */
  readonly keepsTransient: boolean;
  /** `declared`: x-max-priority levels; `strict`: 32 levels without asking. */
  readonly priorities: "none" | "declared" | "strict";
  readonly allowsGlobalPrefetch: boolean;
  readonly allowsPurge: boolean;
  /** basic.get works beside a single active consumer. */
  readonly allowsGetWithSingleActive: boolean;
}

export interface QueueType {
  /** As in x-queue-type. */
  readonly name: string;
  /** As RabbitMQ names the module in error texts. */
  readonly moduleName: string;
  readonly traits: QueueTraits;
}

const classic: QueueType = {
  name: "classic",
  moduleName: "rabbit_classic_queue",
  traits: {
    mayBeTransient: true,
    mayBeExclusive: true,
    mayBeServerNamed: true,
    mayBeAutoDelete: true,
    allowsConditionalDelete: true,
    countsDeliveries: false,
    defaultDeliveryLimit: undefined,
    settlesRemove: true,
    keepsTransient: false,
    priorities: "declared",
    allowsGlobalPrefetch: true,
    allowsPurge: true,
    allowsGetWithSingleActive: true,
  },
};

const quorum: QueueType = {
  name: "quorum",
  moduleName: "rabbit_quorum_queue",
  traits: {
    mayBeTransient: false,
    mayBeExclusive: false,
    mayBeServerNamed: false,
    mayBeAutoDelete: true,
    allowsConditionalDelete: false,
    countsDeliveries: true,
    defaultDeliveryLimit: 20,
    settlesRemove: true,
    keepsTransient: false,
    priorities: "strict",
    allowsGlobalPrefetch: false,
    allowsPurge: true,
    allowsGetWithSingleActive: false,
  },
};

const stream: QueueType = {
  name: "stream",
  moduleName: "rabbit_stream_queue",
  traits: {
    mayBeTransient: false,
    mayBeExclusive: false,
    mayBeServerNamed: false,
    mayBeAutoDelete: false,
    allowsConditionalDelete: false,
    countsDeliveries: false,
    defaultDeliveryLimit: undefined,
    settlesRemove: false,
    keepsTransient: true,
    priorities: "none",
    allowsGlobalPrefetch: false,
    allowsPurge: false,
    allowsGetWithSingleActive: false,
  },
};

export const queueTypes: Readonly<Record<string, QueueType>> = { classic, quorum, stream };
