// One scrape: /metrics with sums, /metrics/per-object with a line per object, /metrics/detailed with chosen families.
// Text is written directly, family by family, in slices; nothing is kept between scrapes.

import {
  type ChannelCounters,
  type ChannelFacts,
  noMessages,
} from "../../broker/connection-registry.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { ExchangeTally, QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { PublishPair } from "../../broker/observing/publish-pairs.ts";
import type { Queue, QueueCounters } from "../../broker/queue/queue.ts";
import { Slicer } from "../listing.ts";
import type { Management } from "../management.ts";
import { channelName } from "../views/consumer.ts";
import * as families from "./families.ts";
import { type Family, headerText, labelsText } from "./family.ts";
import { type GlobalSums, globalCountersText } from "./global-counters.ts";
import { loginsText } from "./logins.ts";
import { type StreamScrape, streamConsumerFamilies, streamFamilies } from "./stream-families.ts";

export type ScrapeMode =
  | { readonly kind: "sums" }
  | { readonly kind: "per-object" }
  | {
      readonly kind: "detailed";
      readonly families: ReadonlySet<string>;
      /** Undefined = all. */
      readonly vhosts: ReadonlySet<string> | undefined;
      readonly queues: ReadonlySet<string> | undefined;
    };

/** Groups as `/metrics/detailed?family=` names them. */
const GROUPS = {
  node: {
    connection_churn_metrics: families.churnFamilies,
    node_coarse_metrics: families.nodeCoarseFamilies,
    node_metrics: families.nodeFamilies,
    node_persister_metrics: families.persisterFamilies,
  },
  queue: {
    queue_coarse_metrics: families.queueCoarseFamilies,
    queue_consumer_count: families.queueConsumerFamilies,
    queue_metrics: families.queueFamilies,
    queue_delivery_metrics: families.queueDeliveryFamilies,
  },
  channel: { channel_metrics: families.channelFamilies },
  channelExchange: { channel_exchange_metrics: families.channelExchangeFamilies },
  channelQueue: { channel_queue_metrics: families.channelQueueFamilies },
  pair: {
    channel_queue_exchange_metrics: families.queuePublishFamilies,
    queue_exchange_metrics: families.queueExchangeFamilies,
  },
  connection: {
    connection_coarse_metrics: families.connectionCoarseFamilies,
    connection_metrics: families.connectionFamilies,
  },
  exchange: { exchange_metrics: families.exchangeFamilies },
  stream: {
    stream_consumer_metrics: streamConsumerFamilies,
    stream_metrics: streamFamilies,
  },
} as const;

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The text of one scrape, in pieces. */
export async function* scrape(management: Management, mode: ScrapeMode): AsyncIterable<string> {
  const run = new Scrape(management, mode);
  yield identityText(management, mode.kind === "sums" ? "aggregated" : mode.kind);
  yield run.nodeText();
  if (mode.kind !== "detailed") {
    yield run.countsText();
    yield await run.globalText();
  }
  yield* run.queues();
  yield* run.streams();
  yield* run.pairs();
  yield* run.channels();
  yield* run.connections();
  yield* run.exchanges();
  if (mode.kind === "detailed") yield* run.clusterParts();
}

function queueLabels({ definition }: { readonly definition: Queue["definition"] }): string {
  return labelsText([
    ["vhost", definition.vhost],
    ["queue", definition.name],
  ]);
}

/** Figures are copied: the text is written after pauses in which they go on. */
function publishScrape(channel: string, tally: ExchangeTally): families.PublishScrape {
  const { exchange, published, confirmed, returned, droppedUnroutable } = tally;
  const counts = { published, confirmed, returned, droppedUnroutable };
  return { channel, exchange: exchange?.definition, ...counts };
}

function deliveryScrape(channel: string, tally: QueueTally): families.DeliveryScrape {
  const { queue, delivered, deliveredNoAck, redelivered, acknowledged } = tally;
  const { got, gotNoAck, getEmpty } = tally;
  const counts = { delivered, deliveredNoAck, redelivered, acknowledged, got, gotNoAck, getEmpty };
  return { channel, queue: queue?.definition, ...counts };
}

function pairLabels(
  channel: string,
  kind: "exchange" | "queue",
  end: { readonly name: string; readonly vhost: string } | undefined,
): string {
  return labelsText([
    ["channel", channel],
    ["vhost", end?.vhost ?? ""],
    [kind, end?.name ?? ""],
  ]);
}

class Scrape {
  readonly #management: Management;
  readonly #mode: ScrapeMode;
  readonly #slicer: Slicer;
  readonly #prefix: string;

  constructor(management: Management, mode: ScrapeMode) {
    this.#management = management;
    this.#mode = mode;
    this.#slicer = new Slicer(management.broker.clock);
    this.#prefix = mode.kind === "detailed" ? "rabbitmq_detailed_" : "rabbitmq_";
  }

  #chosen<T>(groups: Readonly<Record<string, readonly Family<T>[]>>): readonly Family<T>[] {
    const mode = this.#mode;
    return Object.entries(groups).flatMap(([name, group]) =>
      mode.kind !== "detailed" || mode.families.has(name) ? group : [],
    );
  }

  nodeText(): string {
    const { node } = this.#management;
    const scrapeOfNode = { management: this.#management, sample: node.sample() };
    const mode = this.#mode;
    const wantsLogins = mode.kind !== "detailed" || mode.families.has("auth_attempt_metrics");
    const logins = wantsLogins ? loginsText(this.#prefix, this.#management.broker) : "";
    return this.#plain(this.#chosen(GROUPS.node), scrapeOfNode) + logins;
  }

  countsText(): string {
    const { node } = this.#management;
    const scrapeOfNode = { management: this.#management, sample: node.sample() };
    return this.#plain([...families.alarmFamilies, ...families.objectCountFamilies], scrapeOfNode);
  }

  #plain<T>(chosen: readonly Family<T>[], object: T): string {
    return chosen
      .map(
        (each) =>
          `${headerText(this.#prefix, each)}${this.#prefix}${each.name} ${each.read(object)}\n`,
      )
      .join("");
  }

  /** The sums of all clients; consumers are counted on the way. */
  async globalText(): Promise<string> {
    const { broker } = this.#management;
    const byProtocol = new Map<string, ChannelCounters>([["amqp091", noMessages()]]);
    const byQueueType = new Map<string, QueueCounters>();
    let publishers = 0;
    let consumers = 0;
    for (const vhost of broker.vhosts.values()) {
      const retired = broker.connections.retiredOf(vhost.name);
      if (retired !== undefined) addCounters(byProtocol.get("amqp091")!, retired.messages);
      for (const { definition, counters, consumerCount } of vhost.queues.values()) {
        const type = definition.type.moduleName;
        const sum = byQueueType.get(type);
        if (sum === undefined) byQueueType.set(type, { ...counters });
        else addCounters(sum, counters);
        consumers += consumerCount;
        if (this.#slicer.due) await this.#slicer.pause();
      }
    }
    for (const view of broker.connections.all()) {
      for (const channel of view.channels()) {
        const { counters } = channel.describe();
        if (counters.published > 0) publishers++;
        addCounters(byProtocol.get("amqp091")!, counters);
      }
      if (this.#slicer.due) await this.#slicer.pause();
    }
    const { messageSizes } = broker;
    const sums: GlobalSums = { byProtocol, byQueueType, publishers, consumers, messageSizes };
    return (
      globalCountersText(sums) +
      headerText(this.#prefix, { name: "consumers", type: "gauge", help: "Consumers" }) +
      `${this.#prefix}consumers ${consumers}\n`
    );
  }

  async *queues(): AsyncIterable<string> {
    const objects: families.QueueScrape[] = [];
    for (const vhost of this.#vhosts()) {
      for (const queue of vhost.queues.values()) {
        const { definition, counters, depth, consumerCount } = queue;
        if (!this.#wantsQueue(definition.name)) continue;
        objects.push({ definition, counters, depth, consumerCount });
        if (this.#slicer.due) await this.#slicer.pause();
      }
    }
    yield* this.#objects(this.#chosen(GROUPS.queue), objects, queueLabels);
  }

  streams(): AsyncIterable<string> {
    const objects: StreamScrape[] = [];
    for (const vhost of this.#vhosts()) {
      for (const { definition, stream } of vhost.queues.values()) {
        if (stream !== undefined && this.#wantsQueue(definition.name)) {
          objects.push({ definition, stream });
        }
      }
    }
    return this.#objects(this.#chosen(GROUPS.stream), objects, queueLabels);
  }

  async *channels(): AsyncIterable<string> {
    const coarse = this.#chosen<ChannelFacts>(GROUPS.channel);
    const byExchange = this.#chosen<families.PublishScrape>(GROUPS.channelExchange);
    const byQueue = this.#chosen<families.DeliveryScrape>(GROUPS.channelQueue);
    const channels: ChannelFacts[] = [];
    const publishes: families.PublishScrape[] = [];
    const deliveries: families.DeliveryScrape[] = [];
    const isSum = this.#mode.kind === "sums";
    if (coarse.length + byExchange.length + byQueue.length > 0) {
      for (const view of this.#management.broker.connections.all()) {
        for (const channel of view.channels()) {
          const facts = channel.describe();
          channels.push(facts);
          const name = channelName(facts);
          if (isSum) {
            publishes.push({ ...facts.counters, channel: name, exchange: undefined });
            deliveries.push({ ...facts.counters, channel: name, queue: undefined });
          } else if (this.#wantsVhost(facts.vhost)) {
            for (const tally of channel.publishes()) publishes.push(publishScrape(name, tally));
            for (const tally of channel.deliveries()) {
              const queue = tally.queue?.definition.name;
              if (queue === undefined || !this.#wantsQueue(queue)) continue;
              deliveries.push(deliveryScrape(name, tally));
            }
          }
        }
        if (this.#slicer.due) await this.#slicer.pause();
      }
    }
    yield* this.#objects(coarse, channels, (facts) =>
      labelsText([["channel", channelName(facts)]]),
    );
    yield* this.#objects(byExchange, publishes, ({ channel, exchange }) =>
      pairLabels(channel, "exchange", exchange),
    );
    yield* this.#objects(byQueue, deliveries, ({ channel, queue }) =>
      pairLabels(channel, "queue", queue),
    );
  }

  /** What exchanges gave to queues. */
  async *pairs(): AsyncIterable<string> {
    const chosen = this.#chosen<PublishPair>(GROUPS.pair);
    const objects: PublishPair[] = [];
    for (const vhost of chosen.length === 0 ? [] : this.#vhosts()) {
      for (const queue of vhost.queues.values()) {
        if (!this.#wantsQueue(queue.definition.name)) continue;
        for (const pair of vhost.publishing.pairs.ofQueue(queue)) objects.push(pair);
        if (this.#slicer.due) await this.#slicer.pause();
      }
    }
    yield* this.#objects(chosen, objects, ({ queue, exchange }) =>
      labelsText([
        ["queue_vhost", queue.definition.vhost],
        ["queue", queue.definition.name],
        ["exchange_vhost", queue.definition.vhost],
        ["exchange", exchange?.name ?? ""],
      ]),
    );
  }

  connections(): AsyncIterable<string> {
    const objects: families.ConnectionScrape[] = [];
    const chosen = this.#chosen<families.ConnectionScrape>(GROUPS.connection);
    if (chosen.length > 0) {
      for (const view of this.#management.broker.connections.all()) {
        objects.push({ ...view.describe(), channelCount: view.channelCount });
      }
    }
    return this.#objects(chosen, objects, ({ name }) => labelsText([["connection", name]]));
  }

  exchanges(): AsyncIterable<string> {
    const objects: Exchange[] = [];
    for (const vhost of this.#vhosts()) objects.push(...vhost.exchanges.values());
    return this.#objects(this.#chosen(GROUPS.exchange), objects, ({ definition }) =>
      labelsText([
        ["vhost", definition.vhost],
        ["exchange", definition.name],
      ]),
    );
  }

  /** Families of the whole cluster, which only /metrics/detailed has. */
  async *clusterParts(): AsyncIterable<string> {
    const mode = this.#mode;
    if (mode.kind !== "detailed") return;
    const wants = (name: string) => mode.families.has(name);
    const prefix = "rabbitmq_cluster_";
    if (wants("vhost_status")) {
      yield headerText(prefix, {
        name: "vhost_status",
        type: "gauge",
        help: "1 = the virtual host runs",
      });
      for (const { name } of this.#vhosts())
        yield `${prefix}vhost_status${labelsText([["vhost", name]])} 1\n`;
    }
    for (const [group, name, help] of [
      ["exchange_bindings", "exchange_bindings", "Bindings of an exchange"],
      ["exchange_names", "exchange_name", "1 per exchange"],
    ] as const) {
      if (!wants(group)) continue;
      yield headerText(prefix, { name, type: "gauge", help });
      for (const vhost of this.#vhosts()) {
        for (const exchange of vhost.exchanges.values()) {
          const labels = labelsText([
            ["vhost", vhost.name],
            ["exchange", exchange.name],
            ["type", exchange.definition.type],
          ]);
          const value = group === "exchange_names" ? 1 : [...vhost.bindings.from(exchange)].length;
          yield `${prefix}${name}${labels} ${value}\n`;
          if (this.#slicer.due) await this.#slicer.pause();
        }
      }
    }
  }

  #vhosts() {
    const all = [...this.#management.broker.vhosts.values()];
    return all.filter(({ name }) => this.#wantsVhost(name));
  }

  #wantsVhost(name: string): boolean {
    const mode = this.#mode;
    return mode.kind !== "detailed" || mode.vhosts === undefined || mode.vhosts.has(name);
  }

  #wantsQueue(name: string): boolean {
    const mode = this.#mode;
    return mode.kind !== "detailed" || mode.queues === undefined || mode.queues.has(name);
  }

  /** Reads every object once, then writes family after family. */
  async *#objects<T>(
    chosen: readonly Family<T>[],
    objects: readonly T[],
    labelsOf: (object: T) => string,
  ): AsyncIterable<string> {
    if (chosen.length === 0) return;
    const slicer = this.#slicer;
    const values = new Float64Array(chosen.length * objects.length);
    const isSum = this.#mode.kind === "sums";
    const labels: string[] = [];
    for (const [index, object] of objects.entries()) {
      if (!isSum) labels.push(labelsOf(object));
      for (let f = 0; f < chosen.length; f++) {
        values[f * objects.length + index] = chosen[f]!.read(object);
      }
      if (slicer.due) await slicer.pause();
    }
    let piece = "";
    for (const [f, each] of chosen.entries()) {
      piece += headerText(this.#prefix, each);
      const own = values.subarray(f * objects.length, (f + 1) * objects.length);
      if (isSum) piece += `${this.#prefix}${each.name} ${own.reduce((a, b) => a + b, 0)}\n`;
      else {
        for (let i = 0; i < own.length; i++) {
          piece += `${this.#prefix}${each.name}${labels[i]} ${own[i]}\n`;
          if ((i & 255) !== 255 || !slicer.due) continue;
          yield piece;
          piece = "";
          await slicer.pause();
        }
      }
      if (!slicer.due) continue;
      yield piece;
      piece = "";
      await slicer.pause();
    }
    yield piece;
  }
}

function addCounters<T extends object>(sum: T, more: T): void {
  for (const name of Object.keys(sum) as (keyof T)[]) {
    (sum[name] as number) += more[name] as number;
  }
}

/** What the official dashboards join everything with. */
function identityText({ broker, node }: Management, endpoint: string): string {
  const identity = labelsText([
    ["rabbitmq_node", broker.nodeName],
    ["rabbitmq_cluster", broker.clusterName],
    ["rabbitmq_cluster_permanent_id", broker.clusterName],
    ["rabbitmq_endpoint", endpoint],
  ]);
  const build = labelsText([
    ["rabbitmq_version", node.rabbitmqVersion],
    ["prometheus_plugin_version", node.rabbitmqVersion],
    ["prometheus_client_version", node.leveretVersion],
    ["erlang_version", node.platform],
    ["product_name", "Leveret"],
    ["product_version", node.leveretVersion],
  ]);
  return `# TYPE rabbitmq_build_info untyped
# HELP rabbitmq_build_info Versions
rabbitmq_build_info${build} 1
# TYPE rabbitmq_identity_info untyped
# HELP rabbitmq_identity_info Names of node and cluster
rabbitmq_identity_info${identity} 1
`;
}
