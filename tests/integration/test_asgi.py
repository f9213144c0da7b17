"""Brokers whose life is that of a web application, under uvicorn."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import nats
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dotgnatly import PortInUseError, StartError
from dotgnatly.asgi import lifespan
from tests.conftest import answer, arrived


@asynccontextmanager
async def served(app):
    """The application under uvicorn, on a free port, which is what is given."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0.005)
    server.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.should_exit = True
        await serving


async def get(port, path="/"):
    """The status and the body of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


async def ask(request):
    """A handler that asks somebody and passes on the answer."""
    reply = await request.state.nats.request("question", timeout=20)
    await request.state.nats.publish("told", reply.data)
    return PlainTextResponse(reply.data)


def starlette(broker):
    """The application, as its framework has it."""
    return Starlette(lifespan=broker, routes=[Route("/", ask), Route("/healthz", broker.health)])


def fastapi(broker):
    """Likewise."""
    fastapi = pytest.importorskip("fastapi", reason="not for this Python yet")
    app = fastapi.FastAPI(lifespan=broker)
    app.add_route("/healthz", broker.health)
    app.add_route("/", ask)
    return app


def litestar(broker):
    """Likewise."""
    litestar = pytest.importorskip("litestar", reason="not for this Python yet")

    @litestar.get("/", media_type="text/plain")
    async def ask(state: litestar.datastructures.State) -> bytes:
        return (await state.nats.request("question", timeout=20)).data

    health = litestar.asgi("/healthz", copy_scope=True)(broker.health)
    return litestar.Litestar([ask, health], lifespan=[broker], logging_config=None)


@pytest.mark.parametrize("make", [starlette, fastapi, litestar])
async def test_an_application_has_a_broker_a_client_and_a_health_route(make):
    """One line, whatever the framework; the broker ends with it."""
    app = make(lifespan({"port": -1}))
    async with served(app) as server:
        await answer(app.state.nats, "question", b"yes")
        assert await get(server.port) == (200, "yes")
        assert await get(server.port, "/healthz") == (200, '{"status":"ok"}')
        assert app.state.nats_server.is_running
    assert app.state.nats.is_closed
    assert not app.state.nats_server.is_running


async def test_requests_in_flight_are_answered_at_shutdown(free_port):
    """They need the broker until they are done, and what they sent arrives."""
    app = starlette(lifespan({"port": free_port}))
    asked, told = [], []

    async def respond(message):
        asked.append(message)

    async def hear(message):
        told.append(message.data)

    async with served(app) as server:
        other = await nats.connect(app.state.nats_server.client_url, allow_reconnect=False)
        await other.subscribe("question", cb=respond)
        await other.subscribe("told", cb=hear)
        await arrived(other)
        requests = [asyncio.create_task(get(server.port)) for _ in range(8)]
        async with asyncio.timeout(20):
            while len(asked) < 8:
                await asyncio.sleep(0.005)
            server.should_exit = True
            while not refused(server.port):
                await asyncio.sleep(0.005)
        assert not any(request.done() for request in requests)
        for number, message in enumerate(asked):
            await message.respond(b"%d" % number)
        answers = await asyncio.gather(*requests)
    assert sorted(answers) == [(200, str(number)) for number in range(8)]
    async with asyncio.timeout(20):
        while not other.is_closed:
            await asyncio.sleep(0.005)
    assert sorted(told) == [b"%d" % number for number in range(8)]
    assert refused(free_port)


def refused(port):
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def test_the_health_route_says_why_it_is_not_well():
    """A probe acts on the status, an operator on the reason."""
    app = starlette(broker := lifespan({"port": -1}))
    async with served(app) as server:
        await app.state.nats_server.shutdown()
        status, body = await get(server.port, "/healthz")
        assert (status, json.loads(body)["status"]) == (503, "unavailable")
        await app.state.nats_server.start()
    async with served(Starlette(routes=[Route("/healthz", broker.health)])) as server:
        body = '{"status":"unavailable","error":"not connected"}'
        assert await get(server.port, "/healthz") == (503, body)


async def test_the_client_logs_in_with_its_options():
    """A broker that asks for a password asks the application too."""
    config = {"port": -1, "authorization": {"token": "secret"}}
    app = SimpleNamespace(state=SimpleNamespace())
    async with lifespan(config, token="secret")(app):
        assert app.state.nats.is_connected
    with pytest.raises(nats.errors.Error, match="Authorization"):
        async with lifespan(config, allow_reconnect=False)(app):
            pass


async def test_a_port_that_is_taken_is_an_error(nats_server):
    """Whose broker that is nobody knows."""
    port = nats_server.ports()["client"]
    with pytest.raises(PortInUseError):
        async with lifespan({"port": port})(SimpleNamespace(state=SimpleNamespace())):
            pass


# -- workers ---------------------------------------------------------------------------------------


@pytest.fixture
def work(free_port, tmp_path):
    """Starts workers, as contexts, that share one broker; each gives its client and its server."""

    @asynccontextmanager
    async def work():
        config = {"port": free_port, "jetstream": {"store_dir": tmp_path / "store"}}
        app = SimpleNamespace(state=SimpleNamespace())
        async with lifespan(config, shared=True)(app) as state:
            yield SimpleNamespace(**state)

    return work


async def test_the_first_worker_serves_and_the_others_connect(work):
    """What one publishes, another one hears, also if all start at once."""
    async with work() as one, work() as two, work() as three:
        workers = [one, two, three]
        assert [worker.nats_server.is_running for worker in workers] == [True, False, False]
        await answer(two.nats, "question", b"yes")
        for worker in workers:
            assert (await worker.nats.request("question", timeout=5)).data == b"yes"


async def test_workers_that_start_at_once_agree_who_serves(work):
    """The store is taken before the port is open; in between there is nobody to connect to."""
    ready, stop = asyncio.Queue(), asyncio.Event()

    async def run():
        async with work() as worker:
            await ready.put(worker)
            await stop.wait()

    runs = [asyncio.create_task(run()) for _ in range(4)]
    workers = [await asyncio.wait_for(ready.get(), 30) for _ in runs]
    assert sum(worker.nats_server.is_running for worker in workers) == 1
    assert all(worker.nats.is_connected for worker in workers)
    stop.set()
    await asyncio.gather(*runs)


async def test_the_worker_that_serves_stops_last(work):
    """Requests of the others need its broker until they are answered."""
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        one = await first.enter_async_context(work())
        two = await second.enter_async_context(work())
        ending = asyncio.create_task(first.aclose())
        async with asyncio.timeout(10):
            while not one.nats.is_closed:
                await asyncio.sleep(0.005)
        await answer(two.nats, "question", b"still here")
        assert (await two.nats.request("question", timeout=5)).data == b"still here"
        assert not ending.done()
        await second.aclose()
        await asyncio.wait_for(ending, 10)


async def test_another_worker_serves_when_the_first_is_gone(work, monkeypatch):
    """Workers are replaced one after the other; the streams are there again."""
    monkeypatch.setattr("dotgnatly.asgi._LEAVE_S", 0)
    async with AsyncExitStack() as first:
        await first.enter_async_context(work())
        async with work() as two, work() as three:
            await two.nats.jetstream().add_stream(name="A", subjects=["a"])
            await first.aclose()
            async with asyncio.timeout(20):
                while not (two.nats_server.is_running or three.nats_server.is_running):
                    await asyncio.sleep(0.005)
                for worker in (two, three):
                    while not worker.nats.is_connected:
                        await asyncio.sleep(0.005)
                    assert (await worker.nats.jetstream().publish("a", b"1")).stream == "A"
            assert two.nats_server.is_running != three.nats_server.is_running


async def test_a_worker_says_that_it_cannot_join(work, free_port, monkeypatch):
    """Somebody else's listener, or a server with another password, is not waited for for ever."""
    monkeypatch.setattr("dotgnatly.asgi._JOIN_S", 0.3)
    with (
        socket.create_server(("127.0.0.1", free_port)),
        pytest.raises(StartError, match="lets the client in"),
    ):
        async with work():
            pass


def test_what_is_shared_has_a_port_that_all_know():
    """Else each worker would have a broker of its own, and nobody would notice."""
    with pytest.raises(ValueError, match="port"):
        lifespan({"port": -1}, shared=True)
    with pytest.raises(ValueError, match="port"):
        lifespan({}, shared=True, dont_listen=True)


WORKERS = """
import asyncio, os
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from dotgnatly.asgi import lifespan

broker = lifespan({{"port": {port}, "jetstream": {{"store_dir": "store"}}}}, shared=True)

async def who(request):
    return JSONResponse([os.getpid(), request.state.nats_server.is_running])

async def ask(request):
    reply = await request.state.nats.request("question", b"%d" % os.getpid(), timeout=20)
    return JSONResponse(reply.data.decode())

app = Starlette(lifespan=broker, routes=[Route("/", ask), Route("/who", who),
                                         Route("/healthz", broker.health)])
"""


@pytest.fixture
def uvicorn_workers(free_port, tmp_path):
    """The command, with two workers that share a broker, and where its output is."""
    (tmp_path / "workers.py").write_text(WORKERS.format(port=free_port))
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "workers:app", "--port", "0", "--workers", "2"],
            cwd=tmp_path, stdout=out, stderr=out,
        )  # fmt: skip
    yield process, tmp_path / "out"
    process.kill()
    process.wait()


@pytest.mark.skipif(os.name != "posix", reason="Windows ends processes without a word to them")
async def test_two_workers_of_uvicorn(uvicorn_workers, free_port):
    """One is killed and replaced; at the end all requests in flight are answered by both."""
    process, out = uvicorn_workers
    async with asyncio.timeout(50):
        while not (found := re.search(r"running on http://127.0.0.1:(\d+)", out.read_text())):
            await asyncio.sleep(0.01)
        port = int(found[1])
        workers = await both(port)
        assert sorted(workers.values()) == [False, True]

        serving = next(pid for pid, serves in workers.items() if serves)
        os.kill(serving, signal.SIGKILL)
        while serving in (now := await both(port)) or sorted(now.values()) != [False, True]:
            pass
        while [await get(port, "/healthz") for _ in range(8)] != [(200, '{"status":"ok"}')] * 8:
            pass

        asked = []

        async def respond(message):
            asked.append(message)

        client = await nats.connect(f"nats://127.0.0.1:{free_port}", allow_reconnect=False)
        await client.subscribe("question", cb=respond)
        await arrived(client)
        requests = []
        while {int(message.data) for message in asked} != set(now):
            requests.append(asyncio.create_task(get(port)))
            while len(asked) < len(requests):
                await asyncio.sleep(0.01)
        process.terminate()
        while out.read_text().count("Shutting down") < 2:
            await asyncio.sleep(0.01)
        for message in asked:
            await message.respond(b"yes")
        assert set(await asyncio.gather(*requests)) == {(200, '"yes"')}
        while process.poll() is None or not client.is_closed:
            await asyncio.sleep(0.01)
    assert process.returncode == 0, out.read_text()


async def both(port):
    """Which worker serves the broker, by their process ids; waits until two have answered."""
    told = {}
    while len(told) < 2:
        try:
            _, body = await get(port, "/who")
        except (OSError, IndexError):  # of one that has just been killed
            continue
        pid, serves = json.loads(body)
        told[pid] = serves
    return told
