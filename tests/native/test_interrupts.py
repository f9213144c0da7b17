"""Ctrl-C ends every call at once, wherever it arrives, and leaves a defined state."""

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, os.kill does not interrupt")

PROMPT = 1.0
"""Seconds: the promise is 0.1; ten times that for machines that are busy with other tests."""

PRELUDE = f"""
from dotgnatly import BrokerConfiguration, NatsController
from inside import *

PROMPT = {PROMPT}
(fifo,) = sys.argv[1:]

def ends(call, *args, **kwargs):
    interrupt = Interrupt()
    try:
        call(*args, **kwargs)
    except KeyboardInterrupt:
        assert interrupt.took() < PROMPT
    else:
        raise AssertionError("it was not interrupted")
"""


def test_it_ends_a_start_that_waits(passes, fifo):
    """A start may wait long: here for log_file, elsewhere for a large store."""
    passes(
        PRELUDE
        + """
controller = NatsController({"port": -1, "log_file": fifo})
ends(controller.start)
assert not controller.is_running
drain(fifo)
controller.shutdown()
assert counts() | {"goroutines": 0} == {"servers": 0, "jobs": 0, "connections": 0, "goroutines": 0}
controller.start({"port": -1})
controller.shutdown()
        """,
        fifo,
    )


def test_a_start_after_it_waits_for_what_is_left(passes, fifo):
    """The port and the store of the first one are free again when the second one needs them."""
    passes(
        PRELUDE
        + """
with taken_port() as port:
    pass
config = {"port": port, "http_port": -1, "jetstream": {"store_dir": "store"}}
controller = NatsController(config | {"log_file": fifo})
ends(controller.start)
drain(fifo)
controller.start(config)
assert controller.ports()["client"] == port
controller.shutdown()
        """,
        fifo,
    )


@pytest.mark.parametrize(
    "call",
    [
        "controller.update_config, log_file=fifo",
        "controller.replace_config, {'host': '0.0.0.0', 'port': -1, 'log_file': fifo}",
        "controller.reload",
    ],
)
def test_it_ends_a_change_that_waits(passes, fifo, call):
    """The configuration before it is in force, and the next change and the shutdown work."""
    passes(
        PRELUDE
        + f"""
Path("a.conf").write_text("port: -1")
controller = NatsController(BrokerConfiguration.from_file("a.conf"))
controller.start()
Path("a.conf").write_text(f'port: -1, log_file: "{{fifo}}"')
ends({call})
assert controller.is_running
assert "log_file" not in controller.config.to_dict()
drain(fifo)
assert controller.update_config(max_payload=12345).number == 2
assert controller.varz().max_payload == 12345
controller.shutdown()
assert not controller.is_running
        """,
        fifo,
    )


def test_a_shutdown_after_an_interrupted_change_stops_the_server(passes, fifo):
    """The change may still be undoing itself then."""
    passes(
        PRELUDE
        + """
controller = NatsController({"port": -1})
url = controller.start()
ends(controller.update_config, log_file=fifo)
drain(fifo)
controller.shutdown()
assert not controller.is_running
assert counts()["servers"] == 0
        """,
        fifo,
    )


def test_it_ends_a_reload_that_the_server_holds_up(passes, fifo, certificates):
    """An idle connection on a TLS port holds up a reload for as long as tls.timeout."""
    passes(
        PRELUDE.replace("(fifo,)", "fifo, certificates")
        + """
tls = {"cert_file": certificates + "/server.pem", "key_file": certificates + "/server.key"}
controller = NatsController({"port": -1, "tls": tls | {"timeout": 1}})
controller.start()
idle = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
until(lambda: idle.recv(4096))  # the server waits for the handshake
ends(controller.update_config, max_payload=12345)
assert controller.varz().max_payload != 12345
assert controller.update_config(max_payload=54321).number == 2
controller.shutdown()
        """,
        fifo,
        certificates,
    )


def test_it_ends_a_shutdown_that_waits(passes, fifo):
    """The server goes on stopping, and shutdown waits for it once more."""
    passes(
        PRELUDE
        + """
reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
controller = NatsController({"port": -1, "log_file": fifo})
controller.start()
fill(reader)  # the next line that the server writes waits
ends(controller.shutdown)
assert not controller.is_running
drain(fifo)
controller.shutdown()
assert counts()["servers"] == 0
controller.start({"port": -1})
controller.shutdown()
        """,
        fifo,
    )


def test_it_ends_reading_a_file_that_waits(passes, fifo):
    """Configuration files can lie on file systems that hang."""
    passes(
        PRELUDE
        + """
ends(BrokerConfiguration.from_file, fifo)
feed(fifo, "port: -1")
until(lambda: counts()["jobs"] == 0)
assert BrokerConfiguration.from_text("port: -1").port == -1
        """,
        fifo,
    )


def test_it_ends_opening_the_log_file_again(passes, fifo):
    """A log file may be a pipe that nobody reads."""
    passes(
        PRELUDE
        + """
controller = NatsController({"port": -1, "log_file": "a.log"})
controller.start()
os.rename(fifo, "a.log")
ends(controller.reopen_log)
drain("a.log")
controller.reopen_log()
controller.shutdown()
        """,
        fifo,
    )


CALLS = {
    "start": "controller.shutdown(); call = controller.start",
    "shutdown": "call = controller.shutdown",
    "update_config": "call = lambda: controller.update_config(debug=not controller.config.debug)",
    "reload": "call = controller.reload",
    "get_info": "call = controller.get_info",
    "varz": "call = controller.varz",
    "healthz": "call = controller.healthz",
    "reopen_log": "call = controller.reopen_log",
    "from_file": "call = lambda: BrokerConfiguration.from_file('a.conf')",
}


@pytest.mark.parametrize("prepare", CALLS.values(), ids=CALLS)
def test_it_may_come_at_any_moment_of_a_call(passes, fifo, prepare):
    """Before, between and after its parts: no server, job or lock is lost track of."""
    passes(
        PRELUDE
        + f"""
Path("a.conf").write_text("port: -1, log_file: a.log, debug: false")
controller = NatsController(BrokerConfiguration.from_file("a.conf"))
controller.start()
{prepare}
begun = time.monotonic()
call()
seconds = time.monotonic() - begun
controller.shutdown()
before = alive()
for _ in range(100):
    if not controller.is_running:
        controller.start()
    {prepare}
    interrupted(call, 1.5 * seconds)
    if controller.is_running:
        assert bool(controller.varz().server_name) and counts()["servers"] == 1
    controller.shutdown()
    assert (controller.is_running, counts()["servers"]) == (False, 0)
    until(lambda: counts()["jobs"] == 0, "no job is left")
settled(before)
        """,
        fifo,
    )


CHANGES = {
    "update_config": "controller.update_config(max_payload=next(sizes))",
    "restart": "controller.update_config(server_name=f's{next(sizes)}', allow_restart=True)",
    "reload": "Path('a.conf').write_text(f'port: -1, max_payload: {next(sizes)}')\n"
    "    controller.reload()",
    "rollback": "controller.update_config(max_payload=next(sizes))\n    controller.rollback()",
}


@pytest.mark.parametrize("store", ["None", "'versions.db'"], ids=["memory", "sqlite"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_in_force_is_noted_whenever_it_comes(passes, fifo, change, store):
    """A change that the server has taken is a version; one that is no version is undone."""
    passes(
        PRELUDE
        + f"""
import itertools
from dotgnatly.errors import ServerStoppedError

Path("a.conf").write_text("port: -1, max_payload: 2000")
controller = NatsController(BrokerConfiguration.from_file("a.conf"), version_store={store})
controller.start()
controller.on_changing(lambda event: None)
controller.on_changed(lambda event: None)
sizes = itertools.count(3000)

def change():
    {change}

def agree():
    config = controller.config
    try:
        server = controller.varz()
    except ServerStoppedError:  # a restart is being undone
        return False
    return (
        controller.history()[-1].config == config
        and server.max_payload == config.max_payload
        and server.server_name == (config.server_name or server.server_id)
    )

begun = time.monotonic()
change()
seconds = time.monotonic() - begun
for _ in range(100):
    interrupted(change, 1.2 * seconds)
    until(agree, "what the server does is what was noted")
change()
assert agree()
controller.shutdown()
assert counts()["servers"] == 0
        """,
        fifo,
    )


def test_it_may_come_at_any_moment_of_the_first_call(passes, fifo):
    """Which loads the Go runtime."""
    passes(
        PRELUDE
        + """
def first_call():
    controller = NatsController({"port": -1})
    interrupted(controller.start, 0.1)
    controller.shutdown()
    controller.start()
    controller.shutdown()
    assert [t.name for t in threading.enumerate()] == ["MainThread", "dotgnatly-logs"]
    return counts()["servers"]

for _ in range(30):
    said = in_fork(first_call)
    assert said == "0", said
        """,
        fifo,
    )
