// Writes recorded.json: what RabbitMQ publishes about itself. Needs a RabbitMQ that is installed here; run it with
// `tsx test/process/events/record.ts` when observe.ts has changed.

import { writeFileSync } from "node:fs";
import { startRabbitMq } from "../../conformance/real-rabbitmq.ts";
import { observe } from "./observe.ts";

const rabbit = await startRabbitMq({
  plugins: ["rabbitmq_event_exchange"],
  configuration: ["log.exchange = true", "log.exchange.level = info"],
  logs: "file",
});
try {
  const observed = await observe(rabbit.url, (...words) => rabbit.ctl(...words).catch(() => ""));
  const file = new URL("recorded.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify(observed, null, 2)}\n`);
} finally {
  await rabbit.stop();
}
