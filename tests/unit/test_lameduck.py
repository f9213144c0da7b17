"""Lame duck mode, by both controllers: clients go elsewhere before the server stops."""

import asyncio
import signal
import socket
import sys
import time
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import nats
import pytest

from dotgnatly import (
    AlreadyRunningError,
    AsyncNatsCluster,
    BrokerConfiguration,
    ConfigError,
    NatsController,
    ServerStoppedError,
    ShutdownTimeoutError,
    StateError,
)
from tests.conftest import answer, answered, arrived
from tests.unit.conftest import Awaited

LONG = {"duration": 3600, "grace": 1800}


@asynccontextmanager
async def connected(controller, **options):
    """A client that does not come back."""
    client = await nats.connect(controller.client_url, allow_reconnect=False, **options)
    try:
        yield client
    finally:
        await client.close()


async def leave(controller, **options):
    """Begin it; what is returned is awaited, as the controller is."""
    return Awaited(await controller.lame_duck(**options))


def is_there(path):
    """Whether there is such a directory."""
    return Path(path).is_dir()


# -- how it goes -----------------------------------------------------------------------------------


async def test_it_returns_at_once_and_clients_are_told(broker):
    """The program goes on with its own end meanwhile."""
    told = asyncio.Event()

    async def on_lame_duck():
        told.set()

    async with connected(broker, lame_duck_mode_cb=on_lame_duck) as client:
        leaving = await leave(broker, duration=1, grace=0.1)
        assert broker.is_running
        assert leaving.clients_left == 1
        await asyncio.wait_for(told.wait(), 5)
        await arrived(client)  # it is served as before
        await leaving.wait(10)
        assert leaving.clients_left == 0
        assert not broker.is_running
    await broker.shutdown()  # which has nothing to do any more


async def test_without_clients_it_is_over_at_once(broker):
    """Nobody has to be waited for."""
    await (await leave(broker, **LONG)).wait(10)
    assert not broker.is_running


async def test_the_configuration_says_how_long_it_takes(start):
    """Its own 2 min are too long for many programs."""
    broker = await start(lame_duck_duration="30s", lame_duck_grace_period="20ms")
    async with connected(broker):
        begun = time.monotonic()
        await (await leave(broker)).wait(10)
    assert time.monotonic() - begun < 5  # one client is closed right after the grace period


async def test_a_short_duration_needs_no_grace_period(broker):
    """That of the configuration, 10 s, would be longer."""
    async with connected(broker):
        await (await leave(broker, duration=0.1)).wait(10)


async def test_clients_left_count_down(broker):
    """One after the other, so that they do not fall upon the next server together."""
    counted = []
    async with connected(broker), connected(broker), connected(broker):
        leaving = await leave(broker, duration=1.5, grace=0.1)
        while broker.is_running:
            counted.append(leaving.clients_left)
            await asyncio.sleep(0.005)  # between two looks
    assert counted == sorted(counted, reverse=True)
    assert counted[0] == 3
    assert {2, 1} & set(counted)


async def test_clients_go_to_another_server_of_the_cluster():
    """What they say arrives before and after; it is what the whole is for."""
    async with AsyncNatsCluster(2) as cluster:
        first, second = cluster.servers
        reconnected = asyncio.Event()

        async def on_reconnected():
            reconnected.set()

        moving = await nats.connect(
            first.client_url, reconnected_cb=on_reconnected, reconnect_time_wait=0.01
        )
        staying = await nats.connect(second.client_url)
        await answer(moving, "who", b"me")
        assert await answered(staying, "who") == b"me"
        leaving = await first.lame_duck(duration=0.5, grace=0.1)
        await leaving.wait(20)
        await asyncio.wait_for(reconnected.wait(), 10)
        assert moving.connected_url.port == (await second.ports())["client"]
        await arrived(moving)
        assert await answered(staying, "who") == b"me"
        assert [server.is_running for server in cluster.servers] == [False, True]
        await moving.close()
        await staying.close()


def test_a_thousand_clients():
    """Each is told, and all are gone when the duration is over."""
    clients = 1_000
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        enough = 3 * clients if hard == resource.RLIM_INFINITY else min(3 * clients, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    with ExitStack() as stack:
        controller = stack.enter_context(NatsController(BrokerConfiguration(port=-1)))
        address = "127.0.0.1", controller.ports()["client"]
        streams = []
        for _ in range(clients):
            client = stack.enter_context(socket.create_connection(address))
            client.settimeout(20)
            client.sendall(b'CONNECT {"protocol": 1, "verbose": false}\r\nPING\r\n')
            streams.append(stack.enter_context(client.makefile("rb")))
        for stream in streams:
            while stream.readline() != b"PONG\r\n":
                pass
        begun = time.monotonic()
        leaving = controller.lame_duck(duration=1, grace=0.2)
        assert leaving.clients_left == clients
        assert all(b'"ldm":true' in stream.read() for stream in streams)
        leaving.wait(20)
        assert time.monotonic() - begun < 10


# -- what ends it ----------------------------------------------------------------------------------


async def test_shutdown_ends_it_at_once(broker):
    """Whoever cannot wait."""
    async with connected(broker):
        leaving = await leave(broker, **LONG)
        await broker.shutdown(timeout=10)
        await leaving.wait(0)
    assert not broker.is_running


async def test_a_second_one_ends_it_at_once(broker):
    """As a second signal does in many programs."""
    async with connected(broker):
        first = await leave(broker, **LONG)
        second = await leave(broker, **LONG)
        await second.wait(10)
        await first.wait(0)
    assert not broker.is_running


async def test_waiting_can_be_given_up(broker):
    """It goes on all the same."""
    async with connected(broker):
        leaving = await leave(broker, **LONG)
        with pytest.raises(ShutdownTimeoutError, match=r"0\.01 s"):
            await leaving.wait(0.01)
        assert broker.is_running


async def test_several_may_wait(broker):
    """Each hears of the end."""
    async with connected(broker):
        leaving = await leave(broker, **LONG)
        waiting = [asyncio.create_task(leaving.wait(20)) for _ in range(3)]
        await broker.shutdown()
        await asyncio.gather(*waiting)


async def test_it_goes_on_when_nobody_holds_it(broker):
    """Neither the object nor a wait keeps it going."""
    async with connected(broker):
        await broker.lame_duck(duration=0.1)
        async with asyncio.timeout(10):
            while broker.is_running:
                await asyncio.sleep(0.005)


def test_a_program_that_ends_ends_it_too(run_python):
    """Nobody waits for an hour at exit."""
    done = run_python(
        """
        import socket
        from dotgnatly import BrokerConfiguration, NatsController
        controller = NatsController(BrokerConfiguration(port=-1))
        controller.start()
        client = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
        client.recv(1)
        controller.lame_duck(3600, 1800)
        """
    )
    assert (done.code, done.out) == (0, "")


# -- what is left ----------------------------------------------------------------------------------


async def test_it_can_be_started_again_at_once(make, tmp_path, free_port):
    """On the same port, with the same store."""
    config = {"port": free_port, "jetstream": {"store_dir": tmp_path / "store"}}
    broker = make(config)
    await broker.start()
    async with connected(broker) as client:
        await client.jetstream().add_stream(name="S", subjects=["s"])
        await client.jetstream().publish("s", b"kept")
        await broker.lame_duck(duration=0.1)
        async with asyncio.timeout(10):
            while broker.is_running:
                await asyncio.sleep(0)
    await broker.start()
    async with connected(broker) as client:
        assert (await client.jetstream().get_msg("S", 1)).data == b"kept"


async def test_a_private_store_is_removed(start):
    """As after a shutdown."""
    broker = await start(jetstream={})
    store = (await broker.effective_config()).config.jetstream.store_dir
    assert is_there(store)
    await (await leave(broker, **LONG)).wait(10)
    assert not is_there(store)


async def test_monitoring_answers_meanwhile(start):
    """Who watches it sees how far it is."""
    broker = await start(http_port=-1)
    async with connected(broker):
        await leave(broker, **LONG)
        assert (await broker.varz()).connections == 1
        assert len(await broker.clients()) == 1


async def test_nothing_is_changed_meanwhile(broker):
    """There would be nothing to change it for."""
    await broker.update_config(max_payload=2048)
    async with connected(broker):
        await leave(broker, **LONG)
        for change in (
            lambda: broker.update_config(max_payload=4096),
            lambda: broker.update_config(server_name="x", allow_restart=True),
            broker.rollback,
            lambda: broker.plan(debug=True),
        ):
            with pytest.raises(StateError, match="lame duck"):
                await change()
        with pytest.raises(AlreadyRunningError):
            await broker.start()
        assert (await broker.varz()).max_payload == 2048
        assert len(await broker.history()) == 2


async def test_nobody_is_let_in_meanwhile(broker):
    """Neither over the network nor inside the process."""
    async with connected(broker):
        await leave(broker, **LONG)
        for connect in (nats.connect, broker.connect_nats_py):
            url = [broker.client_url] if connect is nats.connect else []
            with pytest.raises(nats.errors.NoServersError):
                await connect(*url, max_reconnect_attempts=1, reconnect_time_wait=0)


# -- without a client port -------------------------------------------------------------------------


async def test_clients_inside_are_told_and_closed(make):
    """nats-server does nothing where it does not listen."""
    broker = make(dont_listen=True)
    await broker.start()
    told, gone = asyncio.Event(), asyncio.Event()

    async def on_lame_duck():
        told.set()

    async def on_closed():
        gone.set()

    client = await broker.connect_nats_py(
        lame_duck_mode_cb=on_lame_duck, closed_cb=on_closed, allow_reconnect=False
    )
    leaving = await leave(broker, duration=0.5, grace=0.2)
    await asyncio.wait_for(told.wait(), 5)
    await arrived(client)
    assert not gone.is_set()
    assert leaving.clients_left == 1
    await leaving.wait(10)
    await asyncio.wait_for(gone.wait(), 5)


async def test_without_a_port_it_is_over_when_the_last_client_is_gone(make):
    """Programs that close their clients when they are told need not wait for the rest."""
    broker = make(dont_listen=True)
    await broker.start()
    client = await broker.connect_nats_py()
    leaving = await leave(broker, **LONG)
    await client.close()
    await leaving.wait(10)


async def test_the_client_that_answers_for_on_authenticate_is_not_counted(make):
    """It is the library's own."""
    broker = make({"port": -1}, dont_listen=True)
    broker.controller.on_authenticate(lambda _: None)
    await broker.start()
    leaving = await leave(broker, **LONG)
    assert leaving.clients_left == 0
    await leaving.wait(10)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "times", [{"duration": -1}, {"grace": -0.1}, {"duration": float("nan")}, {"duration": 1e300}]
)
async def test_impossible_times_are_refused(broker, times):
    """Before anybody is told."""
    with pytest.raises(ValueError, match=r"is .* s"):
        await broker.lame_duck(**times)
    assert broker.is_running


@pytest.mark.parametrize("times", [{"duration": 1, "grace": 1}, {"grace": 120}, {"duration": 0}])
async def test_the_grace_period_is_part_of_the_duration(broker, times):
    """As the server wants it."""
    with pytest.raises(ConfigError, match="not shorter"):
        await broker.lame_duck(**times)
    assert broker.is_running


async def test_a_server_that_is_stopped_is_none(make):
    """There is nothing to stop."""
    with pytest.raises(ServerStoppedError):
        await make().lame_duck()


@pytest.mark.skipif(sys.platform == "win32", reason="there, no signal interrupts")
def test_it_can_be_interrupted_while_it_is_waited_for(interpreter):
    """Ctrl-C ends the wait, and leaving the block the server."""
    script = interpreter(
        """
        import socket
        from dotgnatly import BrokerConfiguration, NatsController
        with NatsController(BrokerConfiguration(port=-1)) as controller:
            client = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
            client.recv(1)
            leaving = controller.lame_duck(3600, 1800)
            try:
                print("waiting", flush=True)
                leaving.wait()
            except KeyboardInterrupt:
                print("interrupted")
        """
    )
    assert script.read_line() == "waiting"
    script.send(signal.SIGINT)
    done = script.finish()
    assert (done.code, done.out) == (0, "interrupted\n")
