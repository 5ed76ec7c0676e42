// Every Python program of the documents, as it stands. Where a program fails on RabbitMQ it fails here the same way:
// the comments say what is wrong with it.

import { it } from "vitest";
import { describeSeed } from "./seed-suite.ts";

describeSeed("000", ({ start, ends, raises, fragment }) => {
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
channel.basic_publish('', 'main_queue', 'rejected')
method, _, _ = channel.basic_get('main_queue'); channel.basic_reject(method.delivery_tag, requeue=False)
channel.basic_publish('', 'main_queue', 'expired', pika.BasicProperties(expiration='50'))
while depth('dead_letters') < 2: time.sleep(0.01)
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
