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


async def talk_and_reload(connect, update, varz, clients, traffic):
    """Twenty clients publish, another counts; twenty changes come into force meanwhile."""
    publishers = [await connect() for _ in range(CLIENTS)]
    load = traffic(publishers, await connect())
    await load.start()
    for number in range(RELOADS):
        await update(**change(number))
        await load.advance()
    await load.stop()
    await clients.check()
    assert (await varz()).tags == (f"reload:{RELOADS - 1}",)
    assert (await varz()).total_connections == CLIENTS + 1


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
