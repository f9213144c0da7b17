"""``python -m dotgnatly serve`` as its users and their supervisors drive it."""

import json
import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import msgspec
import nats
import pytest

from dotgnatly.cli import flags
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


def test_the_flags_are_those_of_nats_server(nats_server_binary):
    """Its help names them; a spelling that it lacks is in its help's errors."""
    said = subprocess.run([nats_server_binary, "-h"], capture_output=True, text=True, check=True)
    spelt = re.findall(r"(?<![\w-])--?([a-zA-Z_]+)", said.stdout)
    ours = {name for flag in flags.FLAGS for name in flag.names}
    assert set(spelt) <= ours


@pytest.mark.parametrize("flag", flags.FLAGS, ids=lambda flag: flag.names[-1])
def test_nats_server_takes_each_flag_in_each_spelling(nats_server_binary, flag):
    """With a value of the same kind: -v, which comes last, shows whether all was read."""
    value = {bool: "=true", int: "=1", str: "=x"}[flag.kind]
    given = [f"-{name}{value}" for name in flag.names]
    if flag.kind is bool:
        given += [f"--{name}" for name in flag.names]
    done = subprocess.run(
        [nats_server_binary, *given, "-v"], capture_output=True, text=True, check=True
    )
    assert (done.stdout[:14], done.stderr) == ("nats-server: v", "")
    if flag.kind is int:
        done = subprocess.run(
            [nats_server_binary, f"-{flag.names[0]}=x"], capture_output=True, text=True, check=False
        )
        assert "invalid value" in done.stderr


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


@pytest.mark.skipif(sys.platform == "darwin", reason="has no 127.0.0.2 by itself")
def test_a_pod_is_configured_by_its_environment_alone(command, free_port, tmp_path):
    """The kubelet's probes come to the pod's address, not to its loopback."""
    pod = {
        "NATS__PORT": "-1",
        "NATS__HTTP_PORT": str(free_port),
        "NATS__JETSTREAM_ENABLED": "true",
        "NATS__JETSTREAM_STORE_DIR": str(tmp_path / "jetstream"),
    }
    command("serve", **pod).wait_for("Starting monitor")
    with urlopen(f"http://127.0.0.2:{free_port}/healthz", timeout=5) as answer:
        assert json.load(answer) == {"status": "ok"}
    assert varz(free_port).jetstream.config.store_dir.startswith(str(tmp_path / "jetstream"))


def test_the_ports_file_has_all_listeners(serve, free_port, tmp_path):
    """For whoever started it with -1; it goes with the server."""
    server = serve("-p", "-1", "-a", "127.0.0.1", "-m", free_port, "--ports_file_dir", tmp_path)
    (file,) = wait_until(lambda: list(tmp_path.glob(f"*_{server.process.pid}.ports")))
    assert wait_until(lambda: file.read_text() and json.loads(file.read_text())) == {
        "nats": [f"nats://127.0.0.1:{server.port}"],
        "monitoring": [f"http://127.0.0.1:{free_port}"],
    }
    server.send(signal.SIGTERM)
    server.finish()
    assert file.exists() == (sys.platform == "win32")  # where SIGTERM is no goodbye


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
def test_sigusr2_ends_it_gracefully(serve):
    """Without clients there is nobody to wait for."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    server.send(signal.SIGUSR2)
    code, _, err = server.finish()
    assert code == 0
    assert "Server Exiting.." in err


@posix
def test_only_sigint_does_not_wait_for_clients_that_are_leaving(serve):
    """SIGTERM meanwhile is the orchestrator's, and a second SIGUSR2 says nothing new."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    with socket.create_connection(("127.0.0.1", server.port)):
        server.send(signal.SIGUSR2)
        server.wait_for("Entering lame duck mode")
        server.send(signal.SIGTERM)
        server.send(signal.SIGUSR2)
        server.send(signal.SIGHUP)
        server.wait_for("SIGHUP")  # so it serves on
        server.send(signal.SIGINT)
        assert server.finish()[0] == 0


@posix
def test_a_signal_that_comes_early_is_not_lost(command):
    """A supervisor may change its mind at once."""
    server = command("serve", "-p", "-1", "-a", "127.0.0.1")
    server.wait_for("Starting nats-server")
    server.send(signal.SIGTERM)
    assert server.finish()[0] == 0


# -- signals for another one -----------------------------------------------------------------------


def tell(command, signal_and_whom, **environment):
    """Run ``serve -sl``: the exit code, and what it says."""
    code, out, err = command("serve", "-sl", signal_and_whom, **environment).finish()
    assert out == ""
    return code, err


@posix
@pytest.mark.parametrize(
    ("word", "code"), [("quit", 0), ("term", 0), ("stop", -signal.SIGKILL), ("ldm", 0)]
)
def test_sl_ends_another_one(command, serve, word, code):
    """By its process id; only "stop" is not graceful."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    assert tell(command, f"{word}={server.process.pid}") == (0, "")
    assert server.finish()[0] == code


@posix
def test_sl_finds_it_by_its_pid_file(command, conf, tmp_path, free_port):
    """And has it read its file again, and open its log again."""
    log, file = tmp_path / "log", CONF.format(http=free_port)
    server = command("serve", "-c", conf(file), "-P", "pid", "-l", log)
    wait_for_line(log, "Server is ready")
    assert (tmp_path / "pid").read_text() == str(server.process.pid)
    conf(file + "max_payload: 2000")
    assert tell(command, "reload=pid") == (0, "")
    wait_for_line(log, "Reloaded server configuration")
    assert varz(free_port).max_payload == 2000
    log.rename(tmp_path / "log.1")
    assert tell(command, "reopen=pid") == (0, "")
    wait_for_file(log)


@posix
@pytest.mark.parametrize("whom", ["", "=*", "={pid}*"])
def test_sl_looks_for_those_that_run(command, serve, tmp_path, whom):
    """Here there is one: others on this machine are none of this test's business."""
    server = serve("-p", "-1", "-a", "127.0.0.1")
    pid = str(server.process.pid)
    environment = looking_for(tmp_path, pid)
    assert tell(command, f"quit{whom.replace('{pid}', pid[:-1])}", **environment) == (0, "")
    assert server.finish()[0] == 0


@posix
@pytest.mark.parametrize(
    ("whom", "said"),
    [
        ("quit", "which of them, 99999998, 99999999?"),
        ("quit=1*", "there is no such server"),
        ("quit=0", "'0' is no process id and no file with one"),
        ("quit=-1", "'-1' is no process id and no file with one"),
        ("quit=99999999", "process 99999999 gets no quit: No such process"),
        ("hup=1", "there is no signal 'hup', but stop, quit, term, reopen, reload, ldm"),
    ],
)
def test_sl_says_why_it_tells_nobody(command, tmp_path, whom, said):
    """A signal for the wrong process cannot be taken back."""
    environment = looking_for(tmp_path, "99999998", "99999999")
    assert tell(command, whom, **environment) == (1, f"dotgnatly: {said}\n")


def looking_for(folder, *pids):
    """The environment of a machine where these servers run."""
    pgrep = folder / "pgrep"
    pgrep.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(pids))
    pgrep.chmod(0o755)
    return {"PATH": str(folder)}


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
