"""Events of what happens on a server: who is told what, and when."""

import asyncio
import gc
import logging
import socket
import threading
import weakref
from contextlib import ExitStack

import nats
import pytest

from dotgnatly import AsyncNatsController, ConfigError, NatsController
from dotgnatly.events import (
    AccountConnections,
    ClientConnected,
    ClientDisconnected,
    EventsDropped,
    ServerShutdown,
)
from dotgnatly.watching import Watching
from tests.conftest import wait_until


async def following(stream):
    """The next event of either kind of stream."""
    if hasattr(stream, "__anext__"):
        async with asyncio.timeout(10):
            return await stream.get()
    return await asyncio.to_thread(stream.get, 10)


async def rest(stream):
    """What a stream has until its end."""
    if hasattr(stream, "__anext__"):
        async with asyncio.timeout(10):
            return [event async for event in stream]
    return await asyncio.to_thread(list, stream)


async def visit(broker, **options):
    """A client comes and goes."""
    client = await nats.connect(broker.client_url, **options)
    await client.close()


async def test_a_client_comes_and_goes(broker):
    """Both is told, with who it was."""
    stream = broker.controller.events("client_connected", "client_disconnected")
    await visit(broker, name="till")
    came, went = await following(stream), await following(stream)
    assert (type(came), type(went)) == (ClientConnected, ClientDisconnected)
    assert came.client.name == went.client.name == "till"
    assert came.client.cid == went.client.cid
    assert (came.client.account, came.client.lang, came.client.host) == (
        "$G", "python3", "127.0.0.1",
    )  # fmt: skip
    assert went.reason == "Client Closed"
    assert came.server.name == broker.server_name
    assert came.time <= went.time


async def test_a_client_inside_is_told_as_well(broker):
    """It is a client as any other, from nowhere."""
    stream = broker.controller.events("client_connected")
    client = await broker.controller.connect_nats_py(name="inside")
    event = await following(stream)
    assert (event.client.name, event.client.host) == ("inside", "")
    await client.close()


async def test_what_happens_before_the_stream_is_not_told(broker):
    """It begins when it is asked for."""
    client = await nats.connect(broker.client_url, name="early")
    stream = broker.controller.events("client_connected")
    await broker.update_config(accounts={"A": {}})  # which has the server ask who everybody is
    await visit(broker, name="late")
    assert (await following(stream)).client.name == "late"
    await client.close()


def test_streams_of_several_threads_hear_the_same(monkeypatch):
    """Also where they are the first that anybody asks for."""
    together, streams = threading.Barrier(4), []

    class Slow(Watching):
        def __init__(self, server):
            together.wait(10)
            super().__init__(server)

    monkeypatch.setattr("dotgnatly.watching.Watching", Slow)
    with NatsController({"port": -1}) as controller:
        threads = [
            threading.Thread(target=lambda: streams.append(controller.events("shutdown")))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [type(stream.get(10)) for stream in streams] == [ServerShutdown] * 4


async def test_a_stream_may_be_there_before_the_server(make):
    """So nothing of its life is missed."""
    broker = make()
    stream = broker.controller.events()
    await broker.start()
    await visit(broker)
    await broker.shutdown()
    told = [type(event) for event in await rest(stream)]
    assert told[0] is ClientConnected
    assert told[-1] is ServerShutdown


async def test_the_global_account_is_counted(broker):
    """nats-server itself tells of all others only."""
    stream = broker.controller.events("account_connections")
    await visit(broker)
    counts = [await following(stream), await following(stream)]
    assert [(type(event), event.account, event.conns) for event in counts] == [
        (AccountConnections, "$G", 1),
        (AccountConnections, "$G", 0),
    ]


async def test_a_stream_ends_with_the_server(broker):
    """Its last event is shutdown, and after it comes none."""
    stream = broker.controller.events("client_connected")
    await broker.shutdown()
    assert [type(event) for event in await rest(stream)] == [ServerShutdown]
    assert await rest(stream) == []


async def test_a_closed_stream_ends(broker):
    """Also for whoever waits for it just then."""
    stream = broker.controller.events()
    waiting = asyncio.create_task(rest(stream))
    await asyncio.to_thread(wait_until, lambda: broker.is_running)
    stream.close()
    assert await waiting == []


async def test_a_stream_is_bounded_and_says_what_it_dropped(broker):
    """The oldest are, and the gap is where they were."""
    stream = broker.controller.events("client_connected", size=2)
    witness = broker.controller.events("client_connected")
    for number in range(5):
        await visit(broker, name=str(number))
    for _ in range(5):
        await following(witness)
    await asyncio.to_thread(wait_until, lambda: stream.dropped == 3)
    gap, *kept = [await following(stream) for _ in range(3)]
    assert type(gap) is EventsDropped
    assert gap.count == stream.dropped == 3
    assert [event.client.name for event in kept] == ["3", "4"]


async def test_a_stream_that_is_forgotten_is_gone(broker):
    """Nobody will read what is kept for it."""
    stream = broker.controller.events()
    forgotten = weakref.ref(stream)
    del stream
    await asyncio.to_thread(wait_until, lambda: gc.collect() >= 0 and forgotten() is None)


async def test_get_gives_up_in_time():
    """A stream that waits for ever is of no use to a test."""
    with (
        NatsController({"port": -1}) as controller,
        controller.events() as stream,
        pytest.raises(TimeoutError, match=r"no event within 0\.01 s"),
    ):
        stream.get(0.01)


async def test_a_handler_is_called(broker):
    """With the event, soon after."""
    seen = asyncio.Queue()
    loop = asyncio.get_running_loop()

    @broker.controller.on("client_connected")
    def handle(event):
        loop.call_soon_threadsafe(seen.put_nowait, event)

    await visit(broker, name="till")
    assert (await asyncio.wait_for(seen.get(), 10)).client.name == "till"


async def test_a_coroutine_function_handles_events_in_their_order(broker):
    """One after the other, though they come faster than it is done."""
    seen, busy = [], 0
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    async def handle(event):
        nonlocal busy
        busy += 1
        assert busy == 1
        await asyncio.sleep(0)
        seen.append(event.client.name)
        busy -= 1
        if len(seen) == 5:
            loop.call_soon_threadsafe(done.set)

    broker.controller.on("client_connected", handle)
    for number in range(5):
        await visit(broker, name=str(number))
    await asyncio.wait_for(done.wait(), 10)
    assert seen == ["0", "1", "2", "3", "4"]


async def test_a_handler_runs_in_the_loop_of_an_async_controller(make):
    """A blocking one calls it on a thread, as it has no loop."""
    broker = make()
    where = asyncio.Queue()
    loop = asyncio.get_running_loop()
    broker.controller.on(
        "client_connected",
        lambda _: loop.call_soon_threadsafe(where.put_nowait, threading.current_thread()),
    )
    await broker.start()
    await visit(broker)
    thread = await asyncio.wait_for(where.get(), 10)
    in_loop = thread is threading.main_thread()
    assert in_loop == asyncio.iscoroutinefunction(broker.controller.start)


async def test_a_handler_that_raises_hurts_nobody(broker, caplog):
    """It is logged, and the next one is called."""
    seen = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def fail(_):
        raise ArithmeticError

    broker.controller.on("client_connected", fail)
    broker.controller.on(
        "client_connected", lambda event: loop.call_soon_threadsafe(seen.put_nowait, event)
    )
    with caplog.at_level(logging.ERROR, "dotgnatly"):
        await visit(broker)
        await asyncio.wait_for(seen.get(), 10)
    assert (
        "test_a_handler_that_raises_hurts_nobody.<locals>.fail of client_connected" in caplog.text
    )


async def test_a_handler_that_exits_hurts_nobody(broker):
    """Where it ends the thread or the task that it is called in, the next event has another."""
    seen = asyncio.Queue()
    loop = asyncio.get_running_loop()
    in_loop = asyncio.iscoroutinefunction(broker.controller.start)

    def handle(event):
        loop.call_soon_threadsafe(seen.put_nowait, event.client.name)
        raise asyncio.CancelledError if in_loop else SystemExit

    broker.controller.on("client_connected", handle)
    for name in ("one", "two", "three"):
        await visit(broker, name=name)
        assert await asyncio.wait_for(seen.get(), 10) == name


def test_handlers_of_a_loop_that_was_closed_are_called_in_the_next_one():
    """A controller may live through several of them; the first took a handler with it."""
    controller, seen = AsyncNatsController({"port": -1}), []

    async def run():
        async def handle(event):
            seen.append(event.client.name)
            came.set()
            await asyncio.Event().wait()

        came = asyncio.Event()
        async with controller:
            controller.on("client_connected", handle)
            client = await nats.connect(controller.client_url, name=str(len(seen)))
            await asyncio.wait_for(came.wait(), 10)
            await client.close()
        controller.off("client_connected", handle)

    asyncio.run(run())
    asyncio.run(run())
    assert seen == ["0", "1"]


async def test_handlers_that_never_wait_leave_the_loop_to_others():
    """However many events wait for them."""
    seen, done = [], asyncio.Event()
    async with AsyncNatsController({"port": -1}) as controller:
        port = (await controller.ports())["client"]
        stream = controller.events("client_connected", size=1)

        @controller.on("client_connected")
        def handle(_):
            if not seen:
                with ExitStack() as clients:
                    for _ in range(5):
                        client = socket.create_connection(("127.0.0.1", port))
                        clients.enter_context(client).sendall(b"CONNECT {}\r\n")
                    wait_until(lambda: stream.dropped == 5)
            seen.append("handler")
            asyncio.get_running_loop().call_soon(seen.append, "other")
            if seen.count("handler") == 6:
                done.set()

        client = await nats.connect(controller.client_url)
        await asyncio.wait_for(done.wait(), 10)
        await client.close()
        stream.close()
    assert seen[:10] == ["handler", "other"] * 5


async def test_a_handler_may_call_the_controller(broker):
    """Also what waits, as nothing waits for the handler."""
    found = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def handle(_):
        answer = broker.controller.varz()
        answer = await answer if asyncio.iscoroutine(answer) else answer
        loop.call_soon_threadsafe(found.put_nowait, answer)

    broker.controller.on("client_connected", handle)
    await visit(broker)
    assert (await asyncio.wait_for(found.get(), 10)).server_name == broker.server_name


async def test_a_handler_is_taken_away(broker):
    """And called no more."""
    seen = []
    broker.controller.on("client_connected", seen.append)
    broker.controller.off("client_connected", seen.append)
    witness = broker.controller.events("client_connected")
    await visit(broker)
    await following(witness)
    assert seen == []


async def test_events_go_on_after_a_restart(broker):
    """What is wanted is wanted of the next server, too."""
    stream = broker.controller.events("client_connected", "shutdown")
    await broker.update_config(server_name="other", allow_restart=True)
    await visit(broker)
    event = await following(stream)
    assert (type(event), event.server.name) == (ClientConnected, "other")


async def test_handlers_stay_for_the_next_start(broker):
    """They are the controller's."""
    seen = asyncio.Queue()
    loop = asyncio.get_running_loop()
    broker.controller.on(
        "shutdown", lambda event: loop.call_soon_threadsafe(seen.put_nowait, event)
    )
    for _ in range(2):
        await broker.shutdown()
        assert type(await asyncio.wait_for(seen.get(), 10)) is ServerShutdown
        await broker.start()


async def test_events_take_nobodys_place(start):
    """max_connections is the number of clients."""
    broker = await start(max_connections=1)
    stream = broker.controller.events("client_connected")
    client = await broker.controller.connect_nats_py(allow_reconnect=False)
    assert (await following(stream)).client.cid == client.client_id
    reader, writer = await asyncio.open_connection("127.0.0.1", (await broker.ports())["client"])
    assert b"maximum connections exceeded" in await reader.read()
    assert (await broker.varz()).max_connections == 1
    writer.close()
    await client.close()


async def test_who_listens_is_no_client(broker):
    """It is not in the list of clients, which a program may want to be rid of."""
    broker.controller.events()
    assert await broker.clients() == []


async def test_two_servers_tell_their_own(make):
    """Each controller hears of its server."""
    one, two = make(), make()
    await one.start()
    await two.start()
    streams = [each.controller.events("client_connected") for each in (one, two)]
    await visit(two, name="two")
    await visit(one, name="one")
    assert [(await following(stream)).client.name for stream in streams] == ["one", "two"]


@pytest.mark.parametrize("names", [["clients"], ["configuration_changed"]])
async def test_a_stream_of_what_it_cannot_have_is_refused(broker, names):
    """A change waits for its handlers, and an iterator would keep it waiting."""
    with pytest.raises(ValueError, match=r"there is no event|have handlers only"):
        broker.controller.events(*names)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"no_system_account": True}, "no_system_account"),
        (
            {
                "authorization": {"user": "a", "password": "b"},
                "websocket": {
                    "port": -1,
                    "no_tls": True,
                    "authorization": {"user": "c", "password": "d"},
                },
            },
            "websocket.authorization",
        ),
    ],
)
async def test_a_server_that_lets_nobody_listen_says_so(make, config, key):
    """At the start, or when it is asked later; it goes on then without."""
    early, late = make({"port": -1} | config), make({"port": -1} | config)
    early.controller.on("client_connected", print)
    with pytest.raises(ConfigError) as caught:
        await early.start()
    assert caught.value.errors[0].path == key
    await late.start()
    with pytest.raises(ConfigError) as caught:
        late.controller.on("client_connected", print)
    assert caught.value.errors[0].path == key
    late.controller.on("shutdown", print)
    await late.update_config(debug=True)
