"""The recipes of docs/howto/web-frameworks.md, run as their readers run them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
import pytest

from tests.conftest import arrived

pytestmark = pytest.mark.skipif(os.name != "posix", reason="gunicorn and Celery fork")
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "web-frameworks.md"


@pytest.fixture
def files(tmp_path, free_port):
    """The files of the page, on a free port."""
    for text in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        if name := re.match(r"# ([\w.]+\.py)\n", text):
            (tmp_path / name[1]).write_text(text.replace("4222", str(free_port)))
    return tmp_path


@pytest.fixture
def run(files):
    """Runs a command among the files, as a context; it must end well when it is told to."""

    def start(command):
        with (files / "out").open("w") as out:
            return subprocess.Popen(
                [sys.executable, *command], cwd=files, stdout=out, stderr=out,
                env=os.environ | {"HOME": str(files)},
            )  # fmt: skip

    @asynccontextmanager
    async def run(*command, code=0):
        process = start(command)
        try:
            yield
            process.terminate()
            ended = await asyncio.to_thread(process.wait, 30)
            assert ended == code, (files / "out").read_text()
        finally:
            process.kill()
            process.wait()

    return run


@pytest.fixture
async def heard(free_port):
    """Waits until the server is up, does something, and gives the message that comes of it."""

    async def heard(subject, do):
        async with asyncio.timeout(40):
            client = nats.aio.client.Client()
            while not client.is_connected:
                with suppress(OSError, nats.errors.Error):
                    await client.connect(
                        f"nats://127.0.0.1:{free_port}", allow_reconnect=False, error_cb=ignore
                    )
            subscription = await client.subscribe(subject)
            await arrived(client)
            await do(client)
            message = await subscription.next_msg(timeout=30)
            await client.close()
            return message.data

    async def ignore(_):
        await asyncio.sleep(0.02)

    return heard


def get(files, path):
    """Ask what serves HTTP, when its log says where that is."""

    async def ask(_):
        while not (found := re.search(r"http://127.0.0.1:\d+", (files / "out").read_text())):
            await asyncio.sleep(0.02)
        answer = await asyncio.to_thread(urllib.request.urlopen, found[0] + path, timeout=20)
        with answer:
            assert answer.status == 200

    return ask


@pytest.mark.parametrize("preload", [(), ("--preload",)], ids=["as-it-stands", "preload"])
async def test_gunicorns_arbiter_serves(run, files, heard, preload):
    """Its workers are forked from a process with Go in it, which they never call."""
    options = ("--bind", "127.0.0.1:0", "--workers", "2", *preload, "shop:app")
    async with run("-m", "gunicorn", *options):
        assert await heard("orders.new", get(files, "/")) == b"1"


async def test_gunicorns_asgi_workers_share_a_broker(run, files, heard):
    """The application is loaded before they are forked, and Go in each of them."""
    (files / "gunicorn.conf.py").unlink()
    options = ("--bind", "127.0.0.1:0", "--workers", "2", "--worker-class", "asgi", "--preload")
    async with run("-m", "gunicorn", *options, "site_asgi:app"):
        assert await heard("orders.new", get(files, "/order")) == b"1"


async def test_django_has_a_lifespan_around_it(run, files, heard):
    """Its views find the client in the request."""
    # uvicorn sends itself the signal again when it has stopped
    async with run("-m", "uvicorn", "--port", "0", "site_asgi:app", code=-signal.SIGTERM):
        assert await heard("orders.new", get(files, "/order")) == b"1"


async def test_celerys_main_process_serves(run, files, heard):
    """Its tasks run in forked processes."""
    for folder in ("queue", "control"):
        (files / folder).mkdir()
    tasks = (files / "tasks.py").read_text().replace("redis://127.0.0.1", "filesystem://")
    tasks += (
        "\napp.conf.broker_transport_options = {'data_folder_in': 'queue', "
        "'data_folder_out': 'queue', 'control_folder': 'control'}\n"
    )
    (files / "tasks.py").write_text(tasks)

    async def order(_):
        code = "import tasks; tasks.order.delay(7)"
        command = [sys.executable, "-c", code]
        await asyncio.to_thread(subprocess.run, command, cwd=files, check=True)

    async with run("-m", "celery", "-A", "tasks", "worker", "--concurrency", "2"):
        assert await heard("orders.new", order) == b"7"


async def test_faststream_finds_its_broker(run, heard):
    """Which is up before it connects."""
    pytest.importorskip("faststream", reason="not for this Python yet")

    async def order(client):
        answered = False
        while not answered:  # until it has subscribed
            with suppress(nats.errors.NoRespondersError, nats.errors.TimeoutError):
                await client.request("orders.new", b"book", timeout=5)
                answered = True

    code = "import asyncio, stream; asyncio.run(stream.app.run())"
    async with run("-c", code):
        assert await heard("orders.taken", order) == b"took book"
