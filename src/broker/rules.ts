// What the configuration allows beyond limits. Everything is allowed unless it says otherwise.

import type { QueueDeclaration } from "./declarations.ts";
import { BrokerError } from "./errors.ts";
import type { QueueType } from "./queue/types.ts";
import { QUEUE_TYPE_ARGUMENT } from "./settings/queue-arguments.ts";
import type { Vhost } from "./vhost.ts";

const TRANSIENT_QUEUES = "transient_nonexcl_queues";
const MASTER_LOCATOR = "x-queue-master-locator";

/** A header put on messages as they come in. */
export interface AddedHeader {
  /** Instead of one the publisher has put there. */
  readonly overwrite: boolean;
}

export interface Interceptions {
  /** `timestamp_in_ms`, and the property timestamp. */
  readonly timestamp: AddedHeader | undefined;
  /** `x-routed-by`: this node. */
  readonly routingNode: AddedHeader | undefined;
}

export interface BrokerRules {
  /** What is put on messages as they come in; undefined = nothing. */
  readonly interceptions: Interceptions | undefined;
  /** Deliveries tell when they are sent: `x-opt-rabbitmq-sent-time`. */
  readonly marksDeliveries: boolean;
  /** Deprecated features that are refused, by RabbitMQ's names: "transient_nonexcl_queues", "global_qos". */
  readonly deniedFeatures: ReadonlySet<string>;
  /** Queue types of which no new queue may be declared. */
  readonly disabledQueueTypes: ReadonlySet<string>;
  /** A redeclare of a quorum queue as classic is taken for the same queue. */
  readonly relaxedRedeclaration: boolean;
  /** Gives a new vhost what every new vhost gets: limits, operator policies, users. */
  readonly onNewVhost: (vhost: Vhost) => void;
}

export const permissiveRules: BrokerRules = {
  interceptions: undefined,
  marksDeliveries: false,
  deniedFeatures: new Set(),
  disabledQueueTypes: new Set(),
  relaxedRedeclaration: false,
  onNewVhost: () => {},
};

/** Throws what the configuration says to a queue that could be there. `resource` is for the error text. */
export function refuseByRules(
  { deniedFeatures, disabledQueueTypes }: BrokerRules,
  declaration: QueueDeclaration,
  type: QueueType,
  resource: string,
): void {
  if (disabledQueueTypes.has(type.name)) {
    throw new BrokerError(
      "precondition-failed",
      `invalid arg '${QUEUE_TYPE_ARGUMENT}' for ${resource}: "unsupported queue type '${type.name}'"`,
    );
  }
  const denied =
    !declaration.durable && !declaration.exclusive
      ? TRANSIENT_QUEUES
      : declaration.arguments.has(MASTER_LOCATOR)
        ? "queue_master_locator"
        : undefined;
  if (denied === undefined || !deniedFeatures.has(denied)) return;
  throw new BrokerError(
    "internal-error",
    `Feature \`${denied}\` is deprecated. By default, this feature is not permitted anymore.`,
  );
}
