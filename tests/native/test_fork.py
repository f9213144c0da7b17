"""Go does not survive fork(): a child gets an error at once, and gives up what it inherited."""

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")

EVERY_CALL = """
import asyncio
from dotgnatly import AsyncNatsController, BrokerConfiguration, NatsController
from inside import *

Path("a.conf").write_text("port: -1")

async def awaited(call):
    result = call()
    return await result if asyncio.iscoroutine(result) else result

def every_call(controller):
    yield from {
        "start": controller.start,
        "shutdown": controller.shutdown,
        "update_config": lambda: controller.update_config(debug=True),
        "replace_config": lambda: controller.replace_config({"port": -1}),
        "reload": controller.reload,
        "get_info": controller.get_info,
        "ports": controller.ports,
        "varz": controller.varz,
        "healthz": controller.healthz,
        "reopen_log": controller.reopen_log,
        "connect_nats_py": controller.connect_nats_py,
        "a new server": type(controller)({"port": -1}).start,
        "from_file": lambda: BrokerConfiguration.from_file("a.conf"),
        "from_text": lambda: BrokerConfiguration.from_text("port: -1"),
    }.items()
    for fact in ("is_running", "client_url", "monitoring_url", "websocket_url", "server_id",
                 "server_name", "jetstream_enabled"):
        yield fact, lambda fact=fact: getattr(controller, fact)

config = BrokerConfiguration.from_file("a.conf")
"""

EVERY_BLOCKING_CALL = """
with NatsController(config) as controller:
    for name, call in every_call(controller):
        print(name, in_fork(lambda: asyncio.run(awaited(call))))
"""

EVERY_AWAITED_CALL = """
async def main():
    async with AsyncNatsController(config) as controller:
        for name, call in every_call(controller):
            print(name, in_fork(lambda: in_new_loop(call)))

def in_new_loop(call):
    asyncio._set_running_loop(None)  # as a child does that goes on with a loop of its own
    return asyncio.run(awaited(call))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "calls", [EVERY_BLOCKING_CALL, EVERY_AWAITED_CALL], ids=["blocking", "async"]
)
def test_every_call_in_a_forked_child_is_an_error_at_once(passes, calls):
    """A call into the dead Go runtime would hang for ever."""
    outcomes = passes(EVERY_CALL + calls)
    assert len(outcomes) == 21
    assert [said for said in outcomes if " ForkedProcessError: " not in said] == []


def test_a_fork_by_c_code_is_noticed(passes):
    """Servers such as uWSGI fork without Python's knowledge."""
    (said,) = passes("""
        import ctypes
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}) as controller:
            print(in_fork(controller.varz, fork=ctypes.PyDLL(None).fork))
    """)
    assert said.startswith("ForkedProcessError: ")


def test_the_error_names_the_line_that_loaded_go(passes):
    """It is that line which has to move behind the fork."""
    (said,) = passes("""
        import sys
        from dotgnatly import ForkedProcessError, NatsController
        from inside import *

        def begin():
            controller.start()

        def loaded_at():
            try:
                controller.varz()
            except ForkedProcessError as exc:
                return exc.loaded_at

        controller = NatsController({"port": -1})
        begin()
        print(in_fork(loaded_at))
        controller.shutdown()
    """)
    assert said == "'<string>:7 in begin'"


def test_a_configuration_read_at_import_is_named(passes, tmp_path):
    """from_file loads Go as well, which few expect of it."""
    (tmp_path / "a.conf").write_text("port: -1")
    (tmp_path / "settings.py").write_text(
        "from dotgnatly import BrokerConfiguration\n"
        "\n"
        "CONFIG = BrokerConfiguration.from_file('a.conf')\n"
    )
    (said,) = passes("""
        import settings
        from dotgnatly import NatsController
        from inside import *

        print(in_fork(NatsController(settings.CONFIG).start))
    """)
    assert said.startswith("ForkedProcessError: ")
    assert f"{tmp_path / 'settings.py'}:3 in <module>" in said


def test_a_lock_held_at_the_fork_does_not_hang_the_child(passes, fifo):
    """The thread that would release it is not in the child."""
    (said,) = passes(
        """
        from dotgnatly import NatsController
        from inside import *

        controller = NatsController({"port": -1})
        controller.start()
        change = threading.Thread(target=controller.update_config, kwargs={"log_file": sys.argv[1]})
        change.start()
        until(lambda: waiting(change))
        print(in_fork(controller.shutdown))
        drain(sys.argv[1])
        change.join()
        controller.shutdown()
        """,
        fifo,
    )
    assert said.startswith("ForkedProcessError: ")


@pytest.mark.parametrize("fork", ["os.fork", "ctypes.PyDLL(None).fork"])
def test_a_child_keeps_no_client_port_or_store(passes, fork):
    """Else clients of a stopped server hang, and its port and store cannot be used again."""
    passes(f"""
        import ctypes
        from dotgnatly import NatsController
        from inside import *

        controller = NatsController(
            {{"port": -1, "http_port": -1, "jetstream": {{"store_dir": "store"}}}}
        )
        controller.start()
        ports = controller.ports()
        clients = [socket.create_connection(("127.0.0.1", port)) for port in ports.values()]
        inside, theirs = socket.socketpair()
        clients.append(inside)
        controller._server.connect(theirs)
        until(lambda: controller.varz().connections == 2)

        child = Child({fork})
        controller.shutdown()
        for client in clients:
            client.settimeout(5)
            while client.recv(4096):
                pass  # until the end of the stream
        controller.start(
            {{"port": ports["client"], "http_port": ports["monitoring"],
              "jetstream": {{"store_dir": "store"}}}}
        )
        assert child.lives()
        controller.shutdown()
        child.end()
    """)


def test_a_child_that_never_calls_us_is_unharmed(passes):
    """It works, collects garbage, and ends with its exit code; the server does not notice."""
    passes("""
        import gc
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}) as controller:
            for code in range(20):
                pid = os.fork()
                if pid == 0:
                    threads = [threading.Thread(target=gc.collect) for _ in range(4)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
                    sys.exit(code)  # runs what was registered with atexit, as Python children do
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
            assert controller.varz().connections == 0
    """)


def test_children_fork_safely_while_go_is_busy(passes):
    """fork() may come in the middle of anything."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        def restart():
            while not done.is_set():
                with NatsController({"port": -1, "http_port": -1, "jetstream": {}}) as controller:
                    controller.update_config(debug=True)

        done = threading.Event()
        threads = [threading.Thread(target=restart) for _ in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: counts()["servers"])
        for _ in range(100):
            pid = os.fork()
            if pid == 0:
                os._exit(len(str([bytes(1000) for _ in range(100)])) > 0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
        done.set()
        for thread in threads:
            thread.join()
    """)


def test_who_forks_before_the_first_call_has_servers_in_every_process(passes):
    """Importing the package, and making configurations and controllers, loads nothing."""
    passes("""
        from dotgnatly import BrokerConfiguration, NatsController
        from inside import *

        controller = NatsController(BrokerConfiguration(port=-1, jetstream={}))

        def serve():
            with controller:
                return controller.varz().jetstream.config is not None

        for _ in range(3):
            assert in_fork(serve) == "True"
        assert serve()
    """)
