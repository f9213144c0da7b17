"""Clusters, gateways and leaf nodes of servers of one process, as their clients see them."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import nats
import pytest
from nats import errors
from nats.js.api import ExternalStream, StreamSource
from nats.js.errors import Error as JetStreamError

from dotgnatly import AsyncNatsCluster, AsyncNatsController, AsyncNatsSuperCluster
from tests.conftest import answer, answered, arrived, is_answered, known
from tests.integration.conftest import becomes_unanswered, lets_in
from tests.raw_clients import MqttClient, WebSocketClient


@pytest.fixture
async def stack():
    """Leaves servers and clusters that a test has entered, the last first."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def enter(stack):
    """Enters servers and clusters."""
    return stack.enter_async_context


async def reconnecting(stack, cluster, number):
    """A client of one member that goes to another one when it stops."""

    async def ignore(error):
        """What a client tells while its member is away."""

    client = await nats.connect(
        [*cluster.client_urls[number:], *cluster.client_urls[:number]],
        dont_randomize=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.01,
        error_cb=ignore,
    )
    stack.push_async_callback(client.close)
    return client


# -- clusters --------------------------------------------------------------------------------------


class Publisher:
    """Publishes numbers to a stream, each until it is acknowledged."""

    def __init__(self, client, who):
        self.acknowledged = []
        self._jetstream, self._who = client.jetstream(timeout=2), who
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._publish())

    async def _publish(self):
        number = 0
        while not self._stop.is_set():
            data = b"%d %d" % (self._who, number)
            with suppress(JetStreamError, errors.Error, TimeoutError):
                await self._jetstream.publish("load", data, headers={"Nats-Msg-Id": data.decode()})
                self.acknowledged.append(data)
                number += 1
            await asyncio.sleep(0)

    async def advance(self, by=20):
        """Return when this many more are acknowledged."""
        goal = len(self.acknowledged) + by
        async with asyncio.timeout(20):
            while len(self.acknowledged) < goal:
                await asyncio.sleep(0)

    async def stop(self):
        """End, and return what was acknowledged."""
        self._stop.set()
        await self._task
        return self.acknowledged


async def test_a_rolling_restart_under_load_loses_nothing_acknowledged(stack):
    """Members can be renewed one by one while everybody goes on working."""
    cluster = await stack.enter_async_context(AsyncNatsCluster(jetstream=True))
    connected = [await reconnecting(stack, cluster, number) for number in range(3)]
    jetstream = connected[0].jetstream(timeout=10)
    await jetstream.add_stream(name="LOAD", subjects=["load"], num_replicas=3)
    publishers = [Publisher(client, who) for who, client in enumerate(connected)]
    for number in range(3):
        for publisher in publishers:
            await publisher.advance()
        await cluster.restart(number)
    for publisher in publishers:
        await publisher.advance()
    acknowledged = [data for publisher in publishers for data in await publisher.stop()]
    subscription = await known(lambda: jetstream.subscribe("load", ordered_consumer=True))
    stored = Counter()
    while len(stored) < len(acknowledged):
        stored[(await subscription.next_msg(timeout=10)).data] += 1
    assert set(acknowledged) <= stored.keys()
    assert set(stored.values()) == {1}


async def test_a_change_keeps_the_cluster_together(enter, clients):
    """Routes are no clients, and not cut off either."""
    cluster = await enter(AsyncNatsCluster())
    one, two, _ = cluster.client_urls
    asker = await clients.connect(one)
    await answer(await clients.connect(two), "who", b"n1")
    assert await answered(asker, "who") == b"n1"
    for server in cluster.servers:
        await server.update_config(max_payload=2 << 20)
    for _ in range(20):
        assert (await asker.request("who", timeout=5)).data == b"n1"
    await clients.check()
    await clients.close()


async def test_a_route_is_added_and_removed_live(enter, clients):
    """Two servers that run already become a cluster, and part again."""
    one, two = [
        await enter(
            AsyncNatsController({
                "port": -1, "cluster": {"name": "C", "host": "127.0.0.1", "port": -1}
            })
        )
        for _ in range(2)
    ]  # fmt: skip
    asker = await clients.connect(one.client_url)
    await answer(await clients.connect(two.client_url), "who", b"two")
    assert not await is_answered(asker, "who")
    route = f"nats://127.0.0.1:{(await two.ports())['cluster']}"
    await one.update_config(cluster={"routes": [route]})
    assert await answered(asker, "who") == b"two"
    await one.update_config(cluster={"routes": []})
    await becomes_unanswered(asker, "who")
    await clients.check()
    await clients.close()


async def test_the_password_of_a_cluster_is_changed_live(enter, clients):
    """On one member after the other; they are together afterwards, and the old one is void."""
    cluster = await enter(AsyncNatsCluster())
    asker = await clients.connect(cluster.client_urls[0])
    await answer(await clients.connect(cluster.client_urls[1]), "who", b"one")
    assert await answered(asker, "who") == b"one"
    old = cluster.servers[0].config.cluster.routes
    ports = [(await server.ports())["cluster"] for server in cluster.servers]
    block = {
        "authorization": {"user": "new", "password": "word"},
        "routes": [f"nats://new:word@127.0.0.1:{port}" for port in ports],
    }
    for server in cluster.servers:
        await server.update_config(cluster=block)
    await cluster.wait_ready()
    assert await answered(asker, "who") == b"one"
    await cluster.restart(2)
    assert await answered(await clients.connect(cluster.client_urls[2]), "who") == b"one"
    await clients.check()
    await clients.close()
    for port in ports:
        assert not await lets_in(port, urlsplit(old[0]).username, urlsplit(old[0]).password)
        assert await lets_in(port, "new", "word")


# -- gateways --------------------------------------------------------------------------------------


async def test_requests_are_answered_across_gateways(enter, clients):
    """From whichever member to whichever."""
    both = await enter(AsyncNatsSuperCluster(size=2))
    connected = [await clients.connect(url) for url in both.client_urls]
    for number, client in enumerate(connected):
        await answer(client, f"who.{number}", b"%d" % number)
    for client in connected:
        for number in range(4):
            assert await answered(client, f"who.{number}") == b"%d" % number
    await clients.check()
    await clients.close()


async def test_a_queue_group_spans_gateways(enter, clients):
    """Its members nearby come first; those far away take over when there are none."""
    both = await enter(AsyncNatsSuperCluster(size=1))
    near, far, asker = [await clients.connect(both.client_urls[n]) for n in (0, 1, 0)]
    heard = {client: [] for client in (near, far)}
    for client, name in ((near, b"near"), (far, b"far")):

        async def respond(message, client=client, name=name):
            heard[client].append(message.data)
            await message.respond(name)

        await client.subscribe("work", queue="workers", cb=respond)
        await arrived(client)
    assert await answered(asker, "work") == b"near"
    heard[near].clear()
    for number in range(20):
        assert (await asker.request("work", b"%d" % number, timeout=5)).data == b"near"
    assert heard == {near: [b"%d" % number for number in range(20)], far: []}
    await near.drain()
    assert await answered(asker, "work") == b"far"
    await clients.close()


# -- leaf nodes ------------------------------------------------------------------------------------


def hub(**fields):
    """A server that leaf nodes connect to."""
    leafnodes = {"host": "127.0.0.1", "port": -1}
    return AsyncNatsController({"port": -1, "leafnodes": leafnodes, **fields})


async def remotes_of(*hubs):
    """The block with which a server is a leaf node of each of them."""
    ports = [(await each.ports())["leafnodes"] for each in hubs]
    return {"remotes": [{"url": f"nats://127.0.0.1:{port}"} for port in ports]}


@pytest.mark.parametrize("inside", [False, True])
async def test_a_leaf_node_extends_a_hub(enter, clients, inside):
    """Also one that has no port at all: an edge program with a hub elsewhere."""
    at = await enter(hub())
    leaf = await enter(
        AsyncNatsController({"port": -1, "leafnodes": await remotes_of(at)}, dont_listen=inside)
    )
    at_hub = await clients.connect(at.client_url)
    at_leaf = clients.add(await leaf.connect_nats_py(**clients.callbacks()))
    await answer(at_hub, "hub", b"from the hub")
    await answer(at_leaf, "leaf", b"from the leaf")
    assert await answered(at_leaf, "hub") == b"from the hub"
    assert await answered(at_hub, "leaf") == b"from the leaf"
    await clients.check()
    await clients.close()


async def test_spokes_reach_one_another_through_their_hub(enter, clients):
    """They need no address but that of the hub."""
    centre = await enter(hub())
    block = await remotes_of(centre)
    spokes = [await enter(AsyncNatsController({"port": -1, "leafnodes": block})) for _ in range(2)]
    one, two = [await clients.connect(spoke.client_url) for spoke in spokes]
    await answer(one, "one", b"1")
    await answer(two, "two", b"2")
    assert await answered(one, "two") == b"2"
    assert await answered(two, "one") == b"1"
    await clients.check()
    await clients.close()


async def test_leaf_remotes_are_added_replaced_and_removed_live(enter, clients):
    """A running program joins a hub, moves to another one, and leaves it."""
    hubs = [await enter(hub()) for _ in range(2)]
    leaf = await enter(AsyncNatsController({"port": -1}))
    for number, each in enumerate(hubs):
        await answer(await clients.connect(each.client_url), f"hub.{number}", b"%d" % number)
    at_leaf = await clients.connect(leaf.client_url)
    assert not await is_answered(at_leaf, "hub.0")
    await leaf.update_config(leafnodes=await remotes_of(hubs[0]))
    assert await answered(at_leaf, "hub.0") == b"0"
    await leaf.update_config(leafnodes=await remotes_of(hubs[1]))
    assert await answered(at_leaf, "hub.1") == b"1"
    await becomes_unanswered(at_leaf, "hub.0")
    await leaf.update_config(leafnodes=None)
    await becomes_unanswered(at_leaf, "hub.1")
    await clients.check()
    await clients.close()


async def test_jetstream_domains_of_hub_and_leaf_are_reached_from_both_sides(enter, clients):
    """Each has its streams, also when the other is away, and both can use those of both."""
    centre = await enter(hub(server_name="hub", jetstream={"domain": "hub"}))
    block = await remotes_of(centre)
    leaf = await enter(
        AsyncNatsController({
            "port": -1, "server_name": "leaf", "jetstream": {"domain": "leaf"}, "leafnodes": block
        })
    )  # fmt: skip
    at_hub, at_leaf = [await clients.connect(server.client_url) for server in (centre, leaf)]
    for domain, near, far in (("hub", at_hub, at_leaf), ("leaf", at_leaf, at_hub)):
        await near.jetstream().add_stream(name=f"S-{domain}", subjects=[domain])
        await near.jetstream().publish(domain, b"x")
        there = far.jetstream(domain=domain)
        info = await known(lambda there=there, domain=domain: there.stream_info(f"S-{domain}"))
        assert info.state.messages == 1
        assert (await there.get_msg(f"S-{domain}", 1)).data == b"x"
    await clients.check()
    await clients.close()


async def test_a_leaf_mirrors_a_stream_of_its_hub(enter, clients):
    """What is said at the hub can be read at the edge, where it is kept."""
    centre = await enter(hub(server_name="hub", jetstream={"domain": "hub"}))
    block = await remotes_of(centre)
    leaf = await enter(
        AsyncNatsController({
            "port": -1, "server_name": "leaf", "jetstream": {"domain": "leaf"}, "leafnodes": block
        })
    )  # fmt: skip
    at_hub, at_leaf = [await clients.connect(server.client_url) for server in (centre, leaf)]
    source, mirror = at_hub.jetstream(), at_leaf.jetstream()
    await source.add_stream(name="NEWS", subjects=["news"])
    external = ExternalStream(api="$JS.hub.API")
    await mirror.add_stream(name="COPY", mirror=StreamSource(name="NEWS", external=external))
    for number in range(10):
        await source.publish("news", b"%d" % number)
    async with asyncio.timeout(20):
        while (await mirror.stream_info("COPY")).state.messages < 10:
            await asyncio.sleep(0.01)
    assert [(await mirror.get_msg("COPY", n + 1)).data for n in range(10)] == [
        b"%d" % number for number in range(10)
    ]
    await clients.check()
    await clients.close()


async def test_a_leaf_node_of_a_cluster_moves_to_another_member(enter, clients):
    """A hub of several members is there when one of them is not."""
    config = {"leafnodes": {"host": "127.0.0.1", "port": -1}}
    cluster = await enter(AsyncNatsCluster(config=config))
    urls = [f"nats://127.0.0.1:{(await s.ports())['leafnodes']}" for s in cluster.servers]
    block = {"reconnect": "50ms", "remotes": [{"urls": urls, "no_randomize": True}]}
    leaf = await enter(AsyncNatsController({"port": -1, "leafnodes": block}))
    at_leaf = await clients.connect(leaf.client_url)
    await answer(await clients.connect(cluster.client_urls[2]), "who", b"hub")
    assert await answered(at_leaf, "who") == b"hub"
    await cluster.servers[0].shutdown()
    async with asyncio.timeout(10):
        while not await is_answered(at_leaf, "who"):
            await asyncio.sleep(0.01)
    await cluster.servers[0].start()
    await cluster.wait_ready()
    await clients.check()
    await clients.close()


# -- other listeners -------------------------------------------------------------------------------


async def test_members_have_websocket_and_mqtt_listeners_of_their_own(enter):
    """On free ports, of which ``ports`` and ``websocket_url`` tell, and real clients find."""
    config = {"websocket": {"port": -1, "no_tls": True}, "mqtt": {"port": -1}}
    cluster = await enter(AsyncNatsCluster(jetstream=True, config=config))
    listening = [await server.ports() for server in cluster.servers]
    assert len({ports[name] for ports in listening for name in ("websocket", "mqtt")}) == 6
    for server, ports in zip(cluster.servers, listening, strict=True):
        assert server.websocket_url == f"ws://127.0.0.1:{ports['websocket']}"
        for kind in (WebSocketClient, MqttClient):
            client = await kind.connect(ports[kind.LISTENER])
            await client.echo("hello")
            await client.close()


async def test_websocket_clients_of_a_member_hear_those_of_another(enter, clients):
    """A browser is a client as any other."""
    config = {"websocket": {"port": -1, "no_tls": True}}
    cluster = await enter(AsyncNatsCluster(config=config))
    browser = await WebSocketClient.connect((await cluster.servers[0].ports())["websocket"])
    other = await clients.connect(cluster.client_urls[1])
    subscription = await other.subscribe("talk.a")
    await arrived(other)
    async with asyncio.timeout(10):
        while not subscription.pending_msgs:
            await browser.echo("hello")
    assert (await subscription.next_msg(timeout=5)).data == b"hello"
    await browser.close()
    await clients.check()
    await clients.close()
