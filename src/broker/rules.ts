// What the configuration allows beyond limits. Everything is allowed unless it says otherwise.

import type { Vhost } from "./vhost.ts";

export interface BrokerRules {
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
  deniedFeatures: new Set(),
  disabledQueueTypes: new Set(),
  relaxedRedeclaration: false,
  onNewVhost: () => {},
};
