"""pika: asynchronous confirms with SelectConnection, returns, transactions, blocking RPC, and connecting anew after a restart."""

import functools
import sys
import time
import uuid

import pika

parameters = pika.URLParameters(sys.argv[1])


def asynchronous_confirms(count):
    state = {"acked": 0, "nacked": 0}

    def on_open(connection):
        connection.channel(on_open_callback=on_channel)

    def on_channel(channel):
        declare = {"queue": "pika-confirms", "arguments": {"x-max-length": 10, "x-overflow": "reject-publish"}}
        channel.queue_declare(callback=functools.partial(on_declared, channel), **declare)

    def on_declared(channel, _):
        channel.confirm_delivery(functools.partial(on_confirm, channel))
        for number in range(count):
            channel.basic_publish("", "pika-confirms", str(number))

    def on_confirm(channel, frame):
        first = state["acked"] + state["nacked"] + 1
        settled = frame.method.delivery_tag - first + 1 if frame.method.multiple else 1
        state["nacked" if frame.method.NAME == "Basic.Nack" else "acked"] += settled
        if state["acked"] + state["nacked"] == count:
            channel.queue_delete("pika-confirms", callback=lambda _: connection.close())

    connection = pika.SelectConnection(
        parameters, on_open_callback=on_open, on_close_callback=lambda c, _: c.ioloop.stop()
    )
    connection.ioloop.start()
    return state


def transactions(channel):
    channel.queue_declare("pika-tx")
    channel.tx_select()
    channel.basic_publish("", "pika-tx", "rolled back")
    channel.tx_rollback()
    channel.basic_publish("", "pika-tx", "committed")
    assert channel.queue_declare("pika-tx", passive=True).method.message_count == 0
    channel.tx_commit()
    method, _, body = channel.basic_get("pika-tx")
    assert body == b"committed"
    channel.basic_ack(method.delivery_tag)
    channel.tx_rollback()
    # The acknowledgement was rolled back; the delivery is still this channel's.
    assert channel.basic_get("pika-tx") == (None, None, None)
    channel.basic_ack(method.delivery_tag)
    channel.tx_commit()
    assert channel.queue_declare("pika-tx", passive=True).method.message_count == 0


def direct_reply(connection):
    """amq.rabbitmq.reply-to: no reply queue at all."""
    client = connection.channel()
    server = connection.channel()
    server.queue_declare("pika-rpc", exclusive=True)

    def on_request(channel, method, properties, body):
        channel.basic_publish("", properties.reply_to, body.upper(), pika.BasicProperties(correlation_id=properties.correlation_id))
        channel.basic_ack(method.delivery_tag)

    server.basic_consume("pika-rpc", on_request)
    replies = []
    client.basic_consume("amq.rabbitmq.reply-to", lambda *delivery: replies.append(delivery), auto_ack=True)
    correlation = str(uuid.uuid4())
    client.basic_publish("", "pika-rpc", "question", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id=correlation))
    deadline = time.time() + 5
    while not replies and time.time() < deadline:
        connection.process_data_events(0.1)
    (_, _, properties, body) = replies[0]
    assert body == b"QUESTION" and properties.correlation_id == correlation


counts = asynchronous_confirms(200)
assert counts == {"acked": 10, "nacked": 190}, counts
print("CONFIRMS", flush=True)
connection = pika.BlockingConnection(parameters)
transactions(connection.channel())
print("TRANSACTIONS", flush=True)
direct_reply(connection)
print("REPLY", flush=True)
channel = connection.channel()
channel.queue_declare("pika-restart")
channel.basic_consume("pika-restart", lambda *_: None)
print("RESTART ME", flush=True)
try:
    channel.start_consuming()
    raise AssertionError("the connection was not closed")
except pika.exceptions.ConnectionClosedByBroker as closed:
    assert closed.reply_code == 320, closed
for _ in range(60):
    try:
        connection = pika.BlockingConnection(parameters)
        break
    except pika.exceptions.AMQPConnectionError:
        time.sleep(0.2)
channel = connection.channel()
channel.queue_declare("pika-restart")
channel.confirm_delivery()
channel.basic_publish("", "pika-restart", "after", mandatory=True)
connection.close()
print("ENDED", flush=True)
