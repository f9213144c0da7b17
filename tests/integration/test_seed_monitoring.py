"""The .NET library's tests of monitoring, its behaviours by their names.

Theirs looked for keys in the JSON of an idle server. Here each test looks at what clients and other
servers do, in typed answers.
"""

import asyncio

import pytest

from dotgnatly import AsyncNatsController, NatsController, NotFoundError
from tests.conftest import arrived, wait_until

LISTENER = {"host": "127.0.0.1", "port": -1}


@pytest.fixture
async def server(tmp_path):
    """A running server with JetStream, on a free port."""
    config = {"port": -1, "jetstream": {"store_dir": tmp_path}}
    async with AsyncNatsController(config) as controller:
        yield controller


async def test_connz_monitoring(server, clients):
    """How many are connected, and since when."""
    await clients.connect(server.client_url, name="till")
    connz = await server.connz()
    assert (connz.num_connections, connz.total, len(connz.connections)) == (1, 1, 1)
    assert connz.connections[0].name == "till"
    assert connz.connections[0].start <= connz.now
    await clients.close()


async def test_subsz_monitoring(server, clients):
    """How many subscriptions there are, and whose."""
    before = (await server.subsz()).num_subscriptions
    client = await clients.connect(server.client_url)
    await client.subscribe("orders.*", "workers")
    await arrived(client)
    subsz = await server.subsz(subscriptions=True, account="$G")
    assert (await server.subsz()).num_subscriptions > before
    (found,) = (each for each in subsz.subscriptions_list if each.subject == "orders.*")
    assert (found.account, found.qgroup, found.msgs) == ("$G", "workers", 0)
    await clients.close()


async def test_jsz_monitoring(server, clients, tmp_path):
    """Streams and consumers, and how JetStream is configured."""
    stream = (await clients.connect(server.client_url)).jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    await stream.add_consumer("S", durable_name="C")
    await stream.publish("s", b"12345")
    jsz = await server.jsz(consumer=True)
    assert (jsz.disabled, jsz.streams, jsz.consumers, jsz.messages) == (False, 1, 1, 1)
    assert jsz.config.store_dir.startswith(str(tmp_path))
    (detail,) = jsz.account_details[0].stream_detail
    assert (detail.name, detail.state.messages, detail.consumer_detail[0].name) == ("S", 1, "C")
    await clients.close()


async def test_routez_monitoring(make_pair):
    """Routes to the other server of the cluster, on both sides."""
    one, two = await make_pair("cluster")
    for server, other in ((one, two), (two, one)):
        routez = await server.routez()
        assert routez.num_routes == len(routez.routes) > 0
        assert {route.remote_id for route in routez.routes} == {other.server_id}


async def test_leafz_monitoring(make_pair):
    """The leaf node, and which side is which."""
    hub, leaf = await make_pair("leafnodes")
    (at_hub,), (at_leaf,) = [(await server.leafz()).leafs for server in (hub, leaf)]
    assert (at_hub.name, at_hub.is_spoke) == ("two", False)
    assert (at_leaf.name, at_leaf.is_spoke) == ("one", True)
    assert (await hub.leafz()).leafnodes == 1


@pytest.fixture
async def make_pair():
    """Starts two servers of which the second connects to the first; waits until it has."""
    servers = []

    async def make_pair(block):
        names = {"name": "C"} if block == "cluster" else {}
        first = AsyncNatsController({"port": -1, "server_name": "one", block: LISTENER | names})
        servers.append(first)
        await first.start()
        url = f"nats://127.0.0.1:{(await first.ports())[block]}"
        there = {"routes": [url]} if block == "cluster" else {"remotes": [{"urls": [url]}]}
        config = {"port": -1, "server_name": "two", block: LISTENER | names | there}
        second = AsyncNatsController(config)
        servers.append(second)
        await second.start()
        async with asyncio.timeout(10):
            while not all([(v := await s.varz()).routes or v.leafnodes for s in servers]):
                await asyncio.sleep(0.005)
        return servers

    yield make_pair
    for server in reversed(servers):
        await server.shutdown()


async def test_client_management(server, clients):
    """A client can be looked at and cut off; one that is not there is an error, as in theirs."""
    client = await clients.connect(server.client_url, name="till")
    (found,) = await server.clients()
    assert (await server.connz(cid=found.cid)).connections[0].name == "till"
    assert (await server.connz(cid=99_999)).connections == ()
    with pytest.raises(NotFoundError):
        await server.disconnect_client(99_999)
    await clients.check()
    await client.close()


async def test_monitoring_with_subscription_filter(server, clients):
    """By interest in a subject: of connections with wildcards, of subscriptions without."""
    client, other = [await clients.connect(server.client_url, name=n) for n in ("one", "two")]
    await client.subscribe("test.example")
    await other.subscribe("else")
    for each in (client, other):
        await arrived(each)
    connz = await server.connz(account="$G", filter_subject="test.*")
    assert [each.name for each in connz.connections] == ["one"]
    subsz = await server.subsz(subscriptions=True, test="test.example")
    assert "test.example" in {each.subject for each in subsz.subscriptions_list}
    assert "else" not in {each.subject for each in subsz.subscriptions_list}
    await clients.close()


async def test_jsz_with_account_filter(server, clients):
    """Only this account's streams."""
    stream = (await clients.connect(server.client_url)).jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    (detail,) = (await server.jsz(account="$G", streams=True)).account_details
    assert (detail.name, [each.name for each in detail.stream_detail]) == ("$G", ["S"])
    with pytest.raises(NotFoundError):
        await server.jsz(account="nobody")
    await clients.close()


async def test_accountz_monitoring(server):
    """The accounts, and which of them is the system's."""
    accountz = await server.accountz()
    assert accountz.system_account == "$SYS"
    assert {"$G", "$SYS"} <= {*accountz.accounts}
    detail = (await server.accountz(account="$SYS")).account_detail
    assert (detail.account_name, detail.is_system) == ("$SYS", True)


async def test_varz_monitoring(server, clients):
    """Who the server is, and what it has done."""
    client = await clients.connect(server.client_url)
    await client.publish("a", b"12345")
    await arrived(client)
    varz = await server.varz()
    assert varz.server_id == server.server_id
    assert (varz.connections, varz.in_client_bytes) == (1, 5)
    assert varz.version == (await server.get_info()).version
    assert varz.go.startswith("go")
    assert min(varz.cores, varz.mem) > 0
    assert varz.jetstream.config is not None
    await clients.close()


def test_gatewayz_monitoring():
    """Theirs asked one server; here two clusters know each other."""

    def gateway(name, *remotes):
        return {"port": -1, "gateway": LISTENER | {"name": name, "gateways": [*remotes]}}

    with NatsController(gateway("east")) as east:
        there = {"name": "east", "urls": [f"nats://127.0.0.1:{east.ports()['gateway']}"]}
        with NatsController(gateway("west", there)) as west:
            wait_until(lambda: east.gatewayz().outbound_gateways)
            wait_until(lambda: west.gatewayz().outbound_gateways)
            assert east.gatewayz().server_id == east.server_id
            assert east.gatewayz().outbound_gateways.keys() == {"west"}
            assert west.gatewayz(name="east").outbound_gateways["east"].configured
