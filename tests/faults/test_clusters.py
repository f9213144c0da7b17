"""Members of a cluster are killed, with all that they lead."""

import asyncio
import json
from contextlib import suppress

import pytest
from nats import errors

from tests.faults.publishers import kept
from tests.faults.servers import free_ports, until

pytestmark = pytest.mark.fault


@pytest.fixture
async def members(server, tmp_path):
    """Three servers that know one another, with JetStream and a listener for leaf nodes."""
    routes, leafs = free_ports(3), free_ports(3)
    made = [
        server(
            f"n{number}",
            cluster={
                "name": "C",
                "host": "127.0.0.1",
                "port": routes[number],
                "routes": [f"nats://127.0.0.1:{port}" for port in routes],
            },
            leafnodes={"host": "127.0.0.1", "port": leafs[number]},
            jetstream={"store_dir": tmp_path / f"n{number}"},
        )
        for number in range(3)
    ]
    await asyncio.gather(*(one.start() for one in made))
    return made


async def leader(stream):
    """The name of the member that leads the stream, or None while there is none."""
    try:
        return (await stream.stream_info("S")).cluster.leader
    except errors.Error:
        return None


async def whole(stream, members):
    """Wait until every member is healthy and each copy of the stream has all of it."""
    for one in members:
        await one.healthy()

    async def current():
        try:
            cluster = (await stream.stream_info("S")).cluster
        except errors.Error:
            return False
        return cluster.leader and all(peer.current for peer in cluster.replicas)

    await until(current, "all copies of the stream are current")


async def hand_over(client, name):
    """Have this member lead the stream: without a leader it waits for seconds, whoever asks."""
    stream = client.jetstream(timeout=2)
    to = json.dumps({"placement": {"preferred": name}}).encode()

    async def leads():
        if await leader(stream) == name:
            return True
        with suppress(errors.TimeoutError):  # nobody answers between the two
            await client.request("$JS.API.STREAM.LEADER.STEPDOWN.S", to, timeout=1)
        return False

    await until(leads, f"{name} leads the stream")


async def test_a_member_killed_loses_nothing_acknowledged(
    members, connect, publish, report, rounds
):
    """Whichever it is, the stream's leader every other time: the others have what was stored."""
    rounds = rounds(10)
    n0, n1, n2 = members
    stream = (await connect(*members)).jetstream(timeout=2)
    await stream.add_stream(name="S", subjects=["s.*"], num_replicas=3)
    publishers = [
        publish(await connect(*servers), f"s.{servers[0].name}")
        for servers in ([n0, n1, n2], [n1, n2, n0], [n2, n0, n1])
    ]
    for number in range(rounds):
        await whole(stream, members)
        leading = await leader(stream)
        leads, *others = sorted(members, key=lambda one: one.name != leading)
        victim = others[number // 2 % 2] if number % 2 else leads
        victim.kill()
        await asyncio.gather(*(publisher.advance() for publisher in publishers))
        await victim.start()
    for publisher in publishers:
        await publisher.stop()
    await whole(stream, members)
    lost, twice = await kept(await connect(*members), "S", *publishers)
    acknowledged = sum(len(publisher.acknowledged) for publisher in publishers)
    longest = max(publisher.longest for publisher in publishers)
    report(
        "member of a cluster killed", rounds, acknowledged, lost,
        f"longest wait for an acknowledgement {longest:.1f} s",
    )  # fmt: skip
    assert (lost, twice) == (0, 0)


async def test_a_leaf_node_goes_to_another_member(
    members, server, connect, publish, report, rounds
):
    """When the one that it is connected to is killed: traffic goes on within 5 s."""
    rounds = rounds(3)
    ports = [(await one.get("/varz"))["leaf"]["port"] for one in members]
    urls = [f"nats://127.0.0.1:{port}" for port in ports]
    leaf = server("leaf", leafnodes={"remotes": [{"urls": urls}]})
    await leaf.start()
    at_hub = await connect(*members)
    stream = at_hub.jetstream(timeout=2)
    await stream.add_stream(name="S", subjects=["s"], num_replicas=3)
    publisher = publish(await connect(leaf), "s")

    async def joined():
        """The member that the leaf node is connected to."""
        found = (await leaf.get("/leafz"))["leafs"]
        return found[0]["name"] if found else None

    seconds = []
    for _ in range(rounds):
        await whole(stream, members)
        await publisher.advance()
        name = await joined()
        victim, stays, _ = sorted(members, key=lambda one: one.name != name)
        await hand_over(at_hub, stays.name)
        await publisher.advance()
        victim.kill()
        seconds.append(await publisher.advance(by=10))
        assert await joined() not in (None, victim.name)
        await victim.start()
    await publisher.stop()
    lost, twice = await kept(at_hub, "S", publisher)
    report(
        "member killed that a leaf node is at", rounds, len(publisher.acknowledged), lost,
        f"traffic goes on after {max(seconds):.1f} s at most",
    )  # fmt: skip
    assert (lost, twice) == (0, 0)
    assert max(seconds) < 5
