"""A hub is killed, or cut off from its leaf nodes: these go on, and catch up afterwards."""

import asyncio
import time

import pytest

from tests.faults.hubs import HubAndSpokes
from tests.faults.servers import free_ports, until

pytestmark = pytest.mark.fault


def has_leafs(hub, count):
    """A condition: so many leaf nodes are connected."""

    async def connected():
        return (await hub.get("/leafz"))["leafnodes"] == count

    return connected


async def test_spokes_outlive_their_hub(server, connect, publish, tmp_path, report, rounds):
    """They serve their own clients while it is away, and nothing is lost in either direction."""
    rounds = rounds(3)
    (port,) = free_ports(1)
    hub = server(
        "hub",
        leafnodes={"host": "127.0.0.1", "port": port},
        jetstream={"store_dir": tmp_path / "hub", "domain": "hub"},
    )
    spokes = [
        server(
            name,
            leafnodes={"remotes": [{"url": f"nats://127.0.0.1:{port}"}]},
            jetstream={"store_dir": tmp_path / name, "domain": name},
        )
        for name in ("north", "east", "south")
    ]
    await asyncio.gather(*(one.start() for one in (hub, *spokes)))
    await until(has_leafs(hub, 3), "the spokes are connected")
    both = HubAndSpokes(hub, *spokes)
    await both.begin(connect, publish)
    back, mirrored = [], []
    for _ in range(rounds):
        await both.advance()
        hub.kill()
        await both.advance()
        await hub.start()
        back.append(await until(has_leafs(hub, 3), "the spokes are back"))
        since = time.monotonic()
        mirrored.append(await both.mirrored())
    await both.gathered()  # once, for it takes long: see docs/explanation/limits.md
    gathered = time.monotonic() - since
    lost, twice = await both.end()
    longest = max(publisher.longest for publisher in both.readings)
    report(
        "hub of three spokes killed", rounds, both.acknowledged, lost,
        f"spokes back after {max(back):.1f} s, mirrors level {max(mirrored):.0f} s later, sources "
        f"{gathered:.0f} s; the spokes' own clients waited {longest:.2f} s at most",
    )  # fmt: skip
    assert (lost, twice) == (0, 0)
    assert not any(publisher.repeated for publisher in both.readings)


async def test_a_partition_heals(network, server, connect, publish, tmp_path, report):
    """Both sides serve their clients, notice by their pings, and find one another again.

    With pings as they are by default, every two minutes, a partition of 20 s is not noticed at all,
    and what was sent meanwhile arrives when TCP tries the next time.
    """
    (port,) = free_ports(1)
    pings = {"ping_interval": "1s", "ping_max": 2}
    hub = server(
        "hub",
        leafnodes={"host": network.hub, "port": port},
        jetstream={"store_dir": tmp_path / "hub", "domain": "hub"},
        **pings,
    )
    # The one way: the hub tells its leaf nodes another, which is not through a proxy.
    remote = {"url": await network.way_to(port), "ignore_discovered_servers": True}
    leaf = server(
        "leaf",
        network.leaf,
        leafnodes={"remotes": [remote]},
        jetstream={"store_dir": tmp_path / "leaf", "domain": "leaf"},
        **pings,
    )
    with network.beyond():
        leaf.launch()
    await hub.start()
    await leaf.healthy()
    await until(has_leafs(hub, 1), "the leaf node is connected")
    both = HubAndSpokes(hub, leaf)
    await both.begin(connect, publish)
    await both.advance()
    await both.mirrored()
    await both.gathered()
    network.cut()
    end = time.monotonic() + 20
    noticed = await until(has_leafs(hub, 0), "the hub notices")
    while time.monotonic() < end:
        await both.advance()
        await both.orders.advance()
    assert await has_leafs(hub, 0)()
    network.mend()
    back = await until(has_leafs(hub, 1), "the leaf node is back")
    mirrored, gathered = await asyncio.gather(both.mirrored(), both.gathered())
    lost, twice = await both.end()
    report(
        f"partition of 20 s ({type(network).__name__.lower()})", 1, both.acknowledged, lost,
        f"noticed after {noticed:.1f} s with ping_interval 1s; healed after {back:.1f} s, mirrors "
        f"level {mirrored:.0f} s later, sources {gathered:.0f} s",
    )  # fmt: skip
    assert (lost, twice) == (0, 0)
    assert not any(publisher.repeated for publisher in both.readings)
