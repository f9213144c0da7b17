"""Reloads while many clients talk: nobody is disconnected, no message is lost."""

import asyncio

import pytest

from dotgnatly import AsyncNatsController, BrokerConfiguration, NatsController

CLIENTS = 20
RELOADS = 20


def change(number):
    """Another configuration each time, with something of everything that can be reloaded."""
    return {
        "max_payload": (2 << 20) + number,
        "debug": bool(number % 2),
        "server_tags": [f"reload:{number}"],
        "accounts": {f"A{number}": {}},
        "http_port": -1 if number % 3 else None,
    }


async def talk_and_reload(
    connect, update, varz, clients, traffic, *, count=CLIENTS, reloads=RELOADS
):
    """Clients publish, another counts; changes come into force meanwhile. Returns what was sent."""
    publishers = [await connect() for _ in range(count)]
    load = traffic(publishers, await connect())
    await load.start()
    before = await varz()
    for number in range(reloads):
        await update(**change(number))
        await load.advance(by=400 // reloads)
    await load.stop()
    await clients.check()
    after = await varz()
    assert after.tags == (f"reload:{reloads - 1}",)
    assert after.total_connections == before.total_connections == len(clients.open)
    return sum(load.sent)


async def test_over_tcp(clients, traffic):
    """As from other processes."""
    async with AsyncNatsController(BrokerConfiguration(port=-1)) as controller:

        async def connect():
            return await clients.connect(controller.client_url)

        await talk_and_reload(connect, controller.update_config, controller.varz, clients, traffic)
        await clients.close()


async def test_inside(clients, traffic):
    """Without a port: the same promise."""
    async with AsyncNatsController(dont_listen=True) as controller:

        async def connect():
            return clients.add(await controller.connect_nats_py(**clients.callbacks()))

        await talk_and_reload(connect, controller.update_config, controller.varz, clients, traffic)
        await clients.close()


async def test_from_another_thread(clients, traffic):
    """The blocking class, while the event loop of the clients runs on."""
    with NatsController(BrokerConfiguration(port=-1)) as controller:

        async def connect():
            return await clients.connect(controller.client_url)

        async def update(**changes):
            return await asyncio.to_thread(controller.update_config, **changes)

        async def varz():
            return controller.varz()

        await talk_and_reload(connect, update, varz, clients, traffic)
        await clients.close()


@pytest.mark.parametrize("jetstream", [False, True], ids=["core", "jetstream"])
async def test_over_tcp_and_inside_for_long(clients, traffic, tmp_path, jetstream):
    """Both at once through many reloads; with JetStream a stream has every message as well."""
    fields = {"jetstream": {"store_dir": tmp_path / "store"}} if jetstream else {}
    async with AsyncNatsController(BrokerConfiguration(port=-1, **fields)) as controller:

        async def connect():
            if len(clients.open) % 2:
                return clients.add(await controller.connect_nats_py(**clients.callbacks()))
            return await clients.connect(controller.client_url)

        if jetstream:
            stream = (await connect()).jetstream()
            await stream.add_stream(name="S", subjects=["traffic.*"], storage="memory")
        sent = await talk_and_reload(
            connect, controller.update_config, controller.varz, clients, traffic,
            count=2 * CLIENTS, reloads=10 * RELOADS,
        )  # fmt: skip
        if jetstream:
            async with asyncio.timeout(10):
                while (await stream.stream_info("S")).state.messages < sent:
                    pass  # it stores them one after the other
            assert (await stream.stream_info("S")).state.messages == sent
        await clients.close()


@pytest.mark.parametrize("wrong", [{"max_payload": -5}, {"server_name": "x"}, {"max_payloads": 1}])
async def test_refused_changes_disturb_nobody(clients, traffic, wrong):
    """A mistake in the middle of the day."""
    async with AsyncNatsController(BrokerConfiguration(port=-1, server_name="a")) as controller:
        publishers = [await clients.connect(controller.client_url) for _ in range(5)]
        load = traffic(publishers, await clients.connect(controller.client_url))
        await load.start()
        for _ in range(5):
            with pytest.raises(Exception, match=next(iter(wrong)).split("_")[-1] + "|ServerName"):
                await controller.update_config(wrong)
            await load.advance()
        await load.stop()
        await clients.check()
        await clients.close()
