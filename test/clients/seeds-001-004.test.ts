// Every Python program of the documents, as it stands. Where a program fails on RabbitMQ it fails here the same way:
// the comments say what is wrong with it.

import { it } from "vitest";
import { CHANNEL, describeSeed } from "./seed-suite.ts";

describeSeed("001", ({ start, ends, raises, fragment }) => {
  it("direct exchange", () =>
    ends(
      "001:49",
      fragment(
        "channel.queue_declare('error_logs')",
        "assert drain('error_logs') == ['Error message']",
      ),
    ));

  it("fanout exchange", () => ends("001:76", fragment()));

  it("topic exchange", () =>
    ends(
      "001:104",
      fragment(
        "channel.queue_declare('all_orders'); channel.queue_declare('us_orders')",
        "channel.basic_publish('orders', 'order', 'bare'); assert drain('all_orders') == ['New US order', 'bare']; assert drain('us_orders') == ['New US order']",
      ),
    ));

  it("headers exchange", () =>
    ends(
      "001:123",
      fragment(
        "channel.queue_declare('pdf_reports')",
        "assert drain('pdf_reports') == ['PDF report']",
      ),
    ));

  it("producer and consumer: without process_order each order is refused", async () => {
    await start("001:161").ends();
    const consumer = start("001:205");
    await consumer.says("Waiting for messages...");
    // The binding exists by now; what was sent before it is gone.
    await start("001:161").ends();
    await consumer.says("Error: name 'process_order' is not defined");
    await consumer.stop();
    await ends("001:161", { after: `${CHANNEL}assert depth('order_processor') == 1` });
  });

  it("acknowledges, requeues or refuses by the kind of error", () =>
    ends(
      "001:276",
      fragment(
        `
class RecoverableError(Exception): pass
class FatalError(Exception): pass
seen = []
def process(body):
    seen.append(body)
    if body == b'fatal': raise FatalError()
    if body == b'again' and seen.count(body) == 1: raise RecoverableError()
channel.queue_declare('q')
for body in ('again', 'fatal', 'fine'): channel.basic_publish('', 'q', body)`,
        "channel.basic_consume('q', callback); stop_soon(); channel.start_consuming(); assert sorted(seen) == [b'again', b'again', b'fatal', b'fine'], seen; assert depth('q') == 0",
      ),
    ));

  it("dead letter queue", () =>
    ends(
      "001:294",
      fragment(
        "",
        `
channel.basic_publish('', 'orders', 'bad')
method, _, _ = channel.basic_get('orders'); channel.basic_nack(method.delivery_tag, requeue=False)
while depth('orders_dlq') < 1: time.sleep(0.01)
assert drain('orders_dlq') == ['bad']`,
      ),
    ));

  it("time to live", () => ends("001:314", fragment("", "assert depth('temp_queue') == 1")));

  it("publish and subscribe", () =>
    ends(
      "001:334",
      fragment("", "channel.basic_publish('events', '', 'Second!'); assert depth(queue_name) == 0"),
    ));

  it("workers with a prefetch of one", () =>
    ends(
      "001:358",
      fragment(
        "channel.queue_declare('tasks'); channel.basic_publish('', 'tasks', 'task')",
        "stop_soon(); channel.start_consuming(); assert depth('tasks') == 0",
      ),
    ));

  it("request and reply: a class that can't be made as printed, but works with a connection", async () => {
    await raises(
      "001:370",
      /TypeError: connection_configs does not support iteration/,
      fragment("", "RpcClient()"),
    );
    const server = start("000:883", {
      before: `${CHANNEL}process_request = lambda body: body.decode()[::-1]`,
      after: "print('serving'); channel.start_consuming()",
    });
    await server.says("serving");
    // `...` stands for the parameters, so pika is asked to take it for "localhost".
    await ends("001:370", {
      before:
        "import pika\nreal = pika.BlockingConnection\npika.BlockingConnection = lambda parameters: real(pika.ConnectionParameters('localhost'))",
      after:
        "client = RpcClient(); assert client.call('stressed') == b'desserts'; assert client.call('x') == b'x'",
    });
  });

  it("quorum queue", () =>
    ends(
      "001:421",
      fragment("", "channel.basic_publish('', 'ha_queue', 'x'); assert drain('ha_queue') == ['x']"),
    ));
});

describeSeed("002", ({ start, ends, raises, fragment }) => {
  it("sender and receiver", async () => {
    await start(["002:10", "002:17", "002:26"]).ends();
    const receiver = start(["002:10", "002:17", "002:38"]);
    await receiver.says("[x] Received b'Hello World!'");
  });

  it("does not parse where `...` stands before keywords", async () => {
    await raises("002:53", /SyntaxError/, fragment());
    await raises("002:69", /SyntaxError/, fragment());
  });

  it("callback with acknowledgement", () =>
    ends(
      "002:77",
      fragment(
        "channel.queue_declare('q1'); channel.basic_publish('', 'q1', 'x')",
        "channel.basic_consume('q1', callback); stop_soon(); channel.start_consuming(); assert depth('q1') == 0",
      ),
    ));

  it("calls basic_qos with a keyword pika does not have", () =>
    raises("002:88", /TypeError: .*prefetch/, fragment()));

  it("temporary queues and their binding", async () => {
    const output = await ends(
      ["002:111", "002:123", "002:116"],
      fragment(
        "channel.exchange_declare('logs', 'fanout')",
        "channel.basic_publish('logs', '', 'x'); assert drain(q_name.method.queue) == ['x']",
      ),
    );
    if (!/^amq\.gen-[A-Za-z0-9_-]{22}$/m.test(output)) throw new Error(output);
  });
});

describeSeed("003", ({ ends, raises, fragment }) => {
  it("worker that acknowledges after the work", () =>
    ends(
      "003:60",
      fragment(
        "channel.queue_declare('w'); channel.basic_publish('', 'w', 'quick')",
        "channel.basic_consume('w', callback); stop_soon(); channel.start_consuming(); assert depth('w') == 0",
      ),
    ));

  // The pika of Debian 12 is older than its DeliveryMode.
  const deliveryMode =
    "if not hasattr(pika, 'DeliveryMode'): pika.DeliveryMode = type('DeliveryMode', (), {'Persistent': 2})";
  it("durable queue, persistent message", () =>
    ends(["003:84", "003:89"], fragment(deliveryMode, "assert drain('hello') == ['a message']")));

  it("can't make an existing queue durable", () =>
    raises(
      "003:84",
      /ChannelClosedByBroker: \(406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'hello' in vhost '\/': received 'true' but current is 'false'"\)/,
      fragment("channel.queue_declare('hello')"),
    ));

  it("log over a fanout exchange into temporary queues", () =>
    ends(
      ["003:158", "003:164", "003:147"],
      fragment(
        "channel.exchange_declare('logs', 'fanout')",
        "assert result.method.queue.startswith('amq.gen-')",
      ),
    ));
});

describeSeed("004", ({ start, ends, raises }) => {
  it("hello: producer, consumer", async () => {
    await start("004:204").ends();
    await start("004:233").says("Received message: Hello. this is my first message");
  });

  it("competing consumers: an endless producer and two slow workers", async () => {
    const workers = [start("004:364"), start("004:364")];
    for (const worker of workers) await worker.says("start consuming messages");
    const producer = start("004:333");
    await producer.says("Sent message: Sending Message 2");
    // Each has one message at a time, so with both busy or not both get some.
    for (const worker of workers) await worker.says("Received message: Sending Message");
    await Promise.race(workers.map((worker) => worker.says("Finish processing message")));
  });

  it("publish and subscribe: two consumers get every message", async () => {
    const consumers = [start("004:464"), start("004:501")];
    for (const consumer of consumers) await consumer.says("start consuming messages");
    await start("004:431").ends();
    await consumers[0]?.says("first consumer Received message: I want to boadcast this message");
    await consumers[1]?.says("second consumer Received message: I want to boadcast this message");
  });

  it("direct exchange: two consumers with a key each and one in common", async () => {
    const analytics = start("004:601");
    const payments = start("004:628");
    await analytics.says("Start Consuming");
    await payments.says("start consuming");
    await start("004:564").ends();
    await analytics.says("Received message: This analytics message needs to be routed");
    await analytics.says("Received message: This message needs to be routed");
    await payments.says("Received message: This message needs to be routed");
    if (payments.output.includes("This analytics message")) throw new Error(payments.output);
  });

  it("topic exchange", async () => {
    const consumer = start("004:699");
    await consumer.says("User Start Consuming");
    await start("004:662").ends();
    await consumer.says("Received message: This analytics message needs to be routed");
    await consumer.says("Received message: This message needs to be routed");
  });

  it("request and reply", async () => {
    const server = start("004:779");
    await server.says("Start Server");
    const client = start("004:740");
    await server.says("server Received message: cor_id =");
    await client.says('Received reply message: Reply to "Can I request a reply?" cor_id =');
  });

  it("exchange bound to exchange", async () => {
    const consumer = start("004:816");
    await consumer.says("Start consuming");
    await start("004:842").ends();
    await consumer.says("Received message: This message go through multiple exchanges");
  });

  it("headers exchange: one of two headers is not all of them", async () => {
    const consumer = start("004:892");
    await consumer.says("Start consuming");
    await start("004:925").ends();
    await ends("004:925", {
      after: `${CHANNEL}channel.basic_publish('headerexchange', '', 'both', pika.BasicProperties(headers={'name': 'brian', 'age': 53, 'more': True}))`,
    });
    await consumer.says("Received message: both");
    if (consumer.output.includes("header exchanges")) throw new Error(consumer.output);
  });

  it("publish options: an expiration that is not a text never leaves pika", () =>
    raises("004:1007", /AssertionError|TypeError|struct\.error|AttributeError/));
});
