// Exchanges through which the broker tells of itself: amq.rabbitmq.event (what happened, when the plugin is on) and
// amq.rabbitmq.log (log lines). Both are topic exchanges of the default vhost, made when they are wanted.

import type { Broker } from "../broker/broker.ts";
import type { EventFacts, EventListener, EventName } from "../broker/events.ts";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
} from "../broker/message/field-table.ts";
import { plainJsonToValue } from "../broker/message/field-table-json.ts";
import type { Vhost } from "../broker/vhost.ts";
import type { Log, LogCategory, LogLevel } from "../logging/log.ts";
import { plainText } from "../logging/logger.ts";
import { BrokerPublisher } from "../protocols/amqp091/broker-publisher.ts";
import { Messages } from "../protocols/amqp091/messages.ts";

export const EVENT_EXCHANGE = "amq.rabbitmq.event";
export const LOG_EXCHANGE = "amq.rabbitmq.log";
const PERSISTENT = 2;
const EMPTY_BODY = new Uint8Array(0);

/** A topic exchange only the broker publishes to. */
function ensureExchange(vhost: Vhost, name: string): void {
  if (vhost.exchanges.has(name)) return;
  vhost.addExchange({
    name,
    type: "topic",
    durable: true,
    autoDelete: false,
    internal: true,
    arguments: EMPTY_TABLE,
  });
}

/** Publishes events as RabbitMQ's event exchange does: the name is the routing key, the facts are headers. */
export class EventExchange implements EventListener {
  readonly #broker: Broker;
  readonly #publisher: BrokerPublisher;
  readonly #vhostName: string;

  constructor(broker: Broker, vhostName: string) {
    this.#broker = broker;
    this.#publisher = new BrokerPublisher(broker, new Messages(broker));
    this.#vhostName = vhostName;
  }

  /** Declares the exchange and begins to listen. */
  start(): void {
    const vhost = this.#broker.vhosts.get(this.#vhostName);
    if (vhost !== undefined) ensureExchange(vhost, EVENT_EXCHANGE);
    this.#broker.events.listen(this);
  }

  onEvent(name: EventName, facts: EventFacts): void {
    const vhost = this.#broker.vhosts.get(this.#vhostName);
    const exchange = vhost?.exchanges.get(EVENT_EXCHANGE);
    // Nothing is collected for nobody, and events about whoever listens here do not feed themselves.
    if (vhost === undefined || exchange === undefined || !vhost.bindings.hasFrom(exchange)) return;
    const nowMs = this.#broker.clock.nowMs();
    this.#publisher.publishLater(vhost, {
      exchange: EVENT_EXCHANGE,
      routingKey: name,
      properties: {
        deliveryMode: PERSISTENT,
        timestamp: BigInt(Math.floor(nowMs / 1000)),
        headers: headersOf(facts, nowMs),
      },
      body: EMPTY_BODY,
    });
  }
}

function headersOf(facts: EventFacts, nowMs: number): FieldTable {
  const headers = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(facts)) headers.set(name, plainJsonToValue(value));
  headers.set("timestamp_in_ms", { type: "l", value: BigInt(Math.floor(nowMs)) });
  return headers;
}

/** From chatty to quiet. */
export const logLevels: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** A log that also publishes its lines of `level` and above, the level as routing key. */
export class LogExchange implements Log {
  readonly #inner: Log;
  readonly #broker: Broker;
  readonly #publisher: BrokerPublisher;
  readonly #vhostName: string;
  /** Lines below it are not published. */
  level: LogLevel;

  constructor(inner: Log, broker: Broker, vhostName: string, level: LogLevel) {
    this.#inner = inner;
    this.#broker = broker;
    this.#publisher = new BrokerPublisher(broker, new Messages(broker));
    this.#vhostName = vhostName;
    this.level = level;
  }

  start(): void {
    const vhost = this.#broker.vhosts.get(this.#vhostName);
    if (vhost !== undefined) ensureExchange(vhost, LOG_EXCHANGE);
  }

  write(level: LogLevel, category: LogCategory, text: string): void {
    this.#inner.write(level, category, text);
    if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
    const vhost = this.#broker.vhosts.get(this.#vhostName);
    const exchange = vhost?.exchanges.get(LOG_EXCHANGE);
    if (vhost === undefined || exchange === undefined || !vhost.bindings.hasFrom(exchange)) return;
    const nowMs = this.#broker.clock.nowMs();
    this.#publisher.publishLater(vhost, {
      exchange: LOG_EXCHANGE,
      routingKey: level,
      properties: {
        contentType: "text/plain",
        timestamp: BigInt(Math.floor(nowMs / 1000)),
        headers: new Map([
          ["node", longString(this.#broker.nodeName)],
          ["category", longString(category)],
        ]),
      },
      body: new TextEncoder().encode(
        `${plainText({ number: 0, timeMs: nowMs, level, category, text })}\n`,
      ),
    });
  }
}
