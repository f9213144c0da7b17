"""The .NET library's tests of clusters, its behaviours by their names.

Theirs looked at the configuration that was stored, and never formed a cluster. Here each test looks
at what clients of other members see.
"""

from contextlib import AsyncExitStack

import pytest

from dotgnatly import AsyncNatsController, ConfigError, RestartRequiredError
from tests.conftest import answer, answered, is_answered
from tests.integration.conftest import becomes_unanswered, lets_in


@pytest.fixture
async def start():
    """Starts members of a cluster, by the keys of their block; they are shut down at the end."""
    async with AsyncExitStack() as stack:

        async def start(**cluster):
            block = {"name": "C", "host": "127.0.0.1", "port": -1} | cluster
            server = AsyncNatsController({"port": -1, "cluster": block})
            return await stack.enter_async_context(server)

        yield start


async def route_to(server, login=""):
    """The URL at which a server takes routes."""
    return f"nats-route://{login}127.0.0.1:{(await server.ports())['cluster']}"


async def service(clients, server, subject):
    """Somebody at a server who answers."""
    await answer(await clients.connect(server.client_url), subject, subject.encode())


async def test_configure_cluster_with_name_and_routes(start, clients):
    """Three servers, of which two know the first."""
    first = await start(name="test-cluster")
    routes = [await route_to(first)]
    others = [await start(name="test-cluster", routes=routes) for _ in range(2)]
    asker = await clients.connect(first.client_url)
    for number, server in enumerate(others):
        await service(clients, server, f"who.{number}")
        assert await answered(asker, f"who.{number}") == b"who.%d" % number
    await clients.check()
    await clients.close()


async def test_enable_clustering_using_fluent_api(start, clients):
    """Theirs could not pass: a server takes a cluster only as it starts, and here it may."""
    member = await start(name="production-cluster")
    block = {"name": "production-cluster", "host": "127.0.0.1", "port": -1}
    block["routes"] = [await route_to(member)]
    await service(clients, member, "who")
    async with AsyncNatsController({"port": -1}) as alone:
        with pytest.raises(RestartRequiredError, match="cluster"):
            await alone.update_config(cluster=block)
        assert "cluster" not in await alone.ports()
        await alone.update_config(cluster=block, allow_restart=True)
        assert await answered(await clients.connect(alone.client_url), "who") == b"who"
        await clients.check()
        await clients.close()


async def test_hot_reload_add_routes_to_cluster(start, clients):
    """From one to three; those that were there stay."""
    others = [await start(name="test-cluster") for _ in range(3)]
    routes = [await route_to(server) for server in others]
    server = await start(name="test-cluster", routes=routes[:1])
    asker = await clients.connect(server.client_url)
    for number, other in enumerate(others):
        await service(clients, other, f"who.{number}")
    assert await answered(asker, "who.0") == b"who.0"
    assert not await is_answered(asker, "who.1")
    await server.update_config(cluster={"routes": routes})
    for number in range(3):
        assert await answered(asker, f"who.{number}") == b"who.%d" % number
    await clients.check()
    await clients.close()


async def test_hot_reload_remove_routes_from_cluster(start, clients):
    """The one that is taken out is not heard any more, the others are."""
    others = [await start(no_advertise=True) for _ in range(3)]
    routes = [await route_to(server) for server in others]
    server = await start(routes=routes)
    asker = await clients.connect(server.client_url)
    for number, other in enumerate(others):
        await service(clients, other, f"who.{number}")
        assert await answered(asker, f"who.{number}") == b"who.%d" % number
    await server.update_config(cluster={"routes": [routes[0], routes[2]]})
    await becomes_unanswered(asker, "who.1")
    for number in (0, 2):
        assert await answered(asker, f"who.{number}") == b"who.%d" % number
    await clients.check()
    await clients.close()


async def test_configure_cluster_with_authentication(start, clients):
    """Who has the password is in, who has not stays outside."""
    login = {"user": "clusteradmin", "password": "secretpass"}
    first = await start(authorization=login)
    route = await route_to(first, "clusteradmin:secretpass@")
    second = await start(authorization=login, routes=[route])
    await service(clients, first, "who")
    assert await answered(await clients.connect(second.client_url), "who") == b"who"
    for server in (first, second):
        port = (await server.ports())["cluster"]
        assert not await lets_in(port)
        assert not await lets_in(port, "clusteradmin", "wrong")
        assert await lets_in(port, "clusteradmin", "secretpass")
    await clients.check()
    await clients.close()


async def test_update_cluster_authentication_using_fluent_api(start, clients):
    """An open cluster gets a password while it runs; members that know it are together."""
    first = await start()
    second = await start(routes=[await route_to(first)])
    port = (await first.ports())["cluster"]
    await service(clients, first, "who")
    asker = await clients.connect(second.client_url)
    assert await answered(asker, "who") == b"who"
    assert await lets_in(port)
    block = {
        "authorization": {"user": "newuser", "password": "newpass"},
        "routes": [await route_to(first, "newuser:newpass@")],
    }
    for server in (first, second):
        await server.update_config(cluster=block)
    assert not await lets_in(port)
    assert await answered(asker, "who") == b"who"
    await clients.check()
    await clients.close()


async def test_disable_clustering_using_fluent_api(start, clients):
    """Theirs could not pass: a server leaves its cluster only by a restart, and here it may."""
    member = await start()
    leaving = await start(routes=[await route_to(member)])
    await service(clients, member, "who")
    asker = await clients.connect(leaving.client_url)
    assert await answered(asker, "who") == b"who"
    with pytest.raises(RestartRequiredError, match="cluster"):
        await leaving.update_config(cluster=None)
    assert await answered(asker, "who") == b"who"
    await clients.check()
    await clients.close()
    await leaving.update_config(cluster=None, allow_restart=True)
    assert "cluster" not in await leaving.ports()
    clients.open.clear()
    assert not await is_answered(await clients.connect(leaving.client_url), "who")
    await clients.check()
    await clients.close()


async def test_validation_cluster_port_cannot_be_same_as_main_port(free_port):
    """It is said before a server is asked, and about the key."""
    config = {"port": free_port, "cluster": {"name": "C", "port": free_port}}
    with pytest.raises(ConfigError, match=r"cluster\.port"):
        await AsyncNatsController(config).start()


async def test_validation_cluster_requires_name_when_enabled(start, clients):
    """With JetStream it does; without it, the servers find one that they all have."""
    config = {"port": -1, "server_name": "s", "cluster": {"port": -1}, "jetstream": {}}
    with pytest.raises(ConfigError, match=r"cluster\.name"):
        await AsyncNatsController(config).start()
    first = await start(name=None)
    second = await start(name=None, routes=[await route_to(first)])
    await service(clients, first, "who")
    assert await answered(await clients.connect(second.client_url), "who") == b"who"
    names = [(await server.varz()).cluster.name for server in (first, second)]
    assert names[0] == names[1]
    await clients.check()
    await clients.close()
