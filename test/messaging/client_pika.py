"""pika as the tests of features use it: each line of input is a call, each line of output its answer."""

import collections
import datetime
import json
import sys

import pika

WAIT_SECONDS = 0.05


def table(options):
    """Field tables as the tests write them; a timestamp is a number of seconds."""
    return {name: value_of(value) for name, value in (options or {}).items()}


def value_of(value):
    if isinstance(value, dict) and "timestamp" in value:
        return datetime.datetime.utcfromtimestamp(value["timestamp"])
    return value


def got(method, properties, body):
    headers = {
        name: value if isinstance(value, (str, int, float, bool)) else str(value)
        for name, value in (properties.headers or {}).items()
    }
    return {
        "body": body.decode(),
        "headers": headers,
        "redelivered": method.redelivered,
        "deliveryTag": method.delivery_tag,
    }


class Client:
    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.inboxes = collections.defaultdict(list)
        self.ended = set()
        self.refusal = None
        self.open()

    def open(self):
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.add_on_cancel_callback(lambda frame: self.ended.add(frame.method.consumer_tag))

    def ready(self):
        return None

    def declare_queue(self, queue, options):
        self.channel.queue_declare(queue, durable=True, arguments=table(options))

    def declare_exchange(self, exchange, kind, options):
        self.channel.exchange_declare(exchange, kind, durable=True, arguments=table(options))

    def bind(self, exchange, queue, key, options):
        self.channel.queue_bind(queue, exchange, key, arguments=table(options))

    def publish(self, exchange, key, body, options):
        properties = pika.BasicProperties(
            delivery_mode=2,
            headers=table(options.get("headers")),
            priority=options.get("priority"),
            message_id=options.get("messageId"),
        )
        try:
            self.channel.basic_publish(exchange, key, body, properties)
        except pika.exceptions.NackError:
            return "nacked"
        return "confirmed"

    def get(self, queue):
        method, properties, body = self.channel.basic_get(queue)
        return None if method is None else got(method, properties, body)

    def ack(self, tag):
        self.channel.basic_ack(tag)

    def nack(self, tag):
        self.channel.basic_nack(tag, requeue=True)

    def reject(self, tag, requeue):
        self.channel.basic_reject(tag, requeue=requeue)

    def prefetch(self, count):
        self.channel.basic_qos(prefetch_count=count)

    def consume(self, queue, tag, options):
        def on_message(_channel, method, properties, body):
            self.inboxes[tag].append(got(method, properties, body))

        arguments = table(options.get("arguments"))
        self.channel.basic_consume(queue, on_message, options.get("noAck", False), consumer_tag=tag, arguments=arguments)

    def take(self, tag, count):
        inbox = self.inboxes[tag]
        while len(inbox) < count:
            self.connection.process_data_events(WAIT_SECONDS)
        taken, self.inboxes[tag] = inbox[:count], inbox[count:]
        return taken

    def cancel(self, tag):
        self.channel.basic_cancel(tag)

    def cancelled(self, tag):
        while tag not in self.ended:
            self.connection.process_data_events(WAIT_SECONDS)

    def closed(self):
        if self.refusal is None:
            try:
                self.channel.start_consuming()
            except pika.exceptions.ChannelClosedByBroker as error:
                self.refusal = error
        text, self.refusal = str(self.refusal), None
        self.open()
        return text


client = Client(sys.argv[1])
for line in sys.stdin:
    what, *words = json.loads(line)
    try:
        answer = {"result": getattr(client, what)(*words)}
    except pika.exceptions.ChannelClosedByBroker as error:
        client.refusal = error
        answer = {"error": f"{error.reply_code} {error.reply_text}"}
    print(json.dumps(answer), flush=True)
client.connection.close()
