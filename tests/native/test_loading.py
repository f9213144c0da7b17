"""The Go runtime comes with the first call that needs it, and sees Python's environment."""

import sys

import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@LINUX
def test_the_import_starts_no_thread_and_changes_no_signal_handler(passes):
    """Importing a package must do nothing that another part of the program could notice."""
    passes("""
        from pathlib import Path

        def status():
            lines = Path("/proc/self/status").read_text().splitlines()
            return [line for line in lines if line.startswith(("Threads:", "SigCgt:", "SigIgn:"))]

        before = status()
        import dotgnatly
        from dotgnatly import AsyncNatsController, BrokerConfiguration, NatsController
        controller = NatsController(BrokerConfiguration(port=-1, jetstream={}))
        assert not controller.is_running
        controller.shutdown()
        assert status() == before
    """)


def test_the_import_is_light(passes):
    """What the program does not use, it does not wait for."""
    passes("""
        import sys
        before = set(sys.modules)
        import dotgnatly
        heavy = {"_native", "asyncio", "logging", "pathlib", "socket", "sqlite3", "tempfile"}
        more = {name.removeprefix("dotgnatly.") for name in set(sys.modules) - before}
        assert not heavy & more
    """)


def test_the_blocking_controller_needs_no_asyncio(passes):
    """It takes longer to import than a server takes to start."""
    passes("""
        import sys
        from dotgnatly import BrokerConfiguration, NatsController

        with NatsController(BrokerConfiguration(port=-1)) as controller:
            controller.update_config(debug=True)
            controller.varz()
        assert "asyncio" not in sys.modules
    """)


def test_threads_load_it_once(passes):
    """The first calls may come from several threads at the same time."""
    passes("""
        from inside import *

        def load():
            barrier.wait()
            loaded.append(runtime.native())

        loaded, barrier = [], threading.Barrier(8)
        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(loaded) == 8 and len(set(loaded)) == 1
        assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
    """)


def test_subinterpreters_are_refused_by_name(passes):
    """Go's runtime, and the locks around it, are one for the process."""
    (said,) = passes("""
        from pathlib import Path

        # One that shares the GIL with the others: msgspec itself cannot be loaded elsewhere.
        try:
            import _interpreters as interpreters
            made = interpreters.create("legacy")
        except ImportError:
            import _xxsubinterpreters as interpreters
            made = interpreters.create(isolated=False)
        interpreters.run_string(made, '''if True:
            from pathlib import Path
            try:
                from dotgnatly import NatsController
                NatsController({"port": -1}).start()
            except BaseException as exc:
                said = f"{type(exc).__name__}: {exc}"
            else:
                said = "started"
            Path("said").write_text(said)
        ''')
        interpreters.destroy(made)
        print(Path("said").read_text())
    """)
    assert said.startswith("NativeError: ")
    assert "subinterpreter" in said


@pytest.mark.parametrize("read", ["from_file('a.conf')", "from_text(Path('a.conf').read_text())"])
def test_the_environment_is_that_of_python(passes, read):
    """A program may set a variable, change it, or remove it, before it reads a configuration."""
    passes(f"""
        from pathlib import Path
        import os
        from dotgnatly import BrokerConfiguration, ConfigError

        Path("a.conf").write_text("server_name: $NAME")
        os.environ["NAME"] = "first"
        assert BrokerConfiguration.{read}.server_name == "first"
        os.environ["NAME"] = "second"
        assert BrokerConfiguration.{read}.server_name == "second"
        del os.environ["NAME"]
        try:
            BrokerConfiguration.{read}
        except ConfigError as exc:
            assert "NAME" in str(exc)
        else:
            raise AssertionError("the variable is still there")
    """)


def test_the_environment_of_a_reload_is_the_one_of_then(passes):
    """A reload reads the file again, and its variables."""
    passes("""
        from pathlib import Path
        import os
        from dotgnatly import BrokerConfiguration, NatsController

        Path("a.conf").write_text("port: -1, max_payload: $SIZE")
        os.environ["SIZE"] = "1000"
        with NatsController(BrokerConfiguration.from_file("a.conf")) as controller:
            assert controller.varz().max_payload == 1000
            os.environ["SIZE"] = "2000"
            controller.reload()
            assert controller.varz().max_payload == 2000
    """)


def test_odd_variables_do_no_harm(passes):
    """The environment may hold what is no text, and names that no shell could set."""
    passes("""
        import os
        from dotgnatly import BrokerConfiguration

        os.environb[b"NO_TEXT"] = b"\\xff\\xfe"
        os.environ["odd name.1"] = "x=y"
        os.environ["EMPTY"] = ""
        assert BrokerConfiguration.from_text("port: -1").port == -1
        assert os.environb[b"NO_TEXT"] == b"\\xff\\xfe"
    """)


def test_a_missing_extension_says_what_to_do(passes):
    """In a checkout that was not built, for one."""
    (said,) = passes("""
        import sys
        from dotgnatly import NatsController, NativeError

        sys.modules["dotgnatly._native"] = None
        try:
            NatsController({"port": -1}).start()
        except NativeError as exc:
            print(exc)
    """)
    assert "make build" in said
