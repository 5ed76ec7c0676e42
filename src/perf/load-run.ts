// One throughput or latency run: set up, warm up, measure, stop, account for every message.

import { ClientChannel } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import { openConnection } from "./client/handshake.ts";
import { Histogram } from "./histogram.ts";
import { monotonicUs } from "./monotonic.ts";
import { copiesPerMessage, type LoadPlan } from "./plan.ts";
import {
  machineCpuSeconds,
  ownCpuSeconds,
  type ProcessMemory,
  processCpuSeconds,
  processMemory,
} from "./process-usage.ts";
import type { Publisher } from "./publisher.ts";
import { type Counts, Tally } from "./tally.ts";
import { makeTopology, messagesLeft, removeTopology } from "./topology.ts";
import { openConnections, openConsumers, openPublishers, type RunningConsumer } from "./workers.ts";

/** How often publishers that wait for their rate or for the consumers look again. */
const PACE_MS = 1;
/** After publishing ends, consumers may go on this long without a message before the run is over. */
const IDLE_MS = 1000;
/** ... and this long in all. */
const DRAIN_MS_MAX = 10_000;
/** A broker that does not answer the tidying up at the end is left alone after this. */
const ANSWER_MS_MAX = 3_000;
/** How often the run looks whether it is over: by counts that decide, or where only its time does, which needs no look. */
const WATCH_MS = 20;
const WATCH_TIMED_MS = 100;

export interface Sample {
  readonly seconds: number;
  /** Since the sample before, like everything that follows. The histograms are reused after the call. */
  readonly counts: Counts;
  readonly sinceSeconds: number;
  readonly latency: Histogram;
  readonly confirmLatency: Histogram;
}

export interface LoadResult {
  readonly stopReason: string;
  /** Measured time. */
  readonly seconds: number;
  /** Counted in the measured time. */
  readonly counts: Counts;
  readonly latency: Histogram;
  readonly confirmLatency: Histogram;
  readonly gaps: number;
  readonly reordered: number;
  readonly redelivered: number;
  /** Of those with a rate: sent more than two milliseconds after they were due. In all, not only in the measured time. */
  readonly publishedLate: number;
  /**
   * Published (or confirmed), neither received nor left in the queues: 0 from a correct broker whose queues have no
   * limits. Undefined when the queues are gone with their last consumer.
   */
  readonly lost: number | undefined;
  /** Waiting in the queues at the end; undefined when that cannot be asked. */
  readonly left: number | undefined;
  /** Messages each consumer got, all in all. */
  readonly receivedByConsumer: readonly number[];
  readonly clientCpuSeconds: number;
  readonly brokerCpuSeconds: number | undefined;
  readonly brokerMemory: ProcessMemory | undefined;
  /** CPU seconds of processes that are neither this one nor the broker. */
  readonly otherCpuSeconds: number | undefined;
}

interface Usage {
  readonly atUs: number;
  readonly counts: Counts;
  readonly own: number;
  readonly broker: number | undefined;
  readonly machine: number | undefined;
}

export class LoadRun {
  readonly #plan: LoadPlan;
  readonly #onSample: (sample: Sample) => void;
  readonly #tally = new Tally();
  #control!: ClientChannel;
  #connections: ClientConnection[] = [];
  #publishers: Publisher[] = [];
  #consumers: RunningConsumer[] = [];
  /** What the intervals so far add up to; the tally holds the current one's. */
  readonly #latency = new Histogram();
  readonly #confirmLatency = new Histogram();
  #failure: Error | undefined;
  #isInterrupted = false;
  #receivedBefore = 0;
  #receivedAtUs = 0;
  #queuesAreEmpty = false;

  constructor(plan: LoadPlan, onSample: (sample: Sample) => void = () => {}) {
    this.#plan = plan;
    this.#onSample = onSample;
  }

  /** Ends the run early, as if its time were over. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  /** Does all of it. Rejects when the broker refuses something or a connection breaks. */
  async execute(): Promise<LoadResult> {
    const pace = setInterval(() => this.#pace(), PACE_MS);
    try {
      await this.#open();
      const startedAt = this.#usage();
      await this.#start();
      return await this.#measure(startedAt);
    } finally {
      clearInterval(pace);
      for (const connection of this.#connections) connection.destroy();
    }
  }

  async #open(): Promise<void> {
    const plan = this.#plan;
    const controlConnection = await openConnection(plan.target, `${plan.id} control`);
    this.#connections.push(controlConnection);
    this.#control = await ClientChannel.open(controlConnection, 1);
    await makeTopology(this.#control, plan);
    const consuming = await openConnections(plan, plan.consume.connections, "consumer");
    this.#connections.push(...consuming);
    const publishing = await openConnections(plan, plan.publish.connections, "publisher");
    this.#connections.push(...publishing);
    this.#consumers = await openConsumers(plan, consuming, this.#plan.runNumber, this.#tally);
    this.#publishers = await openPublishers(plan, publishing, this.#plan.runNumber, this.#tally);
    for (const connection of this.#connections) {
      connection.onFailure = (error) => {
        this.#failure ??= error;
      };
    }
  }

  async #start(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.start()));
    for (const publisher of this.#publishers) publisher.start();
  }

  #pace(): void {
    const { rate, lagMax } = this.#plan.publish;
    if (rate === undefined && lagMax === 0) return;
    for (const publisher of this.#publishers) publisher.pump();
  }

  async #measure(startedAt: Usage): Promise<LoadResult> {
    const plan = this.#plan;
    let from = startedAt;
    if (plan.warmUpSeconds > 0) {
      await this.#until(() => undefined, plan.warmUpSeconds);
      this.#forgetLatency();
      from = this.#usage();
    }
    const queueWatch = this.#watchQueues();
    const stopReason = await this.#watch(from).finally(() => clearInterval(queueWatch));
    const to = this.#usage();
    const left = await this.#stop();
    // Without the queues publishers that were held go on, and what nobody gets is confirmed.
    const result = this.#result(stopReason, from, to, left);
    await answered(removeTopology(this.#control, plan));
    await Promise.all(this.#connections.map((connection) => connection.close()));
    return result;
  }

  #forgetLatency(): void {
    this.#tally.latency.reset();
    this.#tally.confirmLatency.reset();
  }

  /** Emits samples until the run is over and answers why it is. */
  async #watch(from: Usage): Promise<string> {
    const plan = this.#plan;
    let previous = from;
    const startedUs = from.atUs;
    for (;;) {
      const elapsed = (monotonicUs() - startedUs) / 1e6;
      const wait = Math.min(plan.intervalSeconds, plan.seconds - elapsed);
      const reason = await this.#until(() => this.#endReason(), wait, this.#watchMs());
      const now = this.#usage();
      this.#onSample({
        seconds: (now.atUs - startedUs) / 1e6,
        sinceSeconds: (now.atUs - previous.atUs) / 1e6,
        counts: difference(now.counts, previous.counts),
        latency: this.#tally.latency,
        confirmLatency: this.#tally.confirmLatency,
      });
      this.#latency.add(this.#tally.latency);
      this.#confirmLatency.add(this.#tally.confirmLatency);
      this.#forgetLatency();
      previous = now;
      if (reason !== undefined) return reason;
      if ((now.atUs - startedUs) / 1e6 >= plan.seconds) return "Reached time limit";
    }
  }

  #watchMs(): number {
    const { publish, consume, exitWhen } = this.#plan;
    const byTime = publish.messages === Infinity && consume.messages === Infinity;
    return byTime && exitWhen === undefined ? WATCH_TIMED_MS : WATCH_MS;
  }

  #endReason(): string | undefined {
    if (this.#isInterrupted) return "Interrupted";
    const { publish, consume } = this.#plan;
    const finished = this.#publishers.length > 0 && this.#publishers.every((each) => each.isDone);
    if (this.#consumers.length === 0)
      return finished ? "Producer reached message limit" : undefined;
    const wanted = consume.messages * this.#consumers.length;
    if (this.#tally.received >= wanted) return "Consumer reached message limit";
    if (this.#consumersAreIdle()) return "Consumer is idle for more than 1 second";
    if (this.#queuesAreEmpty) return "Consumer queue(s) empty";
    if (!finished) return undefined;
    const expected = publish.messages * this.#publishers.length * copiesPerMessage(this.#plan);
    return this.#tally.received >= expected ? "Producer reached message limit" : undefined;
  }

  #consumersAreIdle(): boolean {
    if (this.#plan.exitWhen !== "idle") return false;
    const { received } = this.#tally;
    const nowUs = monotonicUs();
    if (received !== this.#receivedBefore || this.#receivedAtUs === 0) {
      this.#receivedBefore = received;
      this.#receivedAtUs = nowUs;
    }
    return nowUs - this.#receivedAtUs > IDLE_MS * 1e3;
  }

  /** Asks once a second; a queue that was never filled is empty too. */
  #watchQueues(): NodeJS.Timeout | undefined {
    if (this.#plan.exitWhen !== "empty") return undefined;
    return setInterval(() => {
      messagesLeft(this.#control, this.#plan).then(
        (left) => {
          this.#queuesAreEmpty = left === 0;
        },
        (error: unknown) => {
          this.#failure ??= error as Error;
        },
      );
    }, IDLE_MS);
  }

  /** Waits until `reason` answers something or the time is over; throws what a connection died of. */
  async #until(
    reason: () => string | undefined,
    seconds: number,
    watchMs = WATCH_MS,
  ): Promise<string | undefined> {
    const endUs = monotonicUs() + seconds * 1e6;
    for (;;) {
      this.#checkConfirms();
      if (this.#failure !== undefined) throw this.#failure;
      const found = reason();
      if (found !== undefined) return found;
      const leftMs = (endUs - monotonicUs()) / 1e3;
      if (leftMs <= 0) return undefined;
      await sleep(Math.min(watchMs, leftMs));
    }
  }

  #checkConfirms(): void {
    const { confirmTimeoutSeconds } = this.#plan.publish;
    const nowUs = monotonicUs();
    for (const publisher of this.#publishers) {
      if (publisher.waitsSinceUs(nowUs) <= confirmTimeoutSeconds * 1e6) continue;
      this.#failure ??= new Error(`a confirm did not come within ${confirmTimeoutSeconds} s`);
    }
  }

  /** Lets everything that was published arrive, and answers what is left in the queues. */
  async #stop(): Promise<number | undefined> {
    let isSettled = false;
    Promise.all(this.#publishers.map((publisher) => publisher.stop())).then(
      () => {
        isSettled = true;
      },
      (error: unknown) => {
        this.#failure ??= error as Error;
      },
    );
    await this.#until(() => (isSettled ? "settled" : undefined), DRAIN_MS_MAX / 1e3);
    if (this.#consumers.length > 0) await this.#drain();
    await answered(Promise.all(this.#consumers.map((consumer) => consumer.stop())));
    const { autoDelete, exclusive } = this.#plan.queues;
    return autoDelete || exclusive ? undefined : answered(messagesLeft(this.#control, this.#plan));
  }

  async #drain(): Promise<void> {
    const expected = this.#tally.published * copiesPerMessage(this.#plan);
    let seen = this.#tally.received;
    let idleSinceUs = monotonicUs();
    const isOver = (): string | undefined => {
      if (this.#tally.received >= expected) return "all received";
      if (this.#tally.received !== seen) {
        seen = this.#tally.received;
        idleSinceUs = monotonicUs();
      }
      return monotonicUs() - idleSinceUs > IDLE_MS * 1e3 ? "idle" : undefined;
    };
    await this.#until(isOver, DRAIN_MS_MAX / 1e3);
  }

  #usage(): Usage {
    const { brokerPid } = this.#plan;
    return {
      atUs: monotonicUs(),
      counts: this.#tally.snapshot(),
      own: ownCpuSeconds(),
      broker: brokerPid === undefined ? undefined : processCpuSeconds(brokerPid),
      machine: machineCpuSeconds(),
    };
  }

  #result(stopReason: string, from: Usage, to: Usage, left: number | undefined): LoadResult {
    const { brokerPid, publish } = this.#plan;
    const tally = this.#tally;
    const own = to.own - from.own;
    const broker = minus(to.broker, from.broker);
    const machine = minus(to.machine, from.machine);
    const kept = publish.confirmWindow === undefined ? tally.published : tally.confirmed;
    const expected = (kept - tally.returned) * copiesPerMessage(this.#plan);
    return {
      stopReason,
      seconds: (to.atUs - from.atUs) / 1e6,
      counts: difference(to.counts, from.counts),
      latency: this.#latency,
      confirmLatency: this.#confirmLatency,
      gaps: tally.gaps,
      reordered: tally.reordered,
      redelivered: tally.redelivered,
      publishedLate: tally.publishedLate,
      lost:
        left === undefined || this.#publishers.length === 0
          ? undefined
          : Math.max(0, expected - tally.received - left),
      left,
      receivedByConsumer: this.#consumers.map(({ consumer }) => consumer.received),
      clientCpuSeconds: own,
      brokerCpuSeconds: broker,
      brokerMemory: brokerPid === undefined ? undefined : processMemory(brokerPid),
      otherCpuSeconds:
        machine === undefined ? undefined : Math.max(0, machine - own - (broker ?? 0)),
    };
  }
}

function difference(to: Counts, from: Counts): Counts {
  return {
    published: to.published - from.published,
    confirmed: to.confirmed - from.confirmed,
    nacked: to.nacked - from.nacked,
    returned: to.returned - from.returned,
    received: to.received - from.received,
    receivedBytes: to.receivedBytes - from.receivedBytes,
  };
}

function minus(to: number | undefined, from: number | undefined): number | undefined {
  return to === undefined || from === undefined ? undefined : to - from;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The answer, or undefined when it does not come in time. */
async function answered<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
