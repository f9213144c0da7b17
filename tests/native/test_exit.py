"""Every way out of the program: silent, fast, with Python's exit code, and the store whole."""

import signal
import sys

import pytest

PRELUDE = """
import asyncio, gc
from contextlib import suppress
from dotgnatly import AsyncNatsController, DotgnatlyError, NatsController
from inside import *

config = {"port": -1, "jetstream": {"store_dir": "store"}}
controller = NatsController(config)
controller.start()
asyncio.run(add_stream(controller.client_url))
"""

INDEX = "store/jetstream/$G/streams/S/msgs/index.db"
"""Written by a clean stop; without it one bad bit can cost thousands of messages."""

FAST = 5.0
"""Seconds for a whole interpreter, of which the exit is some milliseconds; a hang is 30."""

WAYS = {
    "end": ("", 0, ""),
    "sys.exit": ("sys.exit(3)", 3, ""),
    "exception": ("1 / 0", 1, "ZeroDivisionError: division by zero"),
    "Ctrl-C": (
        "signal.raise_signal(signal.SIGINT)",
        -2 if sys.platform != "win32" else 0xC000013A,
        "KeyboardInterrupt",
    ),
    "SIGTERM with a handler": (
        """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.raise_signal(signal.SIGTERM)
""",
        0,
        "",
    ),
    "forgotten controller": ("del controller; gc.collect()", 0, ""),
    "two servers": ("NatsController({'port': -1, 'jetstream': {}}).start()", 0, ""),
    "daemon thread in calls": (
        """
def call():
    while True:
        with suppress(DotgnatlyError):
            controller.varz()
threading.Thread(target=call, daemon=True).start()
""",
        0,
        "",
    ),
    "daemon thread in changes": (
        """
def call():
    while True:
        with suppress(DotgnatlyError):
            controller.update_config(debug=True)
            controller.update_config(debug=False)
threading.Thread(target=call, daemon=True).start()
""",
        0,
        "",
    ),
    "daemon thread waiting for log lines": (
        """
import logging.handlers, queue
lines = queue.Queue()
logging.getLogger("dotgnatly").addHandler(logging.handlers.QueueHandler(lines))
def read():
    while True:
        lines.get()
threading.Thread(target=read, daemon=True).start()
""",
        0,
        "",
    ),
    "event loop": (
        """
async def main():
    controller.shutdown()
    await AsyncNatsController(config).start()
asyncio.run(main())
""",
        0,
        "",
    ),
}


@pytest.mark.parametrize(("leave", "code", "said"), WAYS.values(), ids=WAYS)
def test_servers_are_stopped_cleanly_on_the_way_out(run_python, tmp_path, leave, code, said):
    """Nobody has to remember shutdown for the data to be safe."""
    done = run_python(PRELUDE + leave)
    assert done.code == code, done.err
    assert (done.err.strip().splitlines() or [""])[-1] == said
    assert "dotgnatly/" not in done.err
    assert (tmp_path / INDEX).exists()
    assert done.seconds < FAST


@pytest.mark.parametrize(
    ("leave", "code"),
    [("os._exit(4)", 4), ("signal.raise_signal(signal.SIGTERM)", -signal.SIGTERM)],
    ids=["os._exit", "SIGTERM"],
)
def test_what_python_cannot_catch_ends_at_once(run_python, tmp_path, leave, code):
    """No atexit, no clean stop, as documented; but no noise and no delay either."""
    done = run_python(PRELUDE + leave)
    assert (done.code, done.err) == (code, "")
    assert not (tmp_path / INDEX).exists()
    assert done.seconds < FAST


def test_the_last_log_lines_arrive(run_python, tmp_path):
    """What a server says while it is stopped at exit is often what one needs."""
    done = run_python("""
        import logging
        from dotgnatly import NatsController

        logging.basicConfig(filename="app.log", level=logging.INFO, format="%(name)s %(message)s")
        NatsController({"port": -1}).start()
    """)
    assert (done.code, done.err) == (0, "")
    last = (tmp_path / "app.log").read_text().splitlines()[-1]
    assert last == "dotgnatly.server Server Exiting.."


def test_a_private_store_is_removed_at_exit(passes, tmp_path):
    """It holds nobody's data."""
    passes("""
        from dotgnatly import NatsController

        NatsController({"port": -1, "jetstream": {}}).start()
    """)
    assert not [path for path in (tmp_path / "scratch").iterdir() if path.is_dir()]


def test_a_controller_never_closed_is_named(run_python):
    """With warnings on, Python says where it was made."""
    done = run_python(
        """
        from dotgnatly import NatsController

        def make():
            return NatsController({"port": -1})

        make().start()
        """,
        PYTHONWARNINGS="always",
    )
    assert done.code == 0
    assert "ResourceWarning" in done.err
    assert "made at <string>:5" in done.err


def test_a_closed_controller_is_not_named(run_python):
    """Who does it right hears nothing, with all warnings on."""
    done = run_python(
        """
        from dotgnatly import NatsController

        with NatsController({"port": -1, "jetstream": {}}):
            pass
        """,
        PYTHONWARNINGS="always",
    )
    assert (done.code, done.err) == (0, "")


def test_servers_are_stopped_cleanly_where_warnings_are_errors(run_python, tmp_path):
    """The warning about a forgotten controller must not be the reason why its data is damaged."""
    done = run_python(PRELUDE, PYTHONWARNINGS="error::ResourceWarning")
    assert done.code == 0
    assert (tmp_path / INDEX).exists()


def test_an_exit_in_another_thread_s_start_is_clean(passes, tmp_path):
    """The program may end while a daemon thread still starts servers."""
    passes("""
        from contextlib import suppress
        from dotgnatly import DotgnatlyError, NatsController
        from inside import *

        def start():
            while True:
                with suppress(DotgnatlyError):
                    NatsController({"port": -1, "jetstream": {}}).start()

        for _ in range(4):
            threading.Thread(target=start, daemon=True).start()
        until(lambda: counts()["servers"] > 10)
    """)
    assert not [path for path in (tmp_path / "scratch").iterdir() if path.is_dir()]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork()")
def test_an_exiting_child_leaves_the_parent_s_server_alone(passes):
    """Forked children inherit what was registered with atexit."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}) as controller:
            client = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
            until(lambda: controller.varz().connections == 1)
            pid = os.fork()
            if pid == 0:
                sys.exit(5)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
            assert controller.varz().connections == 1
            client.close()
    """)
