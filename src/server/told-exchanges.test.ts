import { expect, test } from "vitest";
import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { tableToPlainJson } from "../broker/message/field-table-json.ts";
import { bindQueue, consume, declareQueue } from "../protocols/amqp091/test-methods.ts";
import { createWorld, type Received } from "../protocols/amqp091/testing.ts";
import { EVENT_EXCHANGE, EventExchange, LOG_EXCHANGE, LogExchange } from "./told-exchanges.ts";

async function listening(exchange: string) {
  const world = await createWorld({});
  const lines: string[] = [];
  const inner = {
    write: (level: string, _category: string, text: string) => void lines.push(`${level} ${text}`),
  };
  new EventExchange(world.broker, "/").start();
  const log = new LogExchange(inner, world.broker, "/", "warning");
  log.start();
  const client = world.connect().open();
  client.send(1, declareQueue("told"));
  client.send(1, bindQueue("told", exchange, "#"));
  client.send(1, consume("told", { consumerTag: "t" }));
  client.receive();
  return { world, client, log, lines };
}

const told = (received: Received[]) =>
  received.flatMap(({ method, properties, body }) =>
    method.name !== "basic.deliver"
      ? []
      : [
          {
            key: method.routingKey,
            headers: JSON.parse(
              JSON.stringify(tableToPlainJson(properties?.headers ?? EMPTY_TABLE)),
            ),
            body: String(body),
          },
        ],
  );

test("events come through amq.rabbitmq.event, facts as headers", async () => {
  const { client } = await listening(EVENT_EXCHANGE);
  client.send(1, declareQueue("new"));
  expect(told(client.receive())).toEqual([
    {
      key: "queue.created",
      body: "",
      headers: {
        name: "new",
        vhost: "/",
        durable: false,
        auto_delete: false,
        exclusive: false,
        owner_pid: "",
        type: "classic",
        arguments: {},
        user_who_performed_action: "guest",
        timestamp_in_ms: expect.any(Number),
      },
    },
  ]);
});

test("log lines come through amq.rabbitmq.log, from a level on", async () => {
  const { client, log, lines } = await listening(LOG_EXCHANGE);
  log.write("info", "node", "quiet");
  log.write("error", "queue", "löud");
  expect(told(client.receive())).toMatchObject([
    {
      key: "error",
      body: expect.stringMatching(/^\d{4}-\d\d-\d\d .* \[error\] <0\.0\.0> löud\n$/),
      headers: { category: "queue" },
    },
  ]);
  expect(lines).toEqual(["info quiet", "error löud"]);
});

test("clients cannot publish there", async () => {
  const { client } = await listening(LOG_EXCHANGE);
  client.publish(1, LOG_EXCHANGE, "error", "forged");
  expect(client.receive()[0]?.method).toMatchObject({ name: "channel.close", replyCode: 403 });
});
