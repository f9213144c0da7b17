"""Connections of a server, by both controllers: all of them listed, and each can be cut off."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import nats
import pytest

from dotgnatly import NotFoundError, ServerStoppedError, StateError
from tests.conftest import arrived

LISTENER = {"host": "127.0.0.1", "port": -1}
UNKNOWN = [99_999, 0, -1, 2**64, 2**100]


@asynccontextmanager
async def connected(controller, **options):
    """A client that does not come back."""
    client = await nats.connect(controller.client_url, allow_reconnect=False, **options)
    try:
        yield client
    finally:
        await client.close()


async def opened(controller):
    """A connection that says nothing: what is read from it, what is written to it."""
    port = (await controller.ports())["client"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()  # its INFO
    return reader, writer


async def closed(_, writer):
    """Close such a connection."""
    writer.transport.abort()
    await writer.wait_closed()


async def cids(controller):
    """The numbers of all connections."""
    return [client.cid for client in await controller.clients()]


async def test_nobody_is_connected_at_first(broker):
    """The server's own clients are none."""
    assert await broker.clients() == []


async def test_what_is_known_of_a_client(start):
    """Who it is, where it comes from, and what it has done."""
    user = {"user": "ann", "password": "a"}
    broker = await start(accounts={"A": {"users": [user]}})
    async with connected(broker, name="till", **user) as client:
        subscription = await client.subscribe("a")
        await client.publish("a", b"12345")
        await subscription.next_msg(timeout=5)
        (found,) = await broker.clients()
    assert (found.name, found.user, found.account) == ("till", "ann", "A")
    assert (found.kind, found.type, found.ip) == ("Client", "nats", "127.0.0.1")
    assert found.lang == "python3"
    assert found.port > 0
    assert found.subscriptions == 1
    assert (found.in_msgs, found.out_msgs) == (1, 1)
    assert found.in_bytes == found.out_bytes == 5
    assert timedelta(0) <= datetime.now(UTC) - found.start < timedelta(minutes=1)
    assert found.start <= found.last_activity


async def test_a_token_is_not_told(start):
    """It is a secret."""
    broker = await start(authorization={"token": "hushed"})
    async with connected(broker, token="hushed"):
        assert "hushed" not in repr(await broker.clients())


async def test_a_client_inside_has_no_address(broker):
    """Of the same kind otherwise."""
    client = await broker.connect_nats_py(name="inside")
    (found,) = await broker.clients()
    await client.close()
    assert (found.name, found.ip, found.port, found.kind) == ("inside", "", 0, "Client")


async def test_more_clients_than_the_server_tells_at_once(broker):
    """It stops at 1,024 unless it is told otherwise."""
    async with AsyncExitStack() as stack:
        for _ in range(1030):
            stack.push_async_callback(closed, *(await opened(broker)))
        found = await cids(broker)
        assert len(set(found)) == 1030
        assert found == sorted(found)


async def test_a_disconnected_client_is_gone(broker):
    """When the call returns, and without the others."""
    async with connected(broker) as gone, connected(broker) as stays:
        first, second = await cids(broker)
        await broker.disconnect_client(first)
        assert await cids(broker) == [second]
        async with asyncio.timeout(5):
            while not gone.is_closed:
                await asyncio.sleep(0)
        await arrived(stays)


async def test_a_client_inside_can_be_disconnected(broker):
    """It comes back as another."""
    client = await broker.connect_nats_py(reconnect_time_wait=0)
    (before,) = await cids(broker)
    await broker.disconnect_client(before)
    assert before not in await cids(broker)
    async with asyncio.timeout(5):
        while not await cids(broker):
            await asyncio.sleep(0.005)
    await client.close()


@pytest.fixture
async def with_leaf(make):
    """Makes a hub and a leaf node that is connected to it; gives both."""
    hub = make({"port": -1, "server_name": "hub", "leafnodes": LISTENER})
    await hub.start()
    url = f"nats-leaf://127.0.0.1:{(await hub.ports())['leafnodes']}"
    remotes = {"remotes": [{"urls": [url]}], "reconnect": 1}
    leaf = make({"port": -1, "server_name": "leaf", "leafnodes": remotes})
    await leaf.start()
    async with asyncio.timeout(10):
        for controller in (hub, leaf):
            while [client.account for client in await controller.clients()] != ["$G"]:
                await asyncio.sleep(0.005)
    return hub, leaf


async def test_leaf_nodes_are_connections_too(with_leaf):
    """On both sides."""
    for controller in with_leaf:
        (found,) = await controller.clients()
        assert (found.kind, found.type) == ("Leafnode", "")


async def test_a_leaf_node_stays_through_a_change(with_leaf):
    """It closes those that could not log in again, and the global account is always there."""
    hub, _ = with_leaf
    before = await cids(hub)
    await hub.update_config(debug=False)
    assert await cids(hub) == before


async def test_a_disconnected_leaf_node_is_gone_and_comes_back(with_leaf):
    """As another connection."""
    hub, _ = with_leaf
    (before,) = await cids(hub)
    await hub.disconnect_client(before)
    assert before not in await cids(hub)
    async with asyncio.timeout(10):
        while not await cids(hub):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("cid", UNKNOWN)
async def test_an_unknown_number_is_not_found(broker, cid):
    """Both calls say so; the .NET library's did nothing for those that it knew."""
    with pytest.raises(NotFoundError, match=str(cid)):
        await broker.disconnect_client(cid)
    with pytest.raises(NotFoundError, match=str(cid)):
        await broker.lame_duck_client(cid)


async def test_a_client_that_is_gone_is_not_found(broker):
    """Numbers are never used again."""
    async with connected(broker):
        (cid,) = await cids(broker)
        await broker.disconnect_client(cid)
        with pytest.raises(NotFoundError):
            await broker.disconnect_client(cid)


async def test_a_client_is_told_to_go_elsewhere(broker):
    """It stays connected until it does."""
    reader, writer = await opened(broker)
    writer.write(b'CONNECT {"protocol": 1, "verbose": false}\r\nPING\r\n')
    while await reader.readline() != b"PONG\r\n":
        pass
    (cid,) = await cids(broker)
    await broker.lame_duck_client(cid)
    async with asyncio.timeout(5):
        while b'"ldm":true' not in await reader.readline():
            pass
    assert await cids(broker) == [cid]
    await closed(reader, writer)


async def test_a_client_that_knows_no_lame_duck_mode_cannot_be_told(broker):
    """It has not even said who it is."""
    stream = await opened(broker)
    (cid,) = await cids(broker)
    with pytest.raises(StateError, match=f"client {cid} cannot be told"):
        await broker.lame_duck_client(cid)
    await closed(*stream)


async def test_a_leaf_node_cannot_be_told(with_leaf):
    """The server has no word for it."""
    hub, _ = with_leaf
    (cid,) = await cids(hub)
    with pytest.raises(StateError, match="leaf node"):
        await hub.lame_duck_client(cid)


@pytest.mark.parametrize(
    "call",
    [
        lambda broker: broker.clients(),
        lambda broker: broker.disconnect_client(1),
        lambda broker: broker.lame_duck_client(1),
    ],
)
async def test_a_server_that_is_stopped_has_no_clients(make, call):
    """It is asked for in vain."""
    with pytest.raises(ServerStoppedError):
        await call(make())
