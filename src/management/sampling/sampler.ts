// Walks over everything that has counters every few seconds, in slices, and keeps what rates and charts need.

import type { Broker } from "../../broker/broker.ts";
import {
  type ChannelCounters,
  type ChannelView,
  type ConnectionView,
  noMessages,
} from "../../broker/connection-registry.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { Deadline, Job } from "../../broker/flow/turn.ts";
import type { QueueDepth } from "../../broker/queue/queue.ts";
import type { TimerHandle } from "../../env/env.ts";
import { GLOBAL_RETENTION, OBJECT_RETENTION, type Retention } from "./history.ts";
import {
  connectionMetrics,
  deliveryMetrics,
  exchangeMetrics,
  messageMetrics,
  type NodeSample,
  nodeMetrics,
  pairMetrics,
  publishMetrics,
  queueMetrics,
  type Totals,
  totalsMetrics,
} from "./metrics.ts";
import { type Metric, Series } from "./series.ts";

/** Objects that may have a history for charts at once; the one asked for longest ago gives its up. */
const HISTORIES_MAX = 2_000;
/** While fewer objects than this have one, new objects get theirs before anybody asks (about 20 kB each). */
const HISTORIES_UNASKED = 256;

/** The sums of one vhost, being added up. */
class TotalsSum implements Totals {
  messagesReady = 0;
  messagesUnacknowledged = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly messages: ChannelCounters = noMessages();

  addDepth(depth: QueueDepth): void {
    this.messagesReady += depth.ready;
    this.messagesUnacknowledged += depth.unacknowledged;
  }

  addConnection(view: ConnectionView): void {
    const facts = view.describe();
    this.receivedBytes += facts.receivedBytes;
    this.sentBytes += facts.sentBytes;
    for (const channel of view.channels()) this.addMessages(channel.describe().counters);
  }

  addMessages(counters: ChannelCounters): void {
    const sum = this.messages;
    for (const name of Object.keys(sum) as (keyof ChannelCounters)[]) sum[name] += counters[name];
  }

  add(other: Totals): void {
    this.messagesReady += other.messagesReady;
    this.messagesUnacknowledged += other.messagesUnacknowledged;
    this.receivedBytes += other.receivedBytes;
    this.sentBytes += other.sentBytes;
    this.addMessages(other.messages);
  }
}

const NOTHING: Totals = new TotalsSum();

export interface SamplerOptions {
  readonly broker: Broker;
  readonly intervalMs: number;
  /** Facts of the process; read once per walk. */
  readonly sampleNode: () => NodeSample;
}

export class Sampler {
  readonly #broker: Broker;
  readonly #intervalMs: number;
  readonly #sampleNode: () => NodeSample;
  readonly #series = new WeakMap<object, Series<never>>();
  readonly #withHistory = new Set<Series<never>>();
  readonly node = new Series<NodeSample>(nodeMetrics);
  readonly totals = new Series<Totals>(totalsMetrics);
  #vhostTotals = new Map<string, Totals>();
  #lastTotals: Totals = new TotalsSum();
  #lastNode: NodeSample | undefined = undefined;
  #timer: TimerHandle | undefined = undefined;
  #walking = false;
  /** Living objects with a history, as of the last walk, and those that got one since. */
  #withHistoryCount = 0;
  #withHistorySeen = 0;
  #stopped = false;

  constructor(options: SamplerOptions) {
    this.#broker = options.broker;
    this.#intervalMs = options.intervalMs;
    this.#sampleNode = options.sampleNode;
    this.node.keepHistory(GLOBAL_RETENTION);
    this.totals.keepHistory(GLOBAL_RETENTION);
  }

  start(): void {
    this.walkNow();
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#broker.clock.clearTimer(this.#timer);
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = this.#broker.clock.setTimer(this.#intervalMs, () => {
      if (!this.#walking) this.#broker.turn.addJob(new Walk(this.#broker, this));
      this.#walking = true;
      this.#arm();
    });
  }

  /** Samples everything at once; for the start and for tests. */
  walkNow(): void {
    new Walk(this.#broker, this).runSlice(() => false);
  }

  /** Called by the walk when it has seen everything. */
  walked(timeMs: number, vhosts: ReadonlyMap<string, Totals>): void {
    this.#walking = false;
    this.#withHistoryCount = this.#withHistorySeen;
    this.#withHistorySeen = 0;
    const sum = new TotalsSum();
    for (const [name, totals] of vhosts) {
      sum.add(totals);
      const vhost = this.#broker.vhosts.get(name);
      if (vhost !== undefined) this.sample(vhost, totals, totalsMetrics, timeMs, GLOBAL_RETENTION);
    }
    this.#vhostTotals = new Map(vhosts);
    this.#lastTotals = sum;
    this.totals.sample(sum, timeMs);
    this.#lastNode = this.#sampleNode();
    this.node.sample(this.#lastNode, timeMs);
  }

  sample<T>(
    key: object,
    object: T,
    metrics: readonly Metric<T>[],
    timeMs: number,
    history?: readonly Retention[] | "asked",
  ): void {
    let series = this.#series.get(key) as Series<T> | undefined;
    if (series === undefined) {
      series = new Series(metrics);
      if (history === "asked") {
        // Its rate is all that is kept before somebody asks for more.
      } else if (history !== undefined) series.keepHistory(history);
      else if (this.#withHistoryCount < HISTORIES_UNASKED) {
        series.keepHistory(OBJECT_RETENTION);
        this.#withHistoryCount++;
      }
      this.#series.set(key, series as Series<never>);
    }
    series.sample(object, timeMs);
    if (series.history !== undefined) this.#withHistorySeen++;
  }

  /** What is known of a queue, exchange, vhost, connection or channel; `history` asks to keep samples for charts. */
  of<T>(key: object, history = false): Series<T> | undefined {
    const series = this.#series.get(key);
    if (series !== undefined && history) this.#keepHistory(series);
    return series as Series<T> | undefined;
  }

  #keepHistory(series: Series<never>): void {
    series.keepHistory(OBJECT_RETENTION);
    this.#withHistory.delete(series);
    this.#withHistory.add(series);
    if (this.#withHistory.size <= HISTORIES_MAX) return;
    const [oldest] = this.#withHistory;
    oldest!.history = undefined;
    this.#withHistory.delete(oldest!);
  }

  /** The whole node, as of the last walk. */
  get lastTotals(): Totals {
    return this.#lastTotals;
  }

  /** One vhost, as of the last walk; nothing yet for one that has come since. */
  vhostTotals(vhost: string): Totals {
    return this.#vhostTotals.get(vhost) ?? NOTHING;
  }

  get lastNode(): NodeSample {
    return this.#lastNode ?? this.#sampleNode();
  }
}

/** One walk over all objects. What is created or deleted on the way may be missed; it is seen by the next. */
class Walk implements Job {
  readonly #sampler: Sampler;
  readonly #timeMs: number;
  readonly #vhosts = new Map<string, TotalsSum>();
  readonly #steps: Iterator<void>;

  constructor(broker: Broker, sampler: Sampler) {
    this.#sampler = sampler;
    this.#timeMs = broker.clock.nowMs();
    this.#steps = this.#walk(broker);
  }

  runSlice(deadline: Deadline): boolean {
    for (;;) {
      if (this.#steps.next().done) break;
      if (deadline()) return false;
    }
    this.#sampler.walked(this.#timeMs, this.#vhosts);
    return true;
  }

  *#walk(broker: Broker): Generator<void> {
    for (const vhost of broker.vhosts.values()) {
      const totals = this.#totalsOf(vhost.name);
      const retired = broker.connections.retiredOf(vhost.name);
      if (retired !== undefined) {
        totals.addMessages(retired.messages);
        totals.receivedBytes += retired.receivedBytes;
        totals.sentBytes += retired.sentBytes;
      }
      for (const queue of vhost.queues.values()) {
        const { depth, counters } = queue;
        this.#sampler.sample(queue, { depth, counters }, queueMetrics, this.#timeMs);
        for (const pair of vhost.publishing.pairs.ofQueue(queue)) {
          this.#sampler.sample(pair, pair, pairMetrics, this.#timeMs, "asked");
        }
        totals.addDepth(depth);
        yield;
      }
      for (const exchange of vhost.exchanges.values()) {
        this.#sampler.sample<Exchange>(exchange, exchange, exchangeMetrics, this.#timeMs);
        yield;
      }
    }
    for (const view of broker.connections.all()) {
      this.#sampler.sample<ConnectionView>(view, view, connectionMetrics, this.#timeMs);
      this.#totalsOf(view.vhost).addConnection(view);
      for (const channel of view.channels()) {
        this.#channel(channel);
        yield;
      }
      yield;
    }
  }

  #channel(channel: ChannelView): void {
    const { counters } = channel.describe();
    const timeMs = this.#timeMs;
    this.#sampler.sample(channel, counters, messageMetrics, timeMs);
    for (const tally of channel.publishes()) {
      this.#sampler.sample(tally, tally, publishMetrics, timeMs, "asked");
    }
    for (const tally of channel.deliveries()) {
      this.#sampler.sample(tally, tally, deliveryMetrics, timeMs, "asked");
    }
  }

  #totalsOf(vhost: string): TotalsSum {
    let totals = this.#vhosts.get(vhost);
    if (totals === undefined) {
      totals = new TotalsSum();
      this.#vhosts.set(vhost, totals);
    }
    return totals;
  }
}
