// What can go wrong between a program and its broker, at a test's word.

import type { Broker } from "../broker/broker.ts";
import type { AlarmKind } from "../broker/flow/alarms.ts";
import type { BreakableNet } from "./breakable-net.ts";
import { type Duration, durationMs } from "./duration.ts";

/** Who sets alarms here. */
const SOURCE = "test";

export class Faults {
  readonly #broker: Broker;
  readonly #net: BreakableNet;

  constructor(broker: Broker, net: BreakableNet) {
    this.#broker = broker;
    this.#net = net;
  }

  /** What clients send arrives so much later, in real time. 0 ends it. */
  latency(duration: Duration): void {
    this.#net.latencyMs = durationMs(duration);
  }

  /** Cuts every connection as a broken network does, without close frames; answers how many those were. */
  cutConnections(): number {
    return this.#net.cutAll();
  }

  /** Closes every connection as an operator does: clients hear 320 CONNECTION_FORCED with this reason. */
  closeConnections(reason = "closed by the test"): number {
    return this.#broker.connections.closeAll(reason, () => true);
  }

  /** While true, new connections are closed as soon as they are made. */
  refuseConnections(refuses: boolean): void {
    this.#net.refuses = refuses;
  }

  /**
   * While true, messages are taken in but no publish is confirmed: with `cutConnections` the confirms are lost for
   * good, and a careful program publishes again; set back to false, they come late.
   */
  holdConfirms(holds: boolean): void {
    this.#broker.gates.setHoldingConfirms(holds);
  }

  /** Publishers hear connection.blocked and wait, as when memory is low; consumers go on. */
  blockPublishers(blocks: boolean): void {
    this.#setAlarm("memory", blocks);
  }

  /** The same, as when the disk is full. */
  fillDisk(isFull: boolean): void {
    this.#setAlarm("disk", isFull);
  }

  /** Ends everything that goes on; connections that were cut stay cut. */
  clear(): void {
    this.latency(0);
    this.refuseConnections(false);
    this.holdConfirms(false);
    this.blockPublishers(false);
    this.fillDisk(false);
  }

  #setAlarm(kind: AlarmKind, isSet: boolean): void {
    if (isSet) this.#broker.alarms.set(kind, "set by the test", SOURCE);
    else this.#broker.alarms.clear(kind, SOURCE);
  }
}
