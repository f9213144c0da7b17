"""Servers of one process that form a cluster, or connect as leaf nodes."""

import asyncio
import socket
from contextlib import AsyncExitStack, ExitStack

import pytest
from nats import errors
from nats.js.errors import Error as JetStreamError

from dotgnatly import AsyncNatsController, BrokerConfiguration
from tests.conftest import answer, answered, is_answered, known


@pytest.fixture
def free_ports():
    """Some ports that were free a moment ago."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(3)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def node(number, ports, **fields):
    """One of three servers that know one another."""
    return AsyncNatsController(
        BrokerConfiguration(
            port=-1,
            server_name=f"n{number}",
            cluster={
                "name": "C",
                "host": "127.0.0.1",
                "port": ports[number],
                "routes": [f"nats://127.0.0.1:{port}" for port in ports],
            },
            **fields,
        )
    )


@pytest.fixture
async def servers():
    """Shuts down what a test has entered, the last first."""
    async with AsyncExitStack() as stack:
        yield stack


async def test_three_servers_form_a_cluster(servers, free_ports, clients):
    """Each reaches the clients of each other."""
    nodes = [await servers.enter_async_context(node(n, free_ports)) for n in range(3)]
    members = [await clients.connect(each.client_url) for each in nodes]
    for number, client in enumerate(members):
        await answer(client, f"who.{number}", b"n%d" % number)
    for client in members:
        for number in range(3):
            assert await answered(client, f"who.{number}") == b"n%d" % number
    await clients.check()
    await clients.close()


async def test_a_cluster_stores_three_copies(servers, free_ports, clients, tmp_path):
    """JetStream elects a leader among servers of one process too."""
    nodes = [
        await servers.enter_async_context(
            node(n, free_ports, jetstream={"store_dir": tmp_path / f"n{n}"})
        )
        for n in range(3)
    ]
    stream = (await clients.connect(nodes[0].client_url)).jetstream(timeout=1)
    async with asyncio.timeout(30):
        while True:
            try:
                await stream.add_stream(name="S", subjects=["s"], num_replicas=3)
                break
            except (JetStreamError, errors.TimeoutError):  # no leader yet
                await asyncio.sleep(0.05)
    for number in range(10):
        data = b"%d" % number
        assert (await known(lambda data=data: stream.publish("s", data))).seq == number + 1
    elsewhere = (await clients.connect(nodes[2].client_url)).jetstream()
    assert (await known(lambda: elsewhere.get_msg("S", 10))).data == b"9"
    await clients.close()


async def test_a_change_keeps_the_cluster_together(servers, free_ports, clients):
    """Routes are no clients, and not cut off either."""
    nodes = [await servers.enter_async_context(node(n, free_ports)) for n in range(3)]
    asker = await clients.connect(nodes[0].client_url)
    await answer(await clients.connect(nodes[1].client_url), "who", b"n1")
    assert await answered(asker, "who") == b"n1"
    for each in nodes:
        await each.update_config(max_payload=2 << 20)
    for _ in range(20):
        assert (await asker.request("who", timeout=5)).data == b"n1"
    await clients.check()
    await clients.close()


@pytest.mark.parametrize("inside", [False, True])
async def test_a_leaf_node_extends_a_hub(servers, clients, inside):
    """Also one that has no port at all: an edge program with a hub elsewhere."""
    hub = await servers.enter_async_context(
        AsyncNatsController({"port": -1, "leafnodes": {"host": "127.0.0.1", "port": -1}})
    )
    port = (await hub.ports())["leafnodes"]
    remotes = {"remotes": [{"url": f"nats://127.0.0.1:{port}"}]}
    leaf = await servers.enter_async_context(
        AsyncNatsController({"port": -1, "leafnodes": remotes}, dont_listen=inside)
    )
    at_hub = await clients.connect(hub.client_url)
    at_leaf = clients.add(await leaf.connect_nats_py(**clients.callbacks()))
    await answer(at_hub, "hub", b"from the hub")
    await answer(at_leaf, "leaf", b"from the leaf")
    assert await answered(at_leaf, "hub") == b"from the hub"
    assert await answered(at_hub, "leaf") == b"from the leaf"
    await clients.check()
    await clients.close()


async def test_a_leaf_node_is_connected_by_a_change(servers, clients):
    """A running program joins a hub, and leaves it."""
    hub = await servers.enter_async_context(
        AsyncNatsController({"port": -1, "leafnodes": {"host": "127.0.0.1", "port": -1}})
    )
    leaf = await servers.enter_async_context(AsyncNatsController({"port": -1}))
    await answer(await clients.connect(hub.client_url), "hub", b"from the hub")
    at_leaf = await clients.connect(leaf.client_url)
    port = (await hub.ports())["leafnodes"]
    await leaf.update_config(leafnodes={"remotes": [{"url": f"nats://127.0.0.1:{port}"}]})
    assert await answered(at_leaf, "hub") == b"from the hub"
    await leaf.update_config(leafnodes=None)
    async with asyncio.timeout(15):
        while await is_answered(at_leaf, "hub"):
            pass
    await clients.check()
    await clients.close()
