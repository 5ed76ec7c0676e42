# Streams as pika's own tutorial reads and writes them, and what a stream refuses.

import sys

import pika

url = sys.argv[1]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.confirm_delivery()
channel.queue_declare("pika-stream", durable=True, arguments={
    "x-queue-type": "stream",
    "x-max-length-bytes": 50_000_000,
    "x-stream-max-segment-size-bytes": 1_000_000,
    "x-max-age": "7D",
})
for i in range(200):
    properties = pika.BasicProperties(headers={"number": i, "x-stream-filter-value": str(i % 4)})
    channel.basic_publish("", "pika-stream", str(i).encode(), properties)
print("PUBLISHED", flush=True)


def read(arguments, count):
    reader = connection.channel()
    reader.basic_qos(prefetch_count=20)
    found = []
    consumer = reader.consume("pika-stream", arguments=arguments, inactivity_timeout=20)
    for method, properties, body in consumer:
        assert method is not None, f"only {len(found)} of {count} came"
        found.append((properties.headers["x-stream-offset"], int(body)))
        reader.basic_ack(method.delivery_tag)
        if len(found) == count:
            break
    reader.close()
    return found


assert read({"x-stream-offset": "first"}, 200) == [(i, i) for i in range(200)]
assert read({"x-stream-offset": 150}, 50) == [(i, i) for i in range(150, 200)]
assert read({"x-stream-offset": "first", "x-stream-filter": "1"}, 5)[0][1] in (0, 1)
print("READ", flush=True)

other = pika.BlockingConnection(pika.URLParameters(url))
try:
    other.channel().basic_get("pika-stream")
    raise SystemExit("basic.get was not refused")
except pika.exceptions.ConnectionClosedByBroker as error:
    assert error.reply_code == 540, error

connection.channel().queue_delete("pika-stream")
connection.close()
print("ENDED", flush=True)
