"""aio-pika: confirms, returns, consume, ack, reject, RPC pattern, and a robust connection over a restart."""

import asyncio
import sys

import aio_pika
from aio_pika.patterns import RPC


async def basics(connection):
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    await channel.set_qos(prefetch_count=2)
    dead = await channel.declare_queue("aio-dead", durable=True)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "aio-dead"}
    queue = await channel.declare_queue("aio-work", durable=True, arguments=arguments)
    exchange = await channel.declare_exchange("aio", aio_pika.ExchangeType.DIRECT)
    await queue.bind(exchange, "key")
    for number in range(4):
        message = aio_pika.Message(
            str(number).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT, headers={"n": number, "big": 2**53 + 1}
        )
        await exchange.publish(message, "key")
    try:
        await exchange.publish(aio_pika.Message(b"lost"), "no such key")
        raise AssertionError("an unroutable message was not returned")
    except aio_pika.exceptions.DeliveryError:
        pass
    seen = []
    async with queue.iterator() as messages:
        async for message in messages:
            assert message.headers["big"] == 2**53 + 1
            seen.append((int(message.body), message.redelivered))
            if seen == [(0, False)]:
                await message.reject(requeue=True)
            elif message.body == b"1":
                await message.reject(requeue=False)
            else:
                await message.ack()
            if len(seen) == 5:
                break
    assert (0, True) in seen and sorted(n for n, _ in seen) == [0, 0, 1, 2, 3], seen
    refused = await dead.get(timeout=5)
    assert refused.body == b"1" and refused.headers["x-death"][0]["reason"] == "rejected"
    await refused.ack()
    print("BASICS", flush=True)


async def remote_call(connection):
    channel = await connection.channel()
    rpc = await RPC.create(channel)

    async def multiply(*, left, right):
        return left * right

    await rpc.register("multiply", multiply, auto_delete=True)
    assert await rpc.call("multiply", kwargs={"left": 6, "right": 7}) == 42
    print("RPC", flush=True)


async def main():
    connection = await aio_pika.connect_robust(sys.argv[1] + "?reconnect_interval=1")
    async with connection:
        await basics(connection)
        await remote_call(connection)
        channel = await connection.channel()
        queue = await channel.declare_queue("aio-robust", auto_delete=False, durable=False)
        received = asyncio.Event()

        async def on_message(message):
            async with message.process():
                received.set()

        await queue.consume(on_message)
        reconnected = asyncio.Event()
        connection.reconnect_callbacks.add(lambda *_: reconnected.set())
        print("RESTART ME", flush=True)
        await asyncio.wait_for(reconnected.wait(), 15)
        for _ in range(30):
            try:
                await channel.default_exchange.publish(aio_pika.Message(b"after"), "aio-robust")
                await asyncio.wait_for(received.wait(), 1)
                break
            except Exception as error:  # the channel may not be restored yet
                print("again after", type(error).__name__, error, flush=True)
                await asyncio.sleep(0.3)
        assert received.is_set()
    print("ENDED", flush=True)


asyncio.run(main())
