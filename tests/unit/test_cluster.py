"""Clusters as such: when they are ready, what is left of them, and where their members are."""

import asyncio
import os
import random
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import nats
import pytest
from nats.js.api import Placement

from dotgnatly import (
    AlreadyRunningError,
    AsyncNatsCluster,
    AsyncNatsSuperCluster,
    BrokerConfiguration,
    ConfigError,
    NatsCluster,
    NatsSuperCluster,
    PortInUseError,
    ServerStoppedError,
    StartTimeoutError,
)
from tests.conftest import answer, answered, is_answered, known
from tests.unit.conftest import Awaited

KINDS = [(NatsCluster, NatsSuperCluster), (AsyncNatsCluster, AsyncNatsSuperCluster)]


@pytest.fixture(params=KINDS, ids=["blocking", "async"])
async def make(request):
    """Makes clusters, or super clusters, by their arguments; they are shut down at the end."""
    made = []

    def make(*args, several=False, **options):
        made.append(Awaited(request.param[several](*args, **options)))
        return made[-1]

    yield make
    for cluster in made:
        await cluster.shutdown()


@pytest.fixture
def start(make):
    """Makes a cluster and starts it; it is shut down at the end."""

    async def start(*args, **options):
        cluster = make(*args, **options)
        await cluster.start()
        return cluster

    return start


@pytest.fixture
async def connect():
    """Connects clients, which are closed at the end, before the servers: else they reconnect."""
    made = []

    async def connect(url, **options):
        made.append(await nats.connect(url, **options))
        return made[-1]

    yield connect
    for client in made:
        await client.close()


def servers(cluster):
    """Its controllers, awaited."""
    return [Awaited(server) for server in cluster.servers]


def running(cluster):
    """Which of its members run."""
    return [server.is_running for server in cluster.servers]


def listener(port):
    """Somebody else on a port."""
    return socket.create_server(("127.0.0.1", port))


@pytest.fixture
def three_ports():
    """The first of three ports in a row that were free a moment ago."""
    while True:
        first = random.randrange(15_000, 20_000)
        try:
            with ExitStack() as probes:
                for port in range(first, first + 3):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


@pytest.fixture
def strangers(certificates):
    """A configuration with which members do not trust one another: they never get ready."""
    tls = {
        "cert_file": certificates / "server.pem",
        "key_file": certificates / "server.key",
        "ca_file": certificates / "client.pem",
    }
    return {"cluster": {"tls": tls}}


# -- ready -----------------------------------------------------------------------------------------


async def test_members_are_connected_on_entry(make):
    """Nobody has to wait, or to try again, until a cluster has formed."""
    async with make(name="C") as cluster:
        clients = [await nats.connect(url) for url in cluster.client_urls]
        for number, client in enumerate(clients):
            await answer(client, f"who.{number}", b"C-%d" % number)
        for client in clients:
            for number in range(3):
                assert await answered(client, f"who.{number}") == b"C-%d" % number
        for client in clients:
            await client.close()
        assert [server.server_name for server in cluster.servers] == ["C-0", "C-1", "C-2"]
    assert running(cluster) == [False] * 3


@pytest.mark.parametrize("size", [2, 3, 5])
async def test_a_replicated_stream_can_be_made_on_entry(start, connect, size):
    """At the first attempt: with a leader of the metadata, and all others current."""
    cluster = await start(size, jetstream=True)
    jetstream = (await connect(cluster.client_urls[-1])).jetstream()
    await jetstream.add_stream(name="S", subjects=["s"], num_replicas=size)
    assert (await known(lambda: jetstream.publish("s", b"x"))).seq == 1


async def test_members_trust_one_another_by_tls(start, certificates):
    """The configuration of all is theirs in every respect."""
    tls = {
        "cert_file": certificates / "server.pem",
        "key_file": certificates / "server.key",
        "ca_file": certificates / "ca.pem",
    }
    cluster = await start(config={"cluster": {"tls": tls}})
    assert running(cluster) == [True] * 3


@pytest.mark.parametrize(
    "block", [{"pool_size": -1}, {"pool_size": 1}, {"pool_size": 5, "accounts": ["A"]}]
)
async def test_a_route_of_any_number_of_connections_is_waited_for(start, connect, block):
    """Some accounts go over the last one of them."""
    config = {"cluster": block, "accounts": {"A": {"users": [{"user": "a", "password": "a"}]}}}
    cluster = await start(config=config)
    one, two = [await connect(url, user="a", password="a") for url in cluster.client_urls[:2]]
    await answer(one, "who", b"a")
    assert await answered(two, "who") == b"a"


async def test_a_start_that_is_late_says_what_was_missing(make, strangers):
    """And leaves no server behind."""
    cluster = make(config=strangers)
    with pytest.raises(StartTimeoutError, match=r"not ready after 0.5 s: nats-0: no route") as late:
        await cluster.start(timeout=0.5)
    assert len(late.value.missing) == 6
    assert "nats-1: no route to nats-2" in late.value.missing
    assert running(cluster) == [False] * 3


async def test_a_second_start_is_refused(start, connect):
    """It hurts nobody."""
    cluster = await start()
    client = await connect(cluster.client_urls[0])
    with pytest.raises(AlreadyRunningError, match="nats-0, nats-1, nats-2"):
        await cluster.start()
    await client.flush()
    assert client.stats["reconnects"] == 0


async def test_a_cancelled_start_leaves_nothing_running(strangers):
    """Also what it had begun."""
    cluster = AsyncNatsCluster(config=strangers)
    start = asyncio.create_task(cluster.start(timeout=None))
    while not all(running(cluster)):
        await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert running(cluster) == [False] * 3


def test_an_interrupted_start_leaves_nothing_running(run_python, certificates):
    """Ctrl-C while a program waits for its cluster."""
    done = run_python(
        """
        import _thread, sys, threading
        from dotgnatly import NatsCluster

        def interrupt():
            while not all(server.is_running for server in cluster.servers):
                pass
            _thread.interrupt_main()

        names = {"cert_file": "server.pem", "key_file": "server.key", "ca_file": "client.pem"}
        tls = {key: f"{sys.argv[1]}/{name}" for key, name in names.items()}
        cluster = NatsCluster(config={"cluster": {"tls": tls}})
        threading.Thread(target=interrupt).start()
        try:
            cluster.start(timeout=None)
        except KeyboardInterrupt:
            print([server.is_running for server in cluster.servers])
        """,
        str(certificates),
    )
    assert done.out == "[False, False, False]\n", done.err


# -- members ---------------------------------------------------------------------------------------


async def test_a_member_comes_back_where_it_was(start):
    """Clients have the URLs of members, and other servers their routes."""
    cluster = await start()
    before = [await server.ports() for server in servers(cluster)]
    await cluster.restart(1)
    await cluster.rolling_restart()
    assert [await server.ports() for server in servers(cluster)] == before
    await cluster.shutdown()
    await cluster.start()
    assert [await server.ports() for server in servers(cluster)] == before


async def test_there_is_no_member_of_another_number(start):
    """A restart of nobody is a mistake."""
    cluster = await start()
    with pytest.raises(IndexError):
        await cluster.restart(3)
    assert running(cluster) == [True] * 3


async def test_a_member_can_be_stopped_by_itself(start, connect):
    """Its URL is not among those of the others, which are good still."""
    cluster = await start()
    urls, member = cluster.client_urls, servers(cluster)[1]
    await member.shutdown()
    assert cluster.client_urls == [urls[0], urls[2]]
    with pytest.raises(ServerStoppedError, match="nats-1"):
        await cluster.wait_ready()
    await member.start()
    await cluster.wait_ready()
    one, two = [await connect(url) for url in urls[:2]]
    await answer(two, "who", b"back")
    assert await answered(one, "who") == b"back"


async def test_a_restart_takes_changes_along(start):
    """What was changed at run time is part of the configuration of a member."""
    cluster = await start()
    await servers(cluster)[0].update_config(max_payload=1000)
    await cluster.restart(0)
    assert [(await s.varz()).max_payload for s in servers(cluster)] == [1000, 1 << 20, 1 << 20]


async def test_a_replaced_configuration_leaves_a_member_in_its_place(start, connect):
    """What makes it a member is not of the configuration that all have in common."""
    cluster = await start()
    for server in servers(cluster):
        await server.replace_config({"max_payload": 1000})
    await cluster.rolling_restart()
    one, two = [await connect(url) for url in cluster.client_urls[:2]]
    await answer(two, "who", b"here")
    assert await answered(one, "who") == b"here"
    assert one.max_payload == 1000


async def test_members_read_their_file_again(start, tmp_path):
    """It says what all have in common; the ports of a member and its routes lie above it."""
    file = tmp_path / "member.conf"
    file.write_text("host: 127.0.0.1\nmax_payload: 1000")
    cluster = await start(config=await asyncio.to_thread(BrokerConfiguration.from_file, file))
    file.write_text("host: 127.0.0.1\nmax_payload: 2000")
    for server in servers(cluster):
        await server.reload()
    await cluster.wait_ready()
    assert [(await server.varz()).max_payload for server in servers(cluster)] == [2000] * 3


async def test_given_ports_count_up(start, three_ports):
    """A development machine where everybody knows the ports."""
    cluster = await start(config={"port": three_ports, "http_port": -1})
    urls = [f"nats://127.0.0.1:{three_ports + number}" for number in range(3)]
    assert cluster.client_urls == urls
    assert len({server.monitoring_url for server in cluster.servers}) == 3


async def test_a_port_that_was_taken_meanwhile_is_chosen_anew(make):
    """Between the choice and the start somebody else can come."""
    cluster = make()
    with listener(cluster.servers[2].config.cluster.port):
        await cluster.start()
        assert running(cluster) == [True] * 3


async def test_a_given_port_that_is_taken_is_an_error(make, three_ports):
    """No other one will do; the members that had started are stopped."""
    cluster = make(config={"port": three_ports})
    with listener(three_ports + 2), pytest.raises(PortInUseError, match=str(three_ports + 2)):
        await cluster.start()
    assert running(cluster) == [False] * 3
    await cluster.start()


async def test_a_port_that_is_taken_later_is_an_error(start):
    """Others know it by then."""
    cluster = await start()
    await cluster.shutdown()
    with listener(cluster.servers[1].config.port), pytest.raises(PortInUseError):
        await cluster.start()
    assert running(cluster) == [False] * 3


async def test_a_stranger_cannot_join(start):
    """Whoever can connect to a route sees and says everything, so it has a password."""
    cluster = await start()
    port = (await servers(cluster)[0].ports())["cluster"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert b'"auth_required":true' in await reader.readline()
    writer.write(b'CONNECT {"name":"stranger"}\r\n')
    assert b"Authorization Violation" in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()


async def test_two_clusters_keep_apart(start, connect):
    """Though they have the same names."""
    asker, service = [await connect((await start()).client_urls[0]) for _ in range(2)]
    await answer(service, "who", b"other")
    assert not await is_answered(asker, "who")


async def test_members_elsewhere_are_given_by_their_routes(start, connect):
    """A cluster over several processes: each of them has some of its members."""
    block = {"authorization": {"user": "all", "password": "the same"}}
    here = await start(2, config={"server_name": "here", "cluster": block})
    port = (await servers(here)[0].ports())["cluster"]
    block["routes"] = [f"nats://all:the%20same@127.0.0.1:{port}"]
    there = await start(2, config={"server_name": "there", "cluster": block})
    assert there.servers[0].server_name == "there-nats-0"
    one, two = await connect(here.client_urls[1]), await connect(there.client_urls[1])
    await answer(two, "who", b"there")
    assert await answered(one, "who") == b"there"


# -- stores ----------------------------------------------------------------------------------------


async def test_a_private_store_goes_with_the_cluster(start, connect):
    """Not with a member that restarts; and nobody else can read it meanwhile."""
    cluster = await start(jetstream=True)
    writer = await connect(cluster.client_urls[0])
    await writer.jetstream().add_stream(name="S", subjects=["s"], num_replicas=3)
    await known(lambda: writer.jetstream().publish("s", b"x"))
    folder = Path(cluster.servers[0].config.jetstream.store_dir).parent
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await cluster.restart(1)
    client = await connect(cluster.client_urls[1])
    assert (await known(lambda: client.jetstream().get_msg("S", 1))).data == b"x"
    for each in (writer, client):
        await each.close()
    await cluster.shutdown()
    assert not folder.exists()


@pytest.mark.parametrize("at_the_top", [False, True])
async def test_a_given_store_is_shared_out_and_stays(start, tmp_path, at_the_top):
    """Each member has its part, of its own name."""
    place = {"store_dir": tmp_path}
    cluster = await start(config={"jetstream": {}} | place if at_the_top else {"jetstream": place})
    await cluster.shutdown()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nats-0", "nats-1", "nats-2"]
    assert (tmp_path / "nats-0" / "jetstream").exists()


def test_a_forgotten_cluster_leaves_nothing_behind(run_python):
    """Its servers are stopped and its store is removed as the program ends; the user is told."""
    done = run_python(
        """
        from dotgnatly import NatsController, NatsCluster

        with NatsController({"port": -1}):  # the library is there before the cluster
            pass
        cluster = NatsCluster(jetstream=True)
        cluster.start()
        print(cluster.servers[0].config.jetstream.store_dir)
        """,
        PYTHONWARNINGS="always",
    )
    assert done.code == 0, done.err
    folder = Path(done.out.strip()).parent
    assert folder.name.startswith("dotgnatly-")
    assert not folder.exists()
    assert done.err.count("made at <string>:6") == 3


# -- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"size": 1}, ValueError, "at least 2, not 1"),
        ({"config": {"ports": 1}}, ConfigError, "ports"),
        ({"several": True, "names": ["east"]}, ValueError, "at least 2, not 1"),
        ({"several": True, "size": 0}, ValueError, "at least 1, not 0"),
    ],
)
async def test_what_makes_no_cluster_is_refused(make, options, error, said):
    """At once, not by servers that wait for one another."""
    with pytest.raises(error, match=said):
        make(**options)


# -- super clusters --------------------------------------------------------------------------------


async def test_a_super_cluster_is_connected_on_entry(start, connect):
    """From every member of one cluster to the other."""
    both = await start(several=True, size=2)
    names = [server.server_name for server in both.servers]
    assert names == ["east-0", "east-1", "west-0", "west-1"]
    clients = [await connect(url) for url in both.client_urls]
    await answer(clients[-1], "who", b"west-1")
    for client in clients:
        assert await answered(client, "who") == b"west-1"


async def test_a_cluster_of_a_super_cluster_can_be_stopped_and_started(start, connect):
    """A region that is gone for a while; the other one is a cluster meanwhile."""
    both = await start(several=True, size=2)
    east, west = map(Awaited, both.clusters)
    await east.shutdown()
    assert running(both) == [False, False, True, True]
    await west.rolling_restart()
    await east.start()
    await both.wait_ready()
    one, two = await connect(east.client_urls[0]), await connect(west.client_urls[0])
    await answer(two, "who", b"west")
    assert await answered(one, "who") == b"west"


async def test_a_super_cluster_stores_in_the_cluster_that_is_asked_for(start, connect):
    """All members have one leader of the metadata, who knows both clusters."""
    both = await start(several=True, size=2, jetstream=True)
    jetstream = (await connect(both.client_urls[0])).jetstream()
    where = Placement(cluster="west")
    await jetstream.add_stream(name="S", subjects=["s"], num_replicas=2, placement=where)
    assert (await known(lambda: jetstream.publish("s", b"x"))).seq == 1
    assert (await jetstream.stream_info("S")).cluster.name == "west"
