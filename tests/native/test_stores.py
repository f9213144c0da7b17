"""A JetStream store belongs to one server: two would destroy each other's messages."""

import signal
import sys

import pytest

HOLDER = """
import sys
from dotgnatly import NatsController

controller = NatsController(
    {"port": -1, "server_name": "holder", "jetstream": {"store_dir": "store"}}
)
controller.start()
print(controller.client_url, flush=True)
sys.stdin.readline()
controller.shutdown()
"""

NEXT = """
from dotgnatly import NatsController, StoreInUseError
from inside import *

def refused(path="store"):
    try:
        with NatsController({"port": -1, "jetstream": {"store_dir": path}}):
            return None
    except StoreInUseError as exc:
        assert exc.key == "jetstream.store_dir" and exc.store_dir == path
        return exc
"""


@pytest.fixture
def holder(interpreter):
    """Another process whose server has a store."""
    process = interpreter(HOLDER)
    assert process.read_line().startswith("nats://")
    return process


def test_a_store_of_another_process_is_refused(passes, holder):
    """The error says whose it is."""
    (said,) = passes(NEXT + "print(refused().holder)")
    assert said == f"process {holder.process.pid}, server holder"


def test_a_store_of_a_stopped_process_is_free(passes, holder):
    """As soon as its server has stopped."""
    holder.write_line("")
    assert holder.finish().code == 0
    passes(NEXT + "assert refused() is None")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_store_of_a_killed_process_is_free(passes, holder):
    """The lock dies with its process: nobody has to remove a file."""
    holder.send(signal.SIGKILL)
    holder.finish()
    passes(NEXT + "assert refused() is None")


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
@pytest.mark.parametrize(
    "path", ["store", "./store", "link", "../store-parent/store"], ids=["same", "dot", "link", "up"]
)
def test_a_store_of_this_process_is_refused_under_any_name(passes, tmp_path, path):
    """It is the directory that matters, not how it is spelt."""
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "store")
    passes(
        NEXT
        + """
path = sys.argv[1].replace("../store-parent", "../" + Path.cwd().name)
config = {"port": -1, "server_name": "here", "jetstream": {"store_dir": "store"}}
with NatsController(config) as controller:
    assert refused(path).holder == f"process {os.getpid()}, server here"
    assert controller.healthz().status == "ok"
assert refused(path) is None
""",
        path,
    )


def test_one_of_many_gets_the_store(passes):
    """However close together they start."""
    passes(
        NEXT
        + """
def start(n):
    barrier.wait()
    controller = NatsController({"port": -1, "jetstream": {"store_dir": "store"}})
    try:
        controller.start()
        won.append(controller)
    except StoreInUseError:
        lost.append(controller)

barrier, won, lost = threading.Barrier(8), [], []
threads = [threading.Thread(target=start, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert (len(won), len(lost)) == (1, 7)
won[0].shutdown()
"""
    )


def test_messages_survive_a_killed_process(passes, interpreter):
    """What was acknowledged is stored, whatever happens to the process."""
    process = interpreter("""
        import asyncio, os, signal
        from dotgnatly import NatsController
        from inside import *

        controller = NatsController({"port": -1, "jetstream": {"store_dir": "store"}})
        asyncio.run(add_stream(controller.start(), messages=100))
        os.kill(os.getpid(), signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    """)
    assert process.finish().code != 0
    passes(
        NEXT
        + """
import asyncio

async def kept():
    client = await controller.connect_nats_py()
    state = (await client.jetstream().stream_info("S")).state
    await client.close()
    return state.messages

with NatsController({"port": -1, "jetstream": {"store_dir": "store"}}) as controller:
    assert asyncio.run(kept()) == 100
"""
    )
