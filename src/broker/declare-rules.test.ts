// What declare accepts, refuses and compares. Texts are those recorded from RabbitMQ.
import { beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "./broker.ts";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
} from "./message/field-table.ts";
import { anybody, connectionNamed, newTestBroker } from "./test-doubles.ts";
import type { VhostAccess } from "./vhost-access.ts";

let broker: Broker;
let access: VhostAccess;

beforeEach(() => {
  broker = newTestBroker();
  broker.addVhost("v");
  access = broker.open(anybody, "v", connectionNamed("c1"));
});

const int = (value: number): FieldValue => ({ type: "I", value });
const long = (value: bigint): FieldValue => ({ type: "l", value });
const double = (value: number): FieldValue => ({ type: "d", value });
const bool = (value: boolean): FieldValue => ({ type: "t", value });
const text = longString;

function args(fields: Record<string, FieldValue>): FieldTable {
  return new Map(Object.entries(fields));
}

interface QueueFlags {
  durable?: boolean;
  exclusive?: boolean;
  autoDelete?: boolean;
}

function queue(name: string, fields: Record<string, FieldValue> = {}, flags: QueueFlags = {}) {
  return access.declareQueue({
    name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    ...flags,
    arguments: args(fields),
  });
}

function exchange(name: string, type: string, fields: Record<string, FieldValue> = {}, flags = {}) {
  return access.declareExchange({
    name,
    type,
    durable: true,
    autoDelete: false,
    internal: false,
    ...flags,
    arguments: args(fields),
  });
}

const precondition = (message: string) =>
  expect.objectContaining({ reason: "precondition-failed", message });

describe("arguments of a classic queue", () => {
  test.each([
    ["x-message-ttl", int(-1), "{value_negative,-1}"],
    ["x-message-ttl", double(1.5), '"expected integer, got double"'],
    ["x-message-ttl", bool(true), '"expected integer, got bool"'],
    ["x-message-ttl", long(4294967296000n), "{value_too_large,4294967296000}"],
    ["x-message-ttl", text("1000"), '"expected integer, got longstr"'],
    ["x-expires", text("abc"), '"expected integer, got longstr"'],
    ["x-expires", int(0), "{value_zero,0}"],
    ["x-expires", double(1), '"expected integer, got double"'],
    ["x-max-length", int(-1), "{value_negative,-1}"],
    ["x-max-length-bytes", text("5"), '"expected integer, got longstr"'],
    ["x-max-priority", int(-1), "{value_negative,-1}"],
    ["x-max-priority", int(256), "{max_value_exceeded,256}"],
    ["x-max-priority", text("5"), '"expected integer, got longstr"'],
    ["x-overflow", text("nosuch"), "invalid_overflow"],
    ["x-overflow", int(5), "{unacceptable_type,signedint}"],
    ["x-dead-letter-routing-key", int(5), "{unacceptable_type,signedint}"],
    ["x-dead-letter-routing-key", text("k"), "routing_key_but_no_dlx_defined"],
    ["x-queue-mode", text("nosuch"), "\"unsupported queue mode 'nosuch'\""],
    ["x-queue-mode", int(5), "{unacceptable_type,signedint}"],
    ["x-queue-version", int(3), "\"unsupported queue version '3'\""],
    ["x-single-active-consumer", int(1), "{unacceptable_type,signedint}"],
    ["x-queue-type", int(5), "{unacceptable_type,signedint}"],
    ["x-queue-type", text(""), "\"unsupported queue type ''\""],
    ["x-queue-type", text("constructor"), "\"unsupported queue type 'constructor'\""],
    ["x-consumer-timeout", text("a"), '"expected integer, got longstr"'],
  ])("%s: wrong value %#", (name, value, complaint) => {
    const message = `invalid arg '${name}' for queue 'q' in vhost 'v': ${complaint}`;
    expect(() => queue("q", { [name]: value })).toThrow(precondition(message));
    expect(access.vhost.queues.size).toBe(0);
  });

  test("a dead letter exchange must be a text", () => {
    expect(() => queue("q", { "x-dead-letter-exchange": int(5) })).toThrow(
      precondition(
        "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost 'v'",
      ),
    );
  });

  test.each([
    "x-queue-leader-locator",
    "x-initial-cluster-size",
    "x-quorum-initial-group-size",
    "x-max-in-memory-length",
    "x-delivery-limit",
    "x-max-age",
  ])("%s belongs to other types", (name) => {
    expect(() => queue("q", { [name]: int(3) })).toThrow(
      precondition(
        `invalid arg '${name}' for queue 'q' in vhost 'v' of queue type rabbit_classic_queue`,
      ),
    );
  });

  test.each([
    ["x-message-ttl", long(4294967295n)],
    ["x-expires", long(4294967296n)],
    ["x-max-length-bytes", int(0)],
    ["x-max-priority", int(0)],
    ["x-max-priority", int(255)],
    ["x-queue-mode", text("lazy")],
    ["x-single-active-consumer", bool(true)],
    ["x-queue-master-locator", text("nosuch")],
    ["x-queue-leader-locator", text("client-local")],
    ["x-consumer-timeout", int(60000)],
    ["x-foo", { type: "F", value: args({ a: int(1) }) }],
    ["x-cancel-on-ha-failover", bool(true)],
  ] as [string, FieldValue][])("%s: good value %#", (name, value) => {
    expect(queue("q", { [name]: value }).definition.name).toBe("q");
  });
});

describe("queue types", () => {
  const quorum = { "x-queue-type": text("quorum") };
  const stream = { "x-queue-type": text("stream") };

  test.each([
    [quorum, { durable: false }, "invalid property 'non-durable' for queue 'q' in vhost 'v'"],
    [quorum, { exclusive: true }, "invalid property 'exclusive-owner' for queue 'q' in vhost 'v'"],
    [stream, { autoDelete: true }, "invalid property 'auto-delete' for queue 'q' in vhost 'v'"],
  ])("flags they cannot have: %#", (fields, flags, message) => {
    expect(() => queue("q", fields, flags)).toThrow(precondition(message));
  });

  test.each([
    [{ ...quorum, "x-max-priority": int(5) }, "of queue type rabbit_quorum_queue"],
    [{ ...quorum, "x-queue-mode": text("lazy") }, "of queue type rabbit_quorum_queue"],
    [{ ...quorum, "x-delivery-limit": text("a") }, '"expected integer, got longstr"'],
    [{ ...quorum, "x-dead-letter-strategy": text("nosuch") }, "invalid_dlx_strategy"],
    [{ ...quorum, "x-quorum-initial-group-size": int(0) }, "{value_zero,0}"],
    [{ ...stream, "x-max-age": text("1X") }, "invalid_max_age"],
    [{ ...stream, "x-max-age": int(5) }, "{unacceptable_type,signedint}"],
    [{ ...stream, "x-message-ttl": int(5) }, "of queue type rabbit_stream_queue"],
    [
      { ...stream, "x-stream-max-segment-size-bytes": long(4_000_000_000n) },
      "Exceeded max value for x-stream-max-segment-size-bytes",
    ],
  ])("arguments they cannot have: %#", (fields, message) => {
    expect(() => queue("q", fields as never)).toThrow(message);
  });

  test("a quorum queue is not server-named", () => {
    expect(() => queue("", quorum)).toThrow(
      precondition("Cannot declare a server-named queue for type rabbit_quorum_queue"),
    );
  });

  test("a vhost's default type is taken where it can be, and written down", () => {
    const vhost = broker.addVhost("typed", {
      ...access.vhost.metadata,
      defaultQueueType: "quorum",
    });
    access = broker.open(anybody, vhost.name, connectionNamed("c1"));
    expect(queue("q").definition.type.name).toBe("quorum");
    expect(queue("q").definition.arguments.get("x-queue-type")).toEqual(text("quorum"));
    expect(queue("t", {}, { durable: false }).definition.type.name).toBe("classic");
    expect(queue("").definition.type.name).toBe("classic");
  });

  test("a quorum queue takes 20 deliveries, unless told otherwise", () => {
    expect(queue("q", quorum).settings.values.deliveryLimit).toBe(20);
    const unlimited = queue("u", { ...quorum, "x-delivery-limit": int(-1) });
    expect(unlimited.settings.values.deliveryLimit).toBeUndefined();
    expect(unlimited.settings.origins.get("deliveryLimit")).toBe("argument");
  });
});

describe("a second declare", () => {
  test.each([
    [
      {},
      { durable: false },
      "inequivalent arg 'durable'",
      "received 'false' but current is 'true'",
    ],
    [
      {},
      { autoDelete: true },
      "inequivalent arg 'auto_delete'",
      "received 'true' but current is 'false'",
    ],
    [
      {},
      {},
      "inequivalent arg 'x-message-ttl'",
      "received none but current is the value '60000' of type 'signedint'",
    ],
    [
      { "x-message-ttl": int(5) },
      {},
      "inequivalent arg 'x-message-ttl'",
      "received '5' but current is '60000'",
    ],
    [
      { "x-message-ttl": int(60000), "x-max-length": int(1) },
      {},
      "inequivalent arg 'x-max-length'",
      "received the value '1' of type 'signedint' but current is none",
    ],
    [
      { "x-message-ttl": int(60000), "x-queue-type": text("quorum") },
      {},
      "inequivalent arg 'x-queue-type'",
      "received the value 'quorum' of type 'longstr' but current is none",
    ],
  ])("that differs is refused: %#", (fields, flags, what, how) => {
    queue("q", { "x-message-ttl": int(60000) });
    expect(() => queue("q", fields as never, flags)).toThrow(
      precondition(`${what} for queue 'q' in vhost 'v': ${how}`),
    );
  });

  test("integer types and unknown arguments are not compared", () => {
    const first = queue("q", { "x-message-ttl": long(5n), "x-foo": int(1) });
    expect(queue("q", { "x-message-ttl": int(5), "x-foo": text("other") })).toBe(first);
    expect(queue("q", { "x-message-ttl": int(5), "x-queue-type": text("classic") })).toBe(first);
  });

  test("of a quorum queue without its type names the type", () => {
    queue("q", { "x-queue-type": text("quorum") });
    expect(() => queue("q")).toThrow(
      precondition(
        "inequivalent arg 'x-queue-type' for queue 'q' in vhost 'v': received none but current is the value 'quorum' of type 'longstr'",
      ),
    );
  });

  test("of an exchange compares type, flags and alternate exchange", () => {
    exchange("x", "direct", { "alternate-exchange": text("a") });
    const declare = (type: string, ae: string, flags = {}) =>
      exchange("x", type, { "alternate-exchange": text(ae) }, flags);
    const where = "for exchange 'x' in vhost 'v'";
    expect(() => declare("topic", "a")).toThrow(
      precondition(`inequivalent arg 'type' ${where}: received 'topic' but current is 'direct'`),
    );
    expect(() => declare("direct", "a", { autoDelete: true })).toThrow(
      precondition(
        `inequivalent arg 'auto_delete' ${where}: received 'true' but current is 'false'`,
      ),
    );
    expect(() => declare("direct", "b")).toThrow(
      precondition(
        `inequivalent arg 'alternate-exchange' ${where}: received 'b' but current is 'a'`,
      ),
    );
    expect(declare("direct", "a").name).toBe("x");
    expect(exchange("amq.direct", "direct").name).toBe("amq.direct");
  });
});

test("limits of vhost and node stop new queues, not redeclares", () => {
  access.vhost.limits = { connectionsMax: undefined, queuesMax: 1 };
  const first = queue("q");
  expect(queue("q")).toBe(first);
  expect(() => queue("r")).toThrow(
    precondition("cannot declare queue 'r': queue limit in vhost 'v' (1) is reached"),
  );
});

test("deleting a quorum queue on conditions is refused, as RabbitMQ does", () => {
  queue("q", { "x-queue-type": text("quorum") });
  expect(() => access.deleteQueue("q", { ifUnused: true, ifEmpty: false })).toThrow(
    expect.objectContaining({ reason: "not-implemented" }),
  );
});

test("an auto-delete exchange goes with its last binding, and so do those before it", () => {
  queue("q");
  exchange("a", "fanout", {}, { autoDelete: true });
  exchange("b", "fanout", {}, { autoDelete: true });
  const binding = { routingKey: "", arguments: EMPTY_TABLE };
  access.bindExchange({ source: "a", destination: "b", ...binding });
  access.bindQueue({ source: "b", destination: "q", ...binding });
  access.deleteQueue("q", { ifUnused: false, ifEmpty: false });
  expect([...access.vhost.exchanges.keys()]).not.toContain("a");
  expect([...access.vhost.exchanges.keys()]).not.toContain("b");
  expect(access.vhost.bindings.count).toBe(0);
});

test("names and keys that AMQP could not carry are refused", () => {
  expect(() => queue("é".repeat(128))).toThrow(precondition("queue name is longer than 255 bytes"));
  expect(queue("é".repeat(127)).definition.name).toHaveLength(127);
  expect(queue("\udcff".repeat(255)).definition.name).toHaveLength(255);
  expect(() => exchange("x".repeat(256), "direct")).toThrow("exchange name is longer");
  queue("q");
  const binding = { source: "amq.direct", destination: "q", arguments: EMPTY_TABLE };
  expect(() => access.bindQueue({ ...binding, routingKey: "k".repeat(256) })).toThrow(
    precondition("routing key is longer than 255 bytes"),
  );
});
