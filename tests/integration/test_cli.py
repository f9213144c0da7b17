"""``python -m dotgnatly serve`` as its users and their supervisors drive it."""

import re
import signal
import socket
import sys
from urllib.request import urlopen

import msgspec
import nats
import pytest

from dotgnatly.monitoring import Varz
from tests.conftest import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
CONF = "listen: 127.0.0.1:-1\nhttp: 127.0.0.1:{http}\n"


def varz(port):
    """The server's Varz."""
    with urlopen(f"http://127.0.0.1:{port}/varz", timeout=5) as answer:
        return msgspec.json.decode(answer.read(), type=Varz)


@pytest.fixture
def serve(command):
    """Starts ``serve`` with some arguments and waits until it serves."""

    def serve(*arguments, **environment):
        server = command("serve", *arguments, **environment)
        server.port = server.ready()
        return server

    return serve


@pytest.fixture
def conf(tmp_path):
    """Writes the configuration file."""

    def write(text):
        path = tmp_path / "broker.conf"
        path.write_text(text)
        return path

    return write


# -- flags -----------------------------------------------------------------------------------------


def test_without_flags_it_listens_as_nats_server_does(command, conf):
    """4222 on every address; here moved by a file, to test side by side."""
    server = command("serve", "-c", conf("port: -1"))
    assert "0.0.0.0:" in server.wait_for("Listening for client connections on")


@pytest.mark.parametrize("flag", ["-p", "-port", "--port"])
def test_port(serve, free_port, flag):
    """Spelt as nats-server and as Python programs spell it."""
    assert serve(flag, str(free_port), "-a", "127.0.0.1").port == free_port


@pytest.mark.parametrize("flag", ["-a", "-addr", "--addr", "-net", "--net"])
def test_address(command, flag):
    """Where it listens."""
    server = command("serve", "-p", "-1", flag, "127.0.0.1")
    assert " 127.0.0.1:" in server.wait_for("Listening for client connections on")


@pytest.mark.parametrize("flag", ["-m", "-http_port", "--http_port"])
def test_monitoring_port(serve, free_port, flag):
    """Monitoring, as nats-server has it."""
    serve("-p", "-1", "-a", "127.0.0.1", flag, str(free_port))
    assert varz(free_port).http_port == free_port


@pytest.mark.parametrize("flag", ["-js", "-jetstream", "--jetstream"])
@pytest.mark.parametrize("directory", ["-sd", "-store_dir", "--store_dir"])
def test_jetstream(serve, free_port, tmp_path, flag, directory):
    """On, and where it stores."""
    serve("-p", "-1", "-a", "127.0.0.1", "-m", str(free_port), flag, directory, str(tmp_path / "s"))
    assert varz(free_port).jetstream.config.store_dir == str(tmp_path / "s" / "jetstream")


@pytest.mark.parametrize(
    ("flags", "debug", "trace"),
    [
        (["-D"], True, False),
        (["-debug"], True, False),
        (["--debug"], True, False),
        (["-V"], False, True),
        (["-trace"], False, True),
        (["--trace"], False, True),
        (["-DV"], True, True),
        (["-D", "-V"], True, True),
    ],
)
def test_debug_and_trace(serve, flags, debug, trace):
    """What a client does is in the log."""
    server = serve("-p", "-1", "-a", "127.0.0.1", *flags)
    with (
        socket.create_connection(("127.0.0.1", server.port)) as client,
        client.makefile("rb") as got,
    ):
        client.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        while not got.readline().startswith(b"PONG"):
            pass
    server.send(signal.SIGTERM)
    _, _, err = server.finish()
    assert ("[DBG]" in err, "[TRC]" in err) == (debug, trace)


def test_flags_win_over_the_file(serve, conf, free_port):
    """And stay above it when it is read again."""
    server = serve(
        "-c", conf("listen: 127.0.0.1:1\nhttp: 127.0.0.1:1"), "-p", "-1", "-m", free_port
    )
    assert varz(free_port).http_port == free_port
    server.send(signal.SIGHUP)
    server.wait_for("Reloaded")
    assert varz(free_port).http_port == free_port


def test_the_environment_stands_between_the_file_and_the_flags(serve, conf, free_port):
    """As containers are configured."""
    file = conf("listen: 127.0.0.1:-1\nhttp: 127.0.0.1:1\nserver_name: file\nping_max: 3")
    environment = {"NATS__SERVER_NAME": "environ", "NATS__MONITOR_PORT": "2"}
    serve("-c", file, "-m", free_port, **environment)
    assert varz(free_port).server_name == "environ"
    assert varz(free_port).ping_max == 3


def test_a_wrong_variable_is_one_clear_line_and_exit_code_1(command):
    """It is the variable that has to be mended."""
    code, _, err = command("serve", NATS__PROT="1").finish()
    assert code == 1
    assert err.startswith("dotgnatly: NATS__PROT: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("flag", ["-c", "-config", "--config"])
def test_configuration_file(serve, conf, free_port, flag):
    """The file that nats-server takes."""
    serve(flag, conf(CONF.format(http=free_port) + "server_name: mine"))
    assert varz(free_port).server_name == "mine"


def test_an_unknown_flag_is_refused(command):
    """Nothing is skipped in silence."""
    code, out, err = command("serve", "--no-such-flag").finish()
    assert (code, out) == (2, "")
    assert "--no-such-flag" in err


def test_help_names_the_commands(command):
    """The first thing one types."""
    code, out, _ = command("--help").finish()
    assert code == 0
    assert "serve" in out
    assert "check" in out


# -- signals ---------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_gracefully(serve, tmp_path, number):
    """Exit code 0, and JetStream's index is written: the next start need not read every message."""
    server = serve("-p", "-1", "-a", "127.0.0.1", "-js", "-sd", "store")
    client = await nats.connect(f"nats://127.0.0.1:{server.port}", allow_reconnect=False)
    await client.jetstream().add_stream(name="S", subjects=["s"])
    await client.jetstream().publish("s", b"1")
    server.send(number)
    code, out, err = server.finish()
    assert (code, out) == (0, "")
    assert "Server Exiting.." in err
    assert "Traceback" not in err
    (index,) = (tmp_path / "store").rglob("streams/S/msgs/index.db")
    assert index.stat().st_size > 0
    await client.close()


@posix
async def test_sighup_reads_the_file_again(serve, conf, free_port):
    """Clients stay connected."""
    server = serve("-c", conf(CONF.format(http=free_port) + "max_payload: 1000"))
    client = await nats.connect(f"nats://127.0.0.1:{server.port}", allow_reconnect=False)
    conf(CONF.format(http=free_port) + "max_payload: 2000")
    server.send(signal.SIGHUP)
    server.wait_for("Reloaded server configuration")
    assert varz(free_port).max_payload == 2000
    await client.flush()
    assert varz(free_port).total_connections == 1
    await client.close()


@posix
def test_a_bad_reload_is_told_and_it_serves_on(serve, conf, free_port):
    """A half-edited file stops nobody."""
    server = serve("-c", conf(CONF.format(http=free_port) + "max_payload: 1000"))
    conf(CONF.format(http=free_port) + "max_payload: oops")
    server.send(signal.SIGHUP)
    told = server.wait_for("SIGHUP")
    assert "broker.conf:3:1" in told
    assert varz(free_port).max_payload == 1000
    conf(CONF.format(http=free_port) + "max_payload: 2000")
    server.send(signal.SIGHUP)
    server.wait_for("Reloaded server configuration")
    assert varz(free_port).max_payload == 2000


@posix
def test_sighup_without_a_file_is_told_and_it_serves_on(serve):
    """There is nothing to read."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    server.send(signal.SIGHUP)
    assert "file" in server.wait_for("SIGHUP")
    socket.create_connection(("127.0.0.1", server.port)).close()


@posix
def test_sigusr1_opens_the_log_file_again(command, conf, tmp_path, free_port):
    """Log rotation as nats-server has it."""
    log, old = tmp_path / "log", tmp_path / "log.1"
    server = command("serve", "-c", conf(CONF.format(http=free_port) + f'log_file: "{log}"'))
    wait_for_line(log, "Server is ready")
    log.rename(old)
    server.send(signal.SIGUSR1)
    wait_for_file(log)
    server.send(signal.SIGTERM)
    assert server.finish()[0] == 0
    assert "Server Exiting.." in log.read_text()
    assert "Server Exiting.." not in old.read_text()


@posix
def test_a_signal_that_comes_early_is_not_lost(command):
    """A supervisor may change its mind at once."""
    server = command("serve", "-p", "-1", "-a", "127.0.0.1")
    server.wait_for("Starting nats-server")
    server.send(signal.SIGTERM)
    assert server.finish()[0] == 0


# -- what it says ----------------------------------------------------------------------------------


def test_log_lines_are_on_stderr_as_nats_server_writes_them(serve):
    """What reads its log reads ours: process, time, level, text."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    server.send(signal.SIGTERM)
    _, out, err = server.finish()
    assert out == ""
    head = rf"\[{server.process.pid}\] \d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{{6}} \[\w{{3}}\] "
    for line in err.splitlines():
        assert re.match(head, line), line


def test_a_file_can_leave_the_time_out(serve, conf):
    """Where the supervisor adds its own."""
    server = serve("-c", conf("listen: 127.0.0.1:-1\nlogtime: false"))
    assert server.lines[0].startswith(f"[{server.process.pid}] [INF] ")


def test_an_open_listener_without_login_warns(serve, conf):
    """A whole network can come in."""
    server = serve("-c", conf("listen: 0.0.0.0:-1"))
    server.send(signal.SIGTERM)
    _, _, err = server.finish()
    assert "[WRN] port: -1 is open to everybody who reaches 0.0.0.0: nobody has to log in" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("max_payloads: 1", "unknown field", id="unknown-key"),
        pytest.param("port: x", "broker.conf:1:1", id="wrong-type"),
        pytest.param("port: -1\njetstream {", "broker.conf", id="syntax"),
        pytest.param("listen: 127.0.0.1:{taken}", "127.0.0.1:{taken}", id="port-taken"),
        pytest.param("listen: 127.0.0.1:-1\nlog_file: /no/such/log", "log_file", id="log-file"),
    ],
)
def test_an_error_is_one_clear_line_and_exit_code_1(command, conf, text, said):
    """No traceback: it is the user's file that is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        server = command("serve", "-c", conf(text.replace("{taken}", taken)))
        code, out, err = server.finish()
    assert (code, out) == (1, "")
    own = [line for line in err.splitlines() if not line.startswith("[")]
    assert len(own) == 1, err
    assert own[0].startswith("dotgnatly: ")
    assert said.replace("{taken}", taken) in own[0]


def test_a_missing_file_is_one_clear_line_and_exit_code_1(command):
    """The most usual mistake."""
    code, _, err = command("serve", "-c", "missing.conf").finish()
    assert code == 1
    assert err.startswith("dotgnatly: ")
    assert "missing.conf" in err
    assert err.count("\n") == 1


def test_a_wrong_flag_value_is_one_clear_line_and_exit_code_1(command):
    """The port is checked as in a file."""
    code, _, err = command("serve", "-p", "70000").finish()
    assert code == 1
    assert err.startswith("dotgnatly: port: ")
    assert err.count("\n") == 1


def test_secrets_are_on_no_line(serve, conf):
    """A log is read by many."""
    text = "listen: 127.0.0.1:-1\nauthorization { user: ann, password: hunter2 }"
    server = serve("-c", conf(text), "-DV")
    conf(text.replace("password", "passwort"))
    server.send(signal.SIGHUP)
    server.wait_for("SIGHUP")
    server.send(signal.SIGTERM)
    _, _, err = server.finish()
    assert "hunter2" not in err


def wait_for_line(path, text):
    """Wait until a file has a line with this text."""
    wait_until(lambda: path.exists() and text in path.read_text(), text)


def wait_for_file(path):
    """Wait until a file is there."""
    wait_until(path.exists, str(path))
