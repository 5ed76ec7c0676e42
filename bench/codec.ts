// What the codec costs. The property scan runs for every published message and must make no garbage;
// methods and tables are read as values and may.

import { longString } from "../src/broker/message/field-table.ts";
import type { MessageProperties } from "../src/broker/message/message-properties.ts";
import { byteBlock } from "../src/lib/byte-block.ts";
import { ByteReader } from "../src/lib/byte-reader.ts";
import { ByteWriter } from "../src/lib/byte-writer.ts";
import {
  type ClientMethod,
  decodeClientMethod,
  writeClientMethod,
} from "../src/protocols/amqp091/codec/methods.generated.ts";
import { writeContentHeader } from "../src/protocols/amqp091/codec/properties.ts";
import { PropertyScan } from "../src/protocols/amqp091/codec/property-scan.ts";
import { type Measurement, measure, print } from "./measure.ts";

const headers = new Map([
  ["tenant", longString("acme")],
  ["attempt", { type: "I", value: 3 } as const],
  ["trace", longString("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
]);
const scanned: Record<string, MessageProperties> = {
  "scan: no properties": {},
  "scan: delivery mode": { deliveryMode: 2 },
  "scan: content type, mode, expiration": {
    ...{ contentType: "application/json", deliveryMode: 2, expiration: "60000" },
  },
  "scan: three headers, correlation id, reply-to": {
    ...{ headers, deliveryMode: 2, correlationId: "b2d7a7be", replyTo: "amq.rabbitmq.reply-to" },
  },
};
const methods: Record<string, ClientMethod> = {
  "method: basic.publish": {
    ...{ name: "basic.publish", exchange: "orders", routingKey: "order.created.us" },
    ...{ mandatory: false, immediate: false },
  },
  "method: basic.ack": { name: "basic.ack", deliveryTag: 123_456, multiple: true },
  "method: queue.declare with two arguments": {
    ...{ name: "queue.declare", queue: "orders", passive: false, durable: true },
    ...{ exclusive: false, autoDelete: false, noWait: false },
    arguments: new Map([
      ["x-message-ttl", { type: "I", value: 60_000 }],
      ["x-dead-letter-exchange", longString("dlx")],
    ]),
  },
};

const measurements: Measurement[] = [];
for (const [name, properties] of Object.entries(scanned)) {
  const writer = new ByteWriter();
  writeContentHeader(writer, 1, 1_024, properties);
  const scan = new PropertyScan(byteBlock(writer.toBytes()));
  measurements.push(await measure(name, 2_000_000, () => scan.scan(0)));
}
for (const [name, method] of Object.entries(methods)) {
  const writer = new ByteWriter();
  writeClientMethod(writer, 1, method);
  const block = byteBlock(writer.toBytes());
  const reader = new ByteReader();
  const read = () => {
    reader.reset(block, 7, block.u8.length - 1);
    decodeClientMethod(reader);
  };
  measurements.push(await measure(name, 300_000, read));
}
print(measurements);
