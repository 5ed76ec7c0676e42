// jest, CommonJS: reminders that go out a day later.

const amqplib = require("amqplib");
const { TestBroker } = require("leveret/testing");

/** The program under test. */
async function remindTomorrow(channel, customer) {
  await channel.assertQueue("reminders");
  await channel.assertQueue("tomorrow", {
    ...{ messageTtl: 86_400_000, deadLetterExchange: "", deadLetterRoutingKey: "reminders" },
  });
  channel.sendToQueue("tomorrow", Buffer.from(JSON.stringify({ customer })));
}

let broker;
let connection;
beforeEach(async () => {
  broker = await TestBroker.start();
  connection = await amqplib.connect(broker.url);
});
afterEach(async () => {
  await connection.close();
  await broker.stop();
});

test("a reminder comes a day later, not sooner", async () => {
  await remindTomorrow(await connection.createChannel(), 42);
  await broker.queue("tomorrow").expectMessage({ json: { customer: 42 } });
  await broker.clock.advance("23h");
  await broker.queue("reminders").expectNoMessage();
  await broker.clock.advance("1h");
  await broker.queue("reminders").expectMessage({ json: { customer: 42 } });
});
