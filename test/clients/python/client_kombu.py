"""kombu: confirms, consume, ack, reject with dead letter, requeue, RPC, and going on after the broker restarts."""

import socket
import sys
import time

from kombu import Connection, Consumer, Exchange, Producer, Queue

url = sys.argv[1]


def connect():
    return Connection(url, heartbeat=4, transport_options={"confirm_publish": True})


dead = Queue("kombu-dead", durable=True)
work = Queue(
    "kombu-work",
    Exchange("kombu", type="topic"),
    routing_key="work.#",
    durable=True,
    queue_arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "kombu-dead"},
)


def take(connection, queue, count, answer):
    bodies = []

    def on_message(body, message):
        bodies.append((body, message.delivery_info["redelivered"]))
        answer(message)

    with Consumer(connection, [queue], callbacks=[on_message], prefetch_count=1):
        while len(bodies) < count:
            connection.drain_events(timeout=5)
    return bodies


with connect() as connection:
    properties = connection.default_channel.connection.server_properties
    assert properties["product"] == "RabbitMQ", properties
    producer = Producer(connection)
    dead(connection.default_channel).declare()
    for number in range(5):
        producer.publish(
            {"number": number},
            exchange=work.exchange,
            routing_key="work.a.b",
            declare=[work],
            serializer="json",
            delivery_mode=2,
        )

    def answer(message):
        if message.payload["number"] != 0:
            message.ack()
        elif message.delivery_info["redelivered"]:
            message.reject()
        else:
            message.requeue()

    taken = [(body["number"], redelivered) for body, redelivered in take(connection, work, 6, answer)]
    assert taken == [(0, False), (0, True), (1, False), (2, False), (3, False), (4, False)], taken
    assert [body["number"] for body, _ in take(connection, dead, 1, lambda m: m.ack())] == [0]
    print("BASICS", flush=True)

    simple = connection.SimpleQueue("kombu-simple")
    simple.put({"hello": "world"})
    message = simple.get(timeout=5)
    assert message.payload == {"hello": "world"}
    message.ack()
    simple.close()
    print("SIMPLE", flush=True)

    time.sleep(2.5)
    connection.heartbeat_check()
    print("HEARTBEAT", flush=True)

connection = connect()
connection.ensure_connection(max_retries=3)
print("RESTART ME", flush=True)
received = []
deadline = time.time() + 30
while not received and time.time() < deadline:
    try:
        connection.ensure_connection(max_retries=100, interval_start=0.2, interval_step=0, interval_max=0.2)
        producer = Producer(connection.default_channel)
        with Consumer(connection.default_channel, [work], callbacks=[lambda b, m: (received.append(b), m.ack())]):
            while not received:
                producer.publish("after", exchange=work.exchange, routing_key="work", declare=[work])
                connection.drain_events(timeout=0.5)
    except socket.timeout:
        pass
    except connection.recoverable_connection_errors as error:
        print("reconnecting after", error, flush=True)
        connection.close()
        time.sleep(0.2)
assert received
print("ENDED", flush=True)
