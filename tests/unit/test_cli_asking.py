"""``info`` and ``healthz``: what they make of the answers of servers."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.cli import main


@pytest.fixture
def server():
    """One that is monitored."""
    config = BrokerConfiguration(port=-1, http_port=-1, server_name="hub", http_base_path="/nats")
    with NatsController(config) as controller:
        yield controller


@pytest.fixture
def lonely(tmp_path):
    """One of a cluster whose others are not there."""
    config = BrokerConfiguration(
        port=-1,
        http_port=-1,
        server_name="one",
        jetstream={"store_dir": tmp_path / "store"},
        cluster={"name": "c", "port": -1, "routes": ["nats://127.0.0.1:1"]},
    )
    with NatsController(config) as controller:
        yield controller


def shown(capsys, *arguments):
    """What a command prints that succeeds."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments):
    """What a command says that fails."""
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_info_of_a_client_port_is_its_info(server, capsys):
    """By its URL, or by the port alone."""
    for named in (server.client_url, str(server.ports()["client"])):
        info = json.loads(shown(capsys, "info", named))
        assert (info["server_id"], info["max_payload"]) == (server.server_id, 1 << 20)


def test_info_of_a_monitoring_port_is_its_varz(server, capsys):
    """Of a port it is found out."""
    assert json.loads(shown(capsys, "info", server.monitoring_url))["server_name"] == "hub"
    port = str(server.ports()["monitoring"])
    assert refused(capsys, "info", port) == f"dotgnatly: http://127.0.0.1:{port}/varz: 404\n"


@pytest.mark.parametrize("command", ["info", "healthz"])
def test_nobody_there_is_one_clear_line_and_exit_code_1(capsys, command):
    """The server may be what is wrong."""
    assert "127.0.0.1:1" in refused(capsys, command, "1")
    assert "http://127.0.0.1:1/" in refused(capsys, command, "http://127.0.0.1:1")


def test_the_wrong_port_is_one_clear_line_and_exit_code_1(server, capsys):
    """The one port waits to be greeted, the other knows no HTTP."""
    ports = server.ports()
    silent = refused(capsys, "info", f"nats://127.0.0.1:{ports['monitoring']}", "--timeout", "0.1")
    assert "says nothing within 0.1 s" in silent
    talking = refused(capsys, "healthz", f"http://127.0.0.1:{ports['client']}")
    assert "the answer is none of HTTP" in talking


def test_info_of_another_kind_of_server(capsys):
    """Whoever greets first: here somebody who waits for mail."""

    def greet(listener):
        with listener.accept()[0] as client:
            client.sendall(b"220 mail\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
        threads.submit(greet, listener)
        said = refused(capsys, "info", f"nats://127.0.0.1:{listener.getsockname()[1]}")
        assert "is no port for clients" in said


def test_healthz_of_a_healthy_server(server, capsys):
    """What a probe runs."""
    assert shown(capsys, "healthz", server.monitoring_url) == "healthy\n"


def test_healthz_finds_the_port_in_the_environment(lonely, capsys, monkeypatch):
    """Where the server in the same container has it from."""
    monkeypatch.setenv("NATS__HTTP_PORT", str(lonely.ports()["monitoring"]))
    assert shown(capsys, "healthz", "--js-enabled-only") == "healthy\n"


def test_healthz_says_why_not(lonely, capsys):
    """The words are the server's."""
    said = refused(capsys, "healthz", lonely.monitoring_url)
    assert "/healthz: JetStream " in said


@pytest.mark.parametrize(
    "url", ["nats://a:1", "http://a:port", "http://[::1", "http://a..b", "http://a/\x01"]
)
def test_healthz_needs_a_url_of_its_kind(capsys, url):
    """Not that of the client port, nor one that is none."""
    assert refused(capsys, "healthz", url) == f"dotgnatly: {url}/healthz is no http URL\n"


def test_who_answers_byte_by_byte_is_not_waited_for_longer(capsys):
    """A probe that hangs is worse than one that fails."""
    over = threading.Event()

    def trickle(listener):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not over.wait(0.01):
                connection.sendall(b" ")

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as executor,
    ):
        executor.submit(trickle, listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        said = refused(capsys, "healthz", url, "--timeout", "0.2")
        over.set()
    assert said.endswith("no whole answer within 0.2 s\n")


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "soon"])
@pytest.mark.parametrize("command", ["info", "healthz"])
def test_a_timeout_that_is_none_is_an_error_of_the_command_line(capsys, command, seconds):
    """Before anybody is asked."""
    with pytest.raises(SystemExit) as caught:
        main([command, "8222", f"--timeout={seconds}"])
    assert caught.value.code == 2
    assert f"expected seconds, up to a day, got '{seconds}'" in capsys.readouterr().err
