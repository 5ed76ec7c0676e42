// Every Python program of the five documents, as it stands. Where a program fails on RabbitMQ it fails here the same way:
// the comments say what is wrong with it.

import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import type { Program } from "./program.ts";
import { missingForSeeds, type SeedOptions, seedProgram } from "./seed-program.ts";
import { startEmbeddedTarget, type Target } from "./target.ts";

/** What a fragment that begins in the middle of a program takes for granted. */
const CHANNEL = `
import pika, time, uuid
connection = pika.BlockingConnection(pika.ConnectionParameters('localhost'))
channel = connection.channel()
message = 'a message'
def callback(ch, method, properties, body):
    print('callback got', body)
    ch.basic_ack(method.delivery_tag)
def stop_soon():
    connection.call_later(0.5, channel.stop_consuming)
def depth(name):
    return channel.queue_declare(queue=name, passive=True).method.message_count
def drain(name):
    bodies = []
    while True:
        method, properties, body = channel.basic_get(name, auto_ack=True)
        if method is None:
            return bodies
        bodies.append(body.decode())
`;

const missing = missingForSeeds();
if (missing !== "") console.warn(`skipped: programs of the documents: ${missing}`);

describe.skipIf(missing !== "")("programs of the documents", () => {
  let target: Target;
  let running: Program[] = [];

  beforeAll(async () => {
    target = await startEmbeddedTarget();
  }, 60_000);
  afterAll(() => target?.stop());
  beforeEach(() => target.reset());
  afterEach(async () => {
    await Promise.all(running.map((program) => program.stop()));
    running = [];
  });

  function start(places: string | readonly string[], options: SeedOptions = {}): Program {
    const program = seedProgram(target.port, [places].flat(), options);
    running.push(program);
    return program;
  }
  const ends = (places: string | readonly string[], options: SeedOptions = {}) =>
    start(places, options).ends();
  const raises = (places: string | readonly string[], expected: RegExp, options = {}) =>
    start(places, options).raises(expected);
  /** A fragment, with a channel and the names it takes for granted. */
  const fragment = (before = "", after = ""): SeedOptions => ({ before: CHANNEL + before, after });

  describe("000", () => {
    it("connects", () => ends("000:384"));
    it("does not parse: '/' is not quoted", () => raises("000:394", /SyntaxError/));

    it("declares queues until a quorum queue is asked to be transient and lazy", () =>
      raises(
        "000:420",
        /ChannelClosedByBroker: \(406, "PRECONDITION_FAILED - invalid (arg 'x-queue-mode'|property 'non-durable') for queue 'my_important_queue'/,
        fragment("channel.queue_declare(queue='task_queue', durable=True)"),
      ));

    it("declares exchanges", () =>
      ends(
        "000:458",
        fragment(
          "",
          "channel.exchange_declare('logs', passive=True); channel.exchange_declare('direct_logs', passive=True)",
        ),
      ));

    it("binds queues to all four types of exchange", () =>
      ends(
        "000:469",
        fragment(
          `
for name, kind in (('direct_logs', 'direct'), ('logs', 'fanout'), ('topic_logs', 'topic'), ('headers_logs', 'headers')):
    channel.exchange_declare(name, kind)
channel.queue_declare('Q1'); channel.queue_declare('Q2')`,
          `
for exchange, key in (('direct_logs', 'error'), ('direct_logs', 'info'), ('logs', 'x'), ('topic_logs', 'user.new'), ('topic_logs', 'order.new')):
    channel.basic_publish(exchange, key, exchange + ' ' + key)
for headers in ({'format': 'json', 'type': 'report', 'more': 1}, {'format': 'json'}):
    channel.basic_publish('headers_logs', '', 'report', pika.BasicProperties(headers=headers))
assert drain('Q1') == ['direct_logs error', 'logs x', 'topic_logs user.new'], drain('Q1')
assert drain('Q2') == ['report']`,
        ),
      ));

    it("acknowledges what was already acknowledged, which closes the channel", () =>
      raises(
        "000:493",
        /ChannelClosedByBroker: \(406, 'PRECONDITION_FAILED - unknown delivery tag 1'\)/,
        fragment(
          "channel.queue_declare('q1'); channel.basic_publish('', 'q1', 'x')",
          "channel.start_consuming()",
        ),
      ));

    it("sets a prefetch and consumes", () =>
      ends(
        "000:513",
        fragment(
          "channel.queue_declare('hello'); [channel.basic_publish('', 'hello', str(i)) for i in range(3)]",
          "stop_soon(); channel.start_consuming(); assert depth('hello') == 0",
        ),
      ));

    it("does not parse: keyword arguments come twice", () => raises("000:526", /SyntaxError/));

    it("consumes with manual acknowledgements and cancels", async () => {
      const output = await start(
        "000:566",
        fragment(
          "channel.queue_declare('task_queue', durable=True); channel.basic_publish('', 'task_queue', 'work'); stop_soon()",
          "assert depth('task_queue') == 0",
        ),
      ).ends();
      if (!output.includes("[x] Received work")) throw new Error(output);
    });

    it("sends hello; the receiver acknowledges in spite of auto_ack and dies of it", async () => {
      await start("000:587").ends();
      const consumer = start("000:607");
      await consumer.says("[x] Received b'Hello World!'");
      await consumer.raises(
        /ChannelClosedByBroker: \(406, 'PRECONDITION_FAILED - unknown delivery tag 1'\)/,
      );
    });

    it("publishes with confirms: to no exchange, to no queue, to a queue", async () => {
      await raises(
        "000:656",
        /ChannelClosedByBroker: \(404, "NOT_FOUND - no exchange 'some_exchange' in vhost '\/'"\)/,
        fragment(),
      );
      const exchange = "channel.exchange_declare('some_exchange', 'topic')\n";
      await start("000:656", fragment(exchange)).says("Message was returned (unroutable)!");
      // basic_publish answers None, not a truth value, whatever was confirmed.
      const queue =
        "channel.queue_declare('q'); channel.queue_bind('q', 'some_exchange', 'some.#')\n";
      const confirmed = start("000:656", fragment(exchange + queue, "assert depth('q') == 1"));
      await confirmed.says("Message was NOT confirmed (nacked)!");
      await confirmed.ends();
    });

    it("is told that nothing is bound, by an exception instead of its callback", () =>
      raises(
        "000:684",
        /UnroutableError: 1 unroutable message/,
        fragment("properties = pika.BasicProperties()"),
      ));

    it("lists publish options without their arguments", () =>
      raises("000:705", /TypeError/, fragment()));

    it("point to point", async () => {
      const output = await ends("000:746", fragment("stop_soon()"));
      if (!output.includes("Received b'Hello World!'")) throw new Error(output);
    });

    it("work queue", () =>
      ends(
        "000:772",
        fragment("", "stop_soon(); channel.start_consuming(); assert depth('task_queue') == 0"),
      ));

    it("publish and subscribe: what was sent before the queue is gone", () =>
      ends(
        "000:796",
        fragment(
          "",
          "channel.basic_publish('logs', 'any', 'second'); stop_soon(); channel.start_consuming()",
        ),
      ).then((output) => {
        if (output.includes("a message") || !output.includes("second")) throw new Error(output);
      }));

    const queueName = "queue_name = channel.queue_declare('', exclusive=True).method.queue\n";
    it("routing", () =>
      ends(
        "000:815",
        fragment(
          queueName,
          "[channel.basic_publish('direct_logs', k, k) for k in ('error', 'info')]; assert drain(queue_name) == ['error']",
        ),
      ));

    it("topics", () =>
      ends(
        "000:837",
        fragment(
          queueName,
          "[channel.basic_publish('topic_logs', k, k) for k in ('kern.critical', 'kern.info', 'a.b.critical')]; assert drain(queue_name) == ['kern.critical']",
        ),
      ));

    it("remote procedure call: the first request has no queue yet, the second is answered", () =>
      ends(
        "000:883",
        fragment(
          "process_request = lambda body: body.decode().upper()",
          `
channel.basic_publish('', 'rpc_queue', 'again', pika.BasicProperties(reply_to=callback_queue, correlation_id=correlation_id))
stop_soon(); channel.start_consuming()
method, properties, body = channel.basic_get(callback_queue, auto_ack=True)
assert body == b'AGAIN' and properties.correlation_id == correlation_id, body
assert depth(callback_queue) == 0`,
        ),
      ));

    it("dead letter queue", () =>
      ends(
        "000:920",
        fragment(
          "",
          `
channel.basic_publish('', 'main_queue', 'rejected'); channel.basic_publish('', 'main_queue', 'expired', pika.BasicProperties(expiration='50'))
method, _, _ = channel.basic_get('main_queue'); channel.basic_reject(method.delivery_tag, requeue=False)
time.sleep(0.3)
reasons = []
for _ in range(2):
    method, properties, body = channel.basic_get('dead_letters', auto_ack=True)
    death = properties.headers['x-death'][0]
    assert method.routing_key == 'main_queue_dl' and death['queue'] == 'main_queue' and death['count'] == 1
    reasons.append((body, death['reason']))
assert reasons == [(b'rejected', 'rejected'), (b'expired', 'expired')], reasons`,
        ),
      ));

    it("priority queue", () =>
      ends(
        "000:946",
        fragment(
          "",
          `
for priority in (1, None, 10, 200, 5):
    channel.basic_publish('', 'priority_queue', str(priority), pika.BasicProperties(priority=priority))
assert drain('priority_queue') == ['10', '200', 'a message', '5', '1', 'None']`,
        ),
      ));

    it("sharded queues", () =>
      ends(
        "000:967",
        fragment(
          "user_id = 'ada'; [channel.queue_declare(f'user_events_{i}') for i in range(10)]",
          "stop_soon(); channel.start_consuming()",
        ),
      ).then((output) => {
        if (!output.includes("callback got b'a message'")) throw new Error(output);
      }));
  });

  describe("001", () => {
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
time.sleep(0.2); assert drain('orders_dlq') == ['bad']`,
        ),
      ));

    it("time to live", () => ends("001:314", fragment("", "assert depth('temp_queue') == 1")));

    it("publish and subscribe", () =>
      ends(
        "001:334",
        fragment(
          "",
          "channel.basic_publish('events', '', 'Second!'); assert depth(queue_name) == 0",
        ),
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
        fragment(
          "",
          "channel.basic_publish('', 'ha_queue', 'x'); time.sleep(0.1); assert drain('ha_queue') == ['x']",
        ),
      ));
  });

  describe("002", () => {
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

  describe("003", () => {
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

  describe("004", () => {
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
});
