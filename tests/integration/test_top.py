"""``top`` against real servers: a plain screen, and a terminal with keys."""

import asyncio
import os
import re
import signal
import subprocess
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.cli import main
from tests.conftest import arrived, wait_until

needs_terminal = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo terminal")


@pytest.fixture
def server(tmp_path):
    """One with JetStream that is monitored, on a port that it keeps."""
    store = {"store_dir": tmp_path / "store", "max_mem": "64MB", "max_file": "1GB"}
    config = BrokerConfiguration(port=-1, http_port=-1, server_name="hub", jetstream=store)
    with NatsController(config) as controller:
        yield controller


@pytest.fixture
async def till(server, clients):
    """A client that has a stream and a subscription."""
    client = await clients.connect(server.client_url, name="till")
    await client.jetstream().add_stream(name="ORDERS", subjects=["orders.*"])
    await client.subscribe("greet.*")
    await arrived(client)
    return client


@pytest.fixture
async def selling(till):
    """The client publishes to its stream all the time."""
    closed = asyncio.Event()

    async def sell():
        while not closed.is_set():
            await till.jetstream().publish("orders.tea", b"a cup of tea")

    task = asyncio.create_task(sell())
    yield
    closed.set()
    await task


async def once(capsys, *arguments):
    """What is printed, while the clients of the test go on."""
    code = await asyncio.to_thread(main, ["top", "--once", "-d", "0.2", *arguments])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def table(screen):
    """The rows of its table, by their headings."""
    above = r"\A.*?^(?:Connections|Streams) .*?\n"
    headings, *rows = re.sub(above, "", screen, flags=re.MULTILINE | re.DOTALL).splitlines()
    return [dict(zip(headings.split(), row.split(), strict=True)) for row in rows]


# -- a plain screen --------------------------------------------------------------------------------


@pytest.mark.usefixtures("till")
async def test_it_says_what_the_server_says(server, capsys):
    """The figures are those of the monitoring documents."""
    screen = await once(capsys, server.monitoring_url)
    varz = server.varz()
    assert screen.startswith(f"hub  version {varz.version}  uptime ")
    assert f"s  id {varz.server_id}\n" in screen
    assert f"connections 1  subscriptions {varz.subscriptions}  slow consumers 0\n" in screen
    assert "JetStream  streams 1  consumers 0  messages 0  bytes 0B\n" in screen
    assert "memory 0B of 64MB  store 0B of 1GB\n" in screen
    assert "API calls 1  API calls/s 0  API errors 0\n" in screen
    assert re.search(rf"^In +{varz.in_msgs} +0 ", screen, re.MULTILINE)
    assert re.search(rf"^Out +{varz.out_msgs} +0 ", screen, re.MULTILINE)


async def test_a_connection_has_a_line(server, till, capsys):
    """As nats-top has it, and its rates."""
    (line,) = table(await once(capsys, server.monitoring_url))
    (connection,) = server.connz().connections
    host = f"127.0.0.1:{connection.port}"
    assert (line["HOST"], line["NAME"], line["CID"]) == (host, "till", str(till.client_id))
    assert (line["LANG"], line["VERSION"]) == ("python3", connection.version)
    assert (line["ACCOUNT"], line["PENDING"]) == ("$G", "0B")
    assert (line["MSGS_FROM"], line["MSGS_TO"]) == ("2", "2")
    assert (line["MSGS_FROM/S"], line["BYTES_TO/S"]) == ("0", "0B")
    assert line["SUBS"] == "2"


@pytest.mark.usefixtures("selling")
async def test_rates_are_those_of_what_goes_on(server, capsys):
    """Of the connection, and of the stream that takes it."""
    (connection,) = table(await once(capsys, server.monitoring_url))
    assert connection["MSGS_FROM/S"] != "0"
    assert connection["BYTES_TO/S"] != "0B"
    (stream,) = table(await once(capsys, server.monitoring_url, "--streams"))
    assert (stream["STREAM"], stream["ACCOUNT"], stream["FIRST_SEQ"]) == ("ORDERS", "$G", "1")
    assert stream["MESSAGES/S"] != "0"


@pytest.mark.usefixtures("till")
async def test_subscriptions_are_shown_when_asked_for(server, capsys):
    """They may be many."""
    assert "greet.*" not in await once(capsys, server.monitoring_url)
    assert "greet.*" in await once(capsys, server.monitoring_url, "--subscriptions")


@pytest.mark.usefixtures("till")
async def test_the_order_is_the_servers(server, clients, capsys):
    """So with very many connections the first ones are those of all."""
    await clients.connect(server.client_url, name="idle")
    for order, names in (("cid", ["till", "idle"]), ("subs", ["till"])):
        count = str(len(names))
        screen = await once(capsys, server.monitoring_url, "--sort", order, "-n", count)
        assert f"Connections  {count} of 2  by {order}\n" in screen
        assert [line["NAME"] for line in table(screen)] == names


def test_without_jetstream_it_says_so(capsys):
    """Not that there is nothing in it."""
    with NatsController(BrokerConfiguration(port=-1, http_port=-1)) as controller:
        assert main(["top", controller.monitoring_url, "--once", "-d", "0.1"]) == 0
    screen = capsys.readouterr().out
    assert "\nJetStream  off\n" in screen
    assert re.search("^In +0 +0 +0B +0B$", screen, re.MULTILINE)


def test_it_knows_a_base_path_and_tls(certificates, monkeypatch, capsys):
    """As ``healthz`` does; whom to trust is said in the environment."""
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    config = BrokerConfiguration(port=-1, https_port=-1, http_base_path="/nats", tls=tls)
    with NatsController(config) as controller:
        url = controller.monitoring_url
        assert url.startswith("https://")
        assert url.endswith("/nats")
        assert main(["top", url, "--once", "-d", "0.1"]) == 1
        assert "certificate" in capsys.readouterr().err
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
        assert main(["top", url, "--once", "-d", "0.1"]) == 0


def test_it_watches_the_stock_server(nats_server_binary, free_port, capsys):
    """Whoever made it."""
    command = [nats_server_binary, "-a", "127.0.0.1", "-p", "-1", "-m", str(free_port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            next(line for line in process.stderr if "Server is ready" in line)
            assert main(["top", str(free_port), "--once", "-d", "0.1"]) == 0
        finally:
            process.terminate()
    assert "Connections  0 of 0  by cid\n" in capsys.readouterr().out


class Another(BaseHTTPRequestHandler):
    """Another kind of server."""

    def do_GET(self):
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize("page", [b"<html>", b'{"status": "ok"}'])
def test_another_kind_of_server_is_one_clear_line_and_exit_code_1(capsys, page):
    """Ports are easily mistaken."""
    with HTTPServer(("127.0.0.1", 0), Another) as another:
        another.page = page
        thread = Thread(target=another.handle_request)
        thread.start()
        assert main(["top", str(another.server_port), "--once"]) == 1
        thread.join()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("/varz: the answer is none of a NATS server\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-d", "0"], ["-d", "nan"], ["--sort", "stop"]])
def test_what_makes_no_sense_is_refused(capsys, arguments):
    """Before anybody is asked."""
    with pytest.raises(SystemExit) as exc:
        main(["top", *arguments])
    assert exc.value.code == 2
    assert "expected" in (err := capsys.readouterr().err) or "choose from" in err


def test_without_rich_it_says_what_to_install(run_python):
    """It is an extra."""
    done = run_python("""
        import sys

        sys.modules["rich"] = None
        from dotgnatly.cli import main

        sys.exit(main(["top", "1"]))
    """)
    assert (done.code, done.out) == (1, "")
    assert done.err == "dotgnatly: top needs rich: pip install 'dotgnatly[top]'\n"


# -- one after the other ---------------------------------------------------------------------------


def test_where_there_is_no_terminal_it_is_plain_text(server, command):
    """For a file, or another program."""
    top = command("top", server.monitoring_url, "-d", "0.05").process
    lines = [top.stdout.readline() for _ in range(40)]
    assert sum(line.startswith("hub ") for line in lines) >= 2
    assert "\x1b" not in "".join(lines)


def test_it_goes_on_when_the_server_does(server, command):
    """What watches outlives what is watched."""
    server.update_config(http_port=server.ports()["monitoring"])
    top = command("top", server.monitoring_url, "-d", "0.05")
    top.process.stdout.readline()
    server.shutdown()
    assert top.wait_for("/varz: ").startswith("dotgnatly: http://127.0.0.1:")
    server.start()
    wait_until(lambda: server.server_id in top.process.stdout.readline())


@needs_terminal
def test_it_ends_when_nobody_reads_any_more(server, command):
    """As with ``| head``."""
    top = command("top", server.monitoring_url, "-d", "0.05").process
    top.stdout.readline()
    top.stdout.close()
    assert top.wait(timeout=20) == 0
    assert top.stderr.read() == ""


# -- in a terminal ---------------------------------------------------------------------------------


@pytest.fixture
def terminal():
    """Starts ``top`` in a terminal; it is ended after the test."""
    from tests.terminals import Terminal

    with ExitStack() as started:

        def start(*arguments, **options):
            one = Terminal("top", *arguments, **options)
            started.callback(one.close)
            return one

        yield start


@needs_terminal
@pytest.mark.usefixtures("selling")
async def test_the_screen_is_live(server, terminal):
    """It is drawn again, with rates as soon as there are any."""
    top = terminal(server.monitoring_url, "-d", "0.1")
    await top.shows("^hub ")
    await top.shows(r"^In +\S+ +[1-9]\S* ")
    await top.shows(r"^127\.0\.0\.1:\d+ +\d+ +till ")


@needs_terminal
@pytest.mark.usefixtures("till")
async def test_keys_change_what_is_shown(server, terminal):
    """At once: the interval is long."""
    top = terminal(server.monitoring_url, "-d", "300")
    await top.shows("by cid")
    top.press("o")
    await top.shows("by start")
    top.press("OO")
    await top.shows("by rtt")
    top.press("\x1b[A\x1bOPs")  # an arrow and F1, which has an O in it, say nothing
    await top.shows(r"by rtt\s+HOST.*SUBSCRIPTIONS\s[^_]*_INBOX\S*, greet\.\*")
    top.press("j")
    await top.shows("^ORDERS")
    top.press("xq")
    assert await top.finish() == 0


@needs_terminal
@pytest.mark.parametrize("way", [
    "q", "Ctrl-C", "Ctrl-\\", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT",
])  # fmt: skip
async def test_every_way_out_leaves_the_terminal_as_it_was(server, terminal, way):
    """Else the shell would not show what is typed."""
    top = terminal(server.monitoring_url, "-d", "300")
    await top.shows("^hub ")
    assert top.is_changed()
    if way.startswith("SIG"):
        top.process.send_signal(getattr(signal, way))
    else:
        top.press({"Ctrl-C": "\x03", "Ctrl-\\": "\x1c"}.get(way, way))
    assert await top.finish() == 0


@needs_terminal
async def test_ctrl_z_does_not_leave_the_screen_behind(server, terminal):
    """A shell would go on in the middle of it."""
    top = terminal(server.monitoring_url, "-d", "300")
    await top.shows("^hub ")
    top.press("\x1a")
    top.press("o")
    await top.shows("by start")


@needs_terminal
async def test_a_server_that_is_gone_is_told_until_it_is_back(server, terminal):
    """Its last figures stay, and it may come back as another one."""
    server.update_config(http_port=server.ports()["monitoring"])
    top = terminal(server.monitoring_url, "-d", "0.1")
    await top.shows(rf"^hub .*id {server.server_id}")
    await asyncio.to_thread(server.shutdown)
    await top.shows(r"/varz: .*; trying again\s+hub ")
    await asyncio.to_thread(server.start)
    await top.shows(rf"another order[^;]*; .*\s+hub .*id {server.server_id}")


@needs_terminal
async def test_a_terminal_sees_no_escape_sequence_of_a_client(server, clients, terminal):
    """Whoever can connect would have it do what he likes."""
    await clients.connect(server.client_url, name="\x1b[31mclient")
    top = terminal(server.monitoring_url)
    await top.shows(r"\?\[31mclient")
    assert not top.is_raw()


@needs_terminal
async def test_a_server_that_is_not_there_is_told_outside_of_the_screen(free_port, terminal):
    """It would be gone with it."""
    top = terminal(str(free_port))
    await top.shows(r"dotgnatly: http://127\.0\.0\.1:\d+/varz: ")
    assert await top.finish() == 1


@needs_terminal
async def test_a_terminal_that_cannot_be_drawn_on_gets_plain_text(server, terminal):
    """Such as that of an editor."""
    top = terminal(server.monitoring_url, "-d", "0.1", kind="dumb")
    await top.shows("^hub ")
    assert not top.is_changed()
    top.press("\x03")
    assert await top.finish() == 0
