// Writes what a real RabbitMQ 3.10 tells of pairs of channels, exchanges and queues, in its detailed mode:
// `npx tsx test/conformance/record-pairs.ts`.

import { writeFileSync } from "node:fs";
import { connect } from "amqplib";
import { freePort } from "../free-port.ts";
import { readPairs, runTraffic } from "./pair-traffic.ts";
import { startRabbitMq } from "./real-rabbitmq.ts";

const httpPort = await freePort();
const rabbit = await startRabbitMq({
  plugins: ["rabbitmq_management"],
  configuration: ["management.rates_mode = detailed", `management.tcp.port = ${httpPort}`],
});
try {
  const connection = await connect(rabbit.url);
  await runTraffic(connection);
  // Its statistics come every five seconds.
  await new Promise((resolve) => setTimeout(resolve, 13_000));
  const headers = { authorization: `Basic ${btoa("guest:guest")}` };
  const pairs = await readPairs(async (path) =>
    (await fetch(`http://127.0.0.1:${httpPort}/api${path}`, { headers })).json(),
  );
  const file = new URL("data/pairs.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify(pairs, undefined, 1)}\n`);
  await connection.close();
} finally {
  await rabbit.stop();
}
