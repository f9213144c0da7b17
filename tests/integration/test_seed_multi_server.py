"""The .NET library's tests of several servers, its behaviours by their names.

Theirs knew a server by its port, and one of them was always the current one: a call could reach
another server than its controller's. Here each test looks at all servers.
"""

import asyncio
from contextlib import AsyncExitStack

import nats
import pytest
from nats.js.errors import NotFoundError

from dotgnatly import AsyncNatsController


@pytest.fixture
async def start():
    """Starts servers at once, by their configurations; they are shut down after the test."""
    async with AsyncExitStack() as stack:

        async def start(*configs):
            controllers = [AsyncNatsController({"port": -1} | config) for config in configs]
            for controller in controllers:
                stack.push_async_callback(controller.shutdown)
            await asyncio.gather(*(controller.start() for controller in controllers))
            return controllers

        yield start


async def test_multiple_servers_on_different_ports_can_start_simultaneously(start, clients):
    """Three: what a client says on one of them, those of the others do not hear."""
    servers = await start({}, {}, {})
    assert len({server.client_url for server in servers}) == 3
    three = [await clients.connect(server.client_url) for server in servers]
    subscriptions = [await client.subscribe("who") for client in three]
    for number, client in enumerate(three):
        await client.publish("who", b"%d" % number)
    for number, subscription in enumerate(subscriptions):
        assert (await subscription.next_msg(timeout=5)).data == b"%d" % number
        assert subscription.pending_msgs == 0
    await clients.check()
    await clients.close()


async def test_multiple_servers_maintain_independent_configurations(start, tmp_path):
    """Limits and logs; and the end of one is not that of another, as it could be with theirs."""
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    one, two = await start(
        {"max_payload": 1000, "log_file": logs[0]}, {"max_payload": 2000, "log_file": logs[1]}
    )
    await one.update_config(debug=True)
    for server in (one, two):
        client = await nats.connect(server.client_url)
        await client.close()
    assert ["[DBG]" in log.read_text() for log in logs] == [True, False]
    assert [(await server.varz()).max_payload for server in (one, two)] == [1000, 2000]
    await one.shutdown()
    assert not one.is_running
    assert (await two.varz()).max_payload == 2000


async def test_concurrent_hot_reloads_on_multiple_servers_work_correctly(start, clients):
    """Each takes its own changes, and no client of either is cut off."""
    servers = await start({}, {})
    for server in servers:
        await clients.connect(server.client_url)

    async def change(server, sizes):
        for size in sizes:
            await server.update_config(max_payload=size)

    one, two = servers
    await asyncio.gather(change(one, range(1000, 1010)), change(two, range(2000, 2010)))
    assert [(await server.varz()).max_payload for server in servers] == [1009, 2009]
    assert [(await server.get_info()).config_version for server in servers] == [11, 11]
    await clients.check()
    await clients.close()


async def test_sequential_server_lifecycle_works_correctly(start, clients, free_port):
    """A port is free again when a shutdown is done, and another server may have it."""
    ids = set()
    for number in range(3):
        (server,) = await start({"port": free_port, "server_name": f"s{number}"})
        client = await clients.connect(server.client_url)
        assert client.connected_server_version
        assert (await server.varz()).server_name == f"s{number}"
        ids.add(server.server_id)
        await clients.check()
        await clients.close()
        clients.open.clear()
        await server.shutdown()
    assert len(ids) == 3


async def test_multiple_servers_with_independent_jetstream_configurations(start, clients, tmp_path):
    """Each has its directory, its limits and its streams."""
    one, two = await start(
        {"jetstream": {"store_dir": tmp_path / "one", "max_memory_store": "10MB"}},
        {"jetstream": {"store_dir": tmp_path / "two", "max_memory_store": "20MB"}},
    )
    limits = [(await server.varz()).jetstream.config.max_memory for server in (one, two)]
    assert limits == [10 << 20, 20 << 20]
    streams = [(await clients.connect(server.client_url)).jetstream() for server in (one, two)]
    await streams[0].add_stream(name="S", subjects=["s"])
    await streams[0].publish("s", b"x")
    with pytest.raises(NotFoundError):
        await streams[1].stream_info("S")
    await clients.check()
    await clients.close()
    written = [[*(tmp_path / name).rglob("*.blk")] for name in ("one", "two")]
    assert [len(blocks) for blocks in written] == [1, 0]


async def test_stress_test_ten_concurrent_servers(start, clients):
    """All run, and their facts are their own."""
    servers = await start(*({"server_name": f"s{number}"} for number in range(10)))
    assert all(server.is_running for server in servers)
    for number, server in enumerate(servers):
        for _ in range(number):
            await clients.connect(server.client_url)
    infos = await asyncio.gather(*(server.get_info() for server in servers))
    assert [info.server_name for info in infos] == [f"s{number}" for number in range(10)]
    assert [info.connections for info in infos] == list(range(10))
    assert len({info.server_id for info in infos}) == 10
    await clients.check()
    await clients.close()
