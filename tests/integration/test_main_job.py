"""The main job, on a stock configuration file and with real clients over TCP."""

import asyncio

import nats
import pytest

from dotgnatly import BrokerConfiguration, NatsController
from tests.conftest import arrived

MESSAGES = 2_000

STOCK = """
# A broker for orders, as one finds them beside a nats-server.
CLIENT_PORT: {port}

server_name: orders
host: 127.0.0.1
port: $CLIENT_PORT

jetstream {{
    store_dir: "{store}"
    max_memory_store: 64MB
    max_file_store: 1GB
}}

authorization {{
    users: [ {{ user: shop, password: "secret" }} ]
}}

max_payload: 1MB
ping_interval: "2m"
write_deadline: "10s"
"""
LOGIN = {"user": "shop", "password": "secret"}


@pytest.fixture
def conf(tmp_path, free_port):
    """A stock file with JetStream, on a port that stays the same over a restart."""
    path = tmp_path / "broker.conf"
    path.write_text(STOCK.format(port=free_port, store=tmp_path / "store"))
    return path


async def publish(client, first, last):
    """Publish to the stream, each acknowledged."""
    stream = client.jetstream()
    for start in range(first, last, 100):
        numbers = range(start, min(start + 100, last))
        await asyncio.gather(*(stream.publish("orders.new", b"%d" % n) for n in numbers))


async def consume(client, first, last):
    """Consume from the stream, each acknowledged."""
    subscription = await client.jetstream().pull_subscribe("orders.>", durable="shop")
    got = []
    while len(got) < last - first:
        messages = await subscription.fetch(min(100, last - first - len(got)), timeout=5)
        got += [int(message.data) for message in messages]
        for message in messages:
            await message.ack_sync()
    await subscription.unsubscribe()
    assert got == list(range(first, last))


async def test_the_main_job(conf, clients):
    """Start from the file, talk, change, restart, talk on, stop: nothing and nobody is lost."""
    controller = NatsController(BrokerConfiguration.from_file(conf))
    url = await asyncio.to_thread(controller.start)
    publisher = await clients.connect(url, **LOGIN)
    consumer = await clients.connect(url, **LOGIN)
    await publisher.jetstream().add_stream(name="ORDERS", subjects=["orders.>"])

    talking = asyncio.gather(publish(publisher, 0, MESSAGES), consume(consumer, 0, MESSAGES // 2))
    version = await asyncio.to_thread(controller.update_config, max_payload="2MB", debug=True)
    await talking
    await clients.check()
    assert version.number == 2
    assert controller.varz().max_payload == 2 << 20

    await clients.close()
    await asyncio.to_thread(controller.shutdown)
    assert await asyncio.to_thread(controller.start) == url

    consumer = await nats.connect(url, **LOGIN)
    state = (await consumer.jetstream().stream_info("ORDERS")).state
    assert (state.messages, state.first_seq, state.last_seq) == (MESSAGES, 1, MESSAGES)
    await consume(consumer, MESSAGES // 2, MESSAGES)
    await consumer.close()
    await asyncio.to_thread(controller.shutdown)
    assert not controller.is_running


async def test_clients_come_back_after_a_restart(conf):
    """A client with nats-py's own reconnecting goes on with its subscription."""
    back = asyncio.Event()

    async def reconnected():
        back.set()

    async def quiet(_):
        """The attempts while the server is down."""

    controller = NatsController(BrokerConfiguration.from_file(conf))
    url = controller.start()
    client = await nats.connect(
        url, **LOGIN, reconnected_cb=reconnected, error_cb=quiet, reconnect_time_wait=0.01
    )
    subscription = await client.subscribe("a")
    await arrived(client)
    await asyncio.to_thread(controller.shutdown)
    await asyncio.to_thread(controller.start)
    await asyncio.wait_for(back.wait(), 10)
    await client.publish("a", b"1")
    assert (await subscription.next_msg(timeout=5)).data == b"1"
    await client.close()
    controller.shutdown()


async def test_a_store_written_by_a_file_is_read_by_another_controller(conf):
    """The data belongs to the directory, not to the object."""
    with NatsController(BrokerConfiguration.from_file(conf)) as controller:
        client = await nats.connect(controller.client_url, **LOGIN)
        await client.jetstream().add_stream(name="ORDERS", subjects=["orders.>"])
        await publish(client, 0, 100)
        await client.close()
    with NatsController(BrokerConfiguration.from_file(conf)) as controller:
        client = await nats.connect(controller.client_url, **LOGIN)
        await consume(client, 0, 100)
        await client.close()
