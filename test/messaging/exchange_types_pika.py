"""pika: does what the plan on standard input says about one exchange, prints as JSON what each queue got."""

import json
import sys
import time

import pika

plan = json.load(sys.stdin)
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.confirm_delivery()
exchange = plan["exchange"]
channel.exchange_declare(exchange, plan["type"], durable=True, arguments=plan["arguments"])


def bind(bindings):
    for binding in bindings:
        channel.queue_declare(binding["queue"], durable=True)
        channel.queue_bind(binding["queue"], exchange, binding["key"], arguments=binding["arguments"])


bind(plan["bindings"])
for number, message in enumerate(plan["messages"]):
    properties = pika.BasicProperties(headers=message["headers"], delivery_mode=2)
    channel.basic_publish(exchange, message["key"], str(number), properties)
bind(plan["lateBindings"])
time.sleep(plan["waitMs"] / 1000)
got = {}
for binding in plan["bindings"] + plan["lateBindings"]:
    bodies = got.setdefault(binding["queue"], [])
    while True:
        method, _, body = channel.basic_get(binding["queue"], auto_ack=True)
        if method is None:
            break
        bodies.append(int(body))
connection.close()
print(json.dumps(got))
