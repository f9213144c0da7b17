"""Programs that start processes: with subprocess, multiprocessing, or as gunicorn does."""

import re
import signal
import sys
import urllib.error
import urllib.request

import pytest

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows starts processes in one way")


@POSIX
def test_subprocesses_start_and_end_beside_a_server(passes):
    """They are forked, but call exec at once; a preexec_fn runs Python in between."""
    passes("""
        import subprocess
        from dotgnatly import NatsController
        from inside import *

        with NatsController({"port": -1}) as controller:
            for before_exec in (None, os.setsid):
                for _ in range(20):
                    told = subprocess.check_output(["echo", "x"], preexec_fn=before_exec)
                    assert told == b"x\\n"
            assert os.system("exit 3") >> 8 == 3
            assert controller.varz().connections == 0
    """)


@pytest.mark.parametrize(
    "method", [pytest.param("fork", marks=POSIX), "spawn", pytest.param("forkserver", marks=POSIX)]
)
def test_workers_without_a_server_work_beside_one(passes, method):
    """Pools are what most programs start processes with."""
    passes(
        """
        import multiprocessing
        from dotgnatly import NatsController
        from inside import *

        if __name__ == "__main__":
            with NatsController({"port": -1}) as controller:
                with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
                    assert pool.map(abs, range(-50, 0)) == list(range(50, 0, -1))
                assert controller.varz().connections == 0
        """,
        method,
    )


@pytest.mark.parametrize(
    ("method", "said"),
    [
        pytest.param("fork", "ForkedProcessError", marks=POSIX),
        ("spawn", "True"),
        pytest.param("forkserver", "True", marks=POSIX),
    ],
)
def test_workers_have_servers_of_their_own_unless_forked(passes, method, said):
    """A worker that was forked after Go was loaded says so; the others are processes like any."""
    passes(
        """
        import multiprocessing
        from dotgnatly import NatsController
        from inside import *

        if __name__ == "__main__":
            with NatsController({"port": -1}):
                with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
                    assert pool.apply_async(own_server).get(10) == sys.argv[2]
        """,
        method,
        said,
    )


LAZY = """
from dotgnatly import BrokerConfiguration, NatsController

controller = NatsController(BrokerConfiguration(port=-1))

def app(environ, start_response):
    if not controller.is_running:
        controller.start()
    start_response("200 OK", [])
    return [controller.server_id.encode()]
"""

EAGER = """
from dotgnatly import BrokerConfiguration, ForkedProcessError, NatsController

controller = NatsController(BrokerConfiguration.from_text("port: -1"))

def app(environ, start_response):
    try:
        controller.start()
    except ForkedProcessError as exc:
        start_response("500 Forked", [])
        return [str(exc).encode()]
"""


@pytest.fixture
def gunicorn(interpreter, tmp_path):
    """Serves an application with gunicorn: ``gunicorn(source, *options)`` gives its URL."""
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")

    def serve(source, *options):
        (tmp_path / "application.py").write_text(source)
        process = interpreter(
            "from gunicorn.app.wsgiapp import run; run()",
            *("--bind", "127.0.0.1:0", "--workers", "2", "--log-file", "-", *options),
            "application:app",
        )
        served.append(process)
        for line in iter(process.process.stderr.readline, ""):
            if found := re.search(r"Listening at: (\S+)", line):
                return found[1]
        raise AssertionError(f"gunicorn ended: {process.finish()}")

    served = []
    yield serve
    for process in served:
        process.send(signal.SIGTERM)
        assert process.finish().code == 0


def get(url):
    """Status and body of an HTTP answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@POSIX
@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["workers-import", "preload"])
def test_each_gunicorn_worker_has_a_server(gunicorn, options):
    """With --preload the package is imported before the workers are forked."""
    url = gunicorn(LAZY, *options)
    answers = [get(url) for _ in range(4)]
    assert {status for status, _ in answers} == {200}
    assert {len(server_id) for _, server_id in answers} == {56}


@POSIX
def test_gunicorn_workers_say_what_loaded_go_too_early(gunicorn, tmp_path):
    """The line to move is in the error, not a request that hangs."""
    status, said = get(gunicorn(EAGER, "--preload"))
    assert status == 500
    assert f"{tmp_path / 'application.py'}:4 in <module>" in said
