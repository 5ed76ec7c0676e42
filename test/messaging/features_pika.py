"""pika: delayed messages, retries of a quorum queue, dropped duplicates. Prints what it got, then ENDED."""

import sys
import time

import pika

connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.confirm_delivery()


def get(queue, within=5.0):
    until = time.time() + within
    while time.time() < until:
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            return method, properties, body.decode()
        time.sleep(0.02)
    return None, None, None


channel.exchange_declare("pika-later", "x-delayed-message", arguments={"x-delayed-type": "direct"})
channel.queue_declare("pika-delayed", durable=True)
channel.queue_bind("pika-delayed", "pika-later", "k")
start = time.time()
for delay in (3600000, 200):
    channel.basic_publish("pika-later", "k", str(delay), pika.BasicProperties(headers={"x-delay": delay}), mandatory=True)
_, properties, body = get("pika-delayed")
print("delayed", body, properties.headers["x-delay"], time.time() - start >= 0.2)
print("later", get("pika-delayed", within=0.1)[2])

arguments = {"x-queue-type": "quorum", "x-delayed-retry-type": "all", "x-delayed-retry-min": 2000, "x-delivery-limit": 1}
channel.queue_declare("pika-quorum", durable=True, arguments=arguments)
channel.basic_publish("", "pika-quorum", "poison")
method, properties, _ = get("pika-quorum")
print("count", (properties.headers or {}).get("x-delivery-count"))
channel.basic_reject(method.delivery_tag, requeue=True)
print("waits", get("pika-quorum", within=0.1)[2])
method, properties, _ = get("pika-quorum")
print("count", properties.headers.get("x-delivery-count"), method.redelivered)
channel.basic_reject(method.delivery_tag, requeue=True)
print("gone", get("pika-quorum", within=2.5)[2])

channel.queue_declare("pika-once", durable=True, arguments={"x-message-deduplication": True})
for body in ("first", "second"):
    channel.basic_publish("", "pika-once", body, pika.BasicProperties(headers={"x-deduplication-header": "k"}), mandatory=True)
print("once", channel.queue_declare("pika-once", passive=True).method.message_count)
connection.close()
print("ENDED")
