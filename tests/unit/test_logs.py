"""The server's log lines: in ``logging``, and in ``log_file``."""

import asyncio
import logging
import os
import re
import threading
import time

import nats
import pytest

from dotgnatly import BrokerConfiguration, NatsController, StartError, logs
from tests.conftest import arrived, wait_until

SERVER = logging.getLogger("dotgnatly.server")


def texts(records, level=None):
    """The lines of some level, or all."""
    return [record.getMessage() for record in records if level in {None, record.levelno}]


def numbered(text):
    """The numbers of the messages that the trace tells of, in order: each line is there once."""
    return [int(number) for number in re.findall(r"<<- MSG_PAYLOAD: \[\"?n(\d+)", text)]


def dropped(records):
    """How many lines were dropped, as the records say."""
    told = [re.match(r"(\d+) log lines were dropped", text) for text in texts(records)]
    return sum(int(match[1]) for match in told if match)


@pytest.fixture
def busy():
    """A thread that holds the GIL as long as the interpreter lets it."""
    ended = False

    def count():
        number = 0
        while not ended:
            number += 1

    thread = threading.Thread(target=count)
    thread.start()
    yield
    ended = True
    thread.join()


@pytest.fixture
async def talk():
    """Publishes numbered messages; with trace on each is a line of the log."""
    client, sent = None, 0

    async def talk(controller, count=100):
        nonlocal client, sent
        client = client or await nats.connect(controller.client_url)
        for number in range(sent, sent + count):
            await client.publish("a", b"n%d" % number)
        sent += count
        await arrived(client)  # and so has been traced

    yield talk
    if client:
        await client.close()


# -- logging ---------------------------------------------------------------------------------------


def test_lines_arrive_in_logging(lines, nats_server):
    """Where a Python program looks for them."""
    assert nats_server.is_running
    wait_until(lambda: "Server is ready" in texts(lines, logging.INFO))


async def test_levels_are_mapped(lines, make):
    """A program filters as it does everywhere."""
    config = {"port": -1, "debug": True, "trace": True, "max_payload": 16 << 20,
              "authorization": {"token": "right"}}  # fmt: skip
    async with make(config) as controller:
        with pytest.raises(nats.errors.Error):
            await nats.connect(controller.client_url, token="wrong", max_reconnect_attempts=1,
                               reconnect_time_wait=0.01)  # fmt: skip
        for level, text in [
            (logging.INFO, "Server is ready"),
            (logging.DEBUG, "Client connection created"),
            (logs.TRACE, "CONNECT"),
            (logging.WARNING, "Maximum payloads over"),
            (logging.ERROR, "authentication error"),
        ]:
            wait_until(lambda: any(text in t for t in texts(lines, level)), text)  # noqa: B023
    assert {record.levelno for record in lines} == {logs.TRACE, 10, 20, 30, 40}


def test_a_fatal_line_is_critical_and_nobody_exits(lines, free_port):
    """nats-server ends its process there."""
    with NatsController(BrokerConfiguration(port=free_port)):
        other = NatsController(BrokerConfiguration(port=free_port))
        with pytest.raises(StartError):
            other.start()
    wait_until(lambda: texts(lines, logging.CRITICAL))


def test_trace_lines_have_a_level_name():
    """Not ``Level 5``."""
    with NatsController(BrokerConfiguration(port=-1)):
        assert logging.getLevelName(logs.TRACE) == "TRACE"


def test_each_line_names_its_server(lines):
    """Two servers in a process write to one logger."""
    with (
        NatsController(BrokerConfiguration(port=-1, server_name="one")),
        NatsController(BrokerConfiguration(port=-1, server_name="two")),
    ):
        pass
    wait_until(lambda: texts(lines).count("Server Exiting..") == 2)
    assert {record.server_name for record in lines} == {"one", "two"}
    for name in ("one", "two"):
        own = texts([record for record in lines if record.server_name == name])
        assert "Server is ready" in own
        assert f"  Name:     {name}" in own


async def test_a_line_about_a_connection_names_it(lines, start):
    """A program finds all that concerns a client, or a tenant, without taking texts apart."""
    user = {"user": 'a "b" - c/user:d', "password": "p"}
    broker = await start(debug=True, accounts={"SHOP/user": {"users": [user]}})
    client = await nats.connect(broker.client_url, name='- "cid:1" - "$G/user:x" -', **user)
    (found,) = await broker.clients()
    await client.close()
    wait_until(lambda: any("connection closed" in text for text in texts(lines)))
    told = [record for record in lines if "Client connection" in record.getMessage()]
    assert {record.cid for record in told} == {found.cid}
    assert [record.account for record in told] == [None, found.account]  # the first is its login


async def test_of_other_lines_the_fields_are_there_and_say_nothing(lines, nats_server):
    """A formatter may use them for every line."""
    wait_until(lambda: "Server is ready" in texts(lines))
    assert nats_server.is_running
    assert {(record.cid, record.account) for record in lines} == {(None, None)}


@pytest.mark.parametrize(
    ("line", "connection"),
    [
        ('pipe - cid:3 - "v2:go" - "$G/token" - <<- [PING]', (3, "$G")),
        ('1.2.3.4/[::1]:5 - wid:4 - "v2:go" - "A\\\\b/nkey:UA" - x', (4, "A\\b")),
        (f'[::1]:5 - cid:6 - "v2:go" - "A{"B" * 55}/shop/jwt:UA" - x', (6, f"A{'B' * 55}")),
        ("127.0.0.1:5 - rid:7 - Route connection created", (7, None)),
        ("127.0.0.1:5 - lid_ws:8 - Leafnode connection closed", (8, None)),
        ('127.0.0.1:5 - mid:9 - "raw" - Client connected', (9, None)),
        ('127.0.0.1:5 - cid:9 - "A/user:x" - a client that calls itself so', (9, None)),
        ('127.0.0.1:5 - cid:9 - "v2:go" - <<- [PUB - "A/user:x" - ]', (9, None)),
        ("JETSTREAM - <<- [SUB a - cid:1 - b]", (None, None)),
        ("Listening for client connections on 127.0.0.1:5", (None, None)),
    ],
)
def test_what_a_line_tells_of_its_connection(line, connection):
    """The server has a form for it; what clients say of themselves is not taken for it."""
    assert logs.connection_of(line) == connection


def test_a_nameless_servers_lines_have_its_id(lines):
    """Which is its name."""
    with NatsController(BrokerConfiguration(port=-1)) as controller:
        name = controller.server_name
    wait_until(lambda: "Server Exiting.." in texts(lines))
    assert {record.server_name for record in lines} == {name}


def test_lines_carry_their_own_time(lines):
    """When it happened, not when it was delivered."""
    before = time.time()
    with NatsController(BrokerConfiguration(port=-1)):
        wait_until(lambda: "Server is ready" in texts(lines))
    times = [record.created for record in lines]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()


def test_nothing_is_printed_by_default(run_python):
    """A library is silent unless it is asked."""
    done = run_python(
        """
        from dotgnatly import BrokerConfiguration, NatsController
        with NatsController(BrokerConfiguration(port=-1, debug=True, trace=True)) as controller:
            controller.update_config(max_payload=4096)
        """
    )
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_program_that_configures_logging_sees_the_lines(run_python):
    """Up to the last one, at exit."""
    done = run_python(
        """
        import logging
        from dotgnatly import BrokerConfiguration, NatsController
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
        with NatsController(BrokerConfiguration(port=-1)):
            pass
        """
    )
    assert "INFO dotgnatly.server Server is ready\n" in done.err
    assert done.err.endswith("INFO dotgnatly.server Server Exiting..\n")


async def test_debug_is_switched_on_and_off_on_a_running_server(make, tmp_path):
    """To look at a problem without a restart."""
    log = tmp_path / "log"

    async def tells_of_a_client() -> bool:
        before = log.read_text()
        await (await nats.connect(controller.client_url)).close()
        return "Client connection created" in log.read_text().removeprefix(before)

    async with make({"port": -1, "log_file": log}) as controller:
        told = [await tells_of_a_client()]
        for debug in (True, False):
            await controller.update_config(debug=debug)
            told.append(await tells_of_a_client())
    assert told == [False, True, False]


async def test_trace_switched_on_shows_what_new_clients_say(lines, start, talk):
    """Those that are connected already stay as they are, and the change says so."""
    broker = await start(debug=True)
    client = await nats.connect(broker.client_url)
    plan = await broker.plan(trace=True)
    version = await broker.update_config(trace=True)
    assert version.caveats == plan.warnings
    assert [fault.path for fault in version.caveats] == ["trace"]
    await client.publish("a", b"old")
    await arrived(client)
    await client.close()
    await talk(broker, 1)
    wait_until(lambda: any("n0" in text for text in texts(lines, logs.TRACE)))
    assert not any("old" in text for text in texts(lines))


async def test_trace_that_was_on_has_no_caveat(start):
    """Nor has its end, nor a restart, after which all connections are new."""
    broker = await start(debug=True, trace=True)
    for change in ({"trace_verbose": True}, {"trace": None, "trace_verbose": None}):
        assert not (await broker.plan(change)).warnings
        assert not (await broker.update_config(change)).caveats
    change = {"trace": True, "server_name": "n"}
    assert not (await broker.plan(change)).warnings
    assert not (await broker.update_config(change, allow_restart=True)).caveats


async def test_a_handler_that_raises_hurts_nobody(lines, make, capsys):
    """Neither the server nor the lines after it; each failure is told on stderr."""

    class Broken(logging.Handler):
        def emit(self, _):
            raise RuntimeError("mine")

    handler, told = Broken(), []

    def all_told():
        told.append(capsys.readouterr().err)
        return "".join(told).count("RuntimeError: mine") == len(lines)

    SERVER.addHandler(handler)
    try:
        async with make() as controller:
            await controller.update_config(max_payload=4096)
            assert (await controller.varz()).max_payload == 4096
        wait_until(lambda: "Server Exiting.." in texts(lines))
        wait_until(all_told)
    finally:
        SERVER.removeHandler(handler)


async def test_a_handler_that_hangs_holds_up_nobody_and_what_is_lost_is_counted(
    make, talk, tmp_path
):
    """The ring for logging is bounded; log_file has every line all the same."""
    log, delivered, go_on = tmp_path / "log", [], threading.Event()
    go_on.set()

    class Slow(logging.Handler):
        def emit(self, record):
            go_on.wait(30)
            delivered.append(record)

    def own():
        return texts([record for record in delivered if vars(record).get("server_name") == "own"])

    config = {"port": -1, "server_name": "own", "trace": True, "log_file": log}
    handler, level = Slow(), SERVER.level
    SERVER.addHandler(handler)
    SERVER.setLevel(logs.TRACE)
    try:
        async with make(config) as controller:
            wait_until(lambda: "Server is ready" in own())
            go_on.clear()
            await talk(controller, 5_000)
            go_on.set()
            wait_until(lambda: dropped(delivered))
        wait_until(lambda: "Server Exiting.." in own())
    finally:
        go_on.set()
        SERVER.removeHandler(handler)
        SERVER.setLevel(level)
    written = log.read_text()
    assert numbered(written) == list(range(5_000))
    assert len(own()) + dropped(delivered) == written.count("\n")


@pytest.mark.usefixtures("busy")
async def test_trace_of_a_busy_program_holds_up_nobody_and_what_is_lost_is_counted(
    lines, make, tmp_path
):
    """Clients and calls get on while Python cannot read as fast as the server writes."""
    log = tmp_path / "log"
    async with make({"port": -1, "server_name": "own", "trace": True, "log_file": log}) as broker:
        port = (await broker.ports())["client"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        messages = b"PUB a 2\r\nhi\r\n" * 20_000  # nats-py would be as slow as what reads the log
        writer.write(b'CONNECT {"verbose":false}\r\n' + messages + b"PING\r\n")
        await reader.readuntil(b"PONG\r\n")
        assert (await broker.varz()).in_msgs == 20_000
        await broker.update_config(max_payload=4096)
        writer.close()
        await writer.wait_closed()
    wait_until(lambda: "Server Exiting.." in texts(lines))
    told = [record for record in lines if record.server_name]
    assert dropped(lines)
    assert len(told) + dropped(lines) == log.read_text().count("\n")


# -- log_file --------------------------------------------------------------------------------------


async def test_log_file_has_the_lines_in_the_servers_format(make, tmp_path):
    """What reads nats-server's logs reads ours."""
    log = tmp_path / "log"
    async with make({"port": -1, "log_file": log}):
        pass
    line = re.compile(r"\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[(INF|WRN)\] .*")
    written = log.read_text().splitlines()
    assert all(map(line.fullmatch, written))
    assert written[0].startswith(f"[{os.getpid()}] ")
    assert written[0].endswith("Starting nats-server")
    assert written[-1].endswith("Server Exiting..")


async def test_logtime_off_leaves_the_time_out(make, tmp_path):
    """As nats-server does, where a supervisor adds its own."""
    log = tmp_path / "log"
    async with make({"port": -1, "log_file": log, "logtime": False}):
        pass
    assert log.read_text().startswith(f"[{os.getpid()}] [INF] Starting nats-server\n")


async def test_logtime_in_utc(make, tmp_path):
    """For machines in several places."""
    log = tmp_path / "log"
    async with make({"port": -1, "log_file": log, "logtime_utc": True}):
        now = time.strftime("%Y/%m/%d %H:", time.gmtime())
    assert now in log.read_text()


async def test_log_file_is_appended_to(make, tmp_path):
    """A restart keeps what was written before."""
    log = tmp_path / "log"
    log.write_text("before\n")
    async with make({"port": -1, "log_file": log}):
        pass
    assert log.read_text().startswith("before\n[")


async def test_log_file_follows_a_reload_and_loses_no_line(make, talk, tmp_path):
    """A new file from one line to the next, while clients talk."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with make({"port": -1, "trace": True, "log_file": old}) as controller:
        await talk(controller)
        await controller.update_config(log_file=new)
        size = old.stat().st_size
        await talk(controller)
        assert old.stat().st_size == size
    assert numbered(old.read_text()) == list(range(100))
    assert numbered(new.read_text()) == list(range(100, 200))


async def test_log_file_is_switched_on_and_off_on_a_running_server(broker, talk, tmp_path):
    """To look at a problem without a restart."""
    log = tmp_path / "log"
    await broker.update_config(log_file=log, trace=True)
    await talk(broker, 10)
    await broker.update_config(log_file=None)
    size = log.stat().st_size
    await talk(broker, 10)
    assert log.stat().st_size == size
    assert numbered(log.read_text()) == list(range(10))


async def test_reopen_log_after_a_rename_loses_no_line(make, talk, tmp_path):
    """Log rotation from outside: rename, then say so."""
    log, old = tmp_path / "log", tmp_path / "log.1"
    async with make({"port": -1, "trace": True, "log_file": log}) as controller:
        await talk(controller)
        log.rename(old)
        await talk(controller)
        await controller.reopen_log()
        await talk(controller)
    assert numbered(old.read_text()) == list(range(200))
    assert numbered(log.read_text()) == list(range(200, 300))


async def test_reopen_log_without_a_file_does_nothing(broker):
    """A script that rotates all logs need not know which servers have one."""
    await broker.reopen_log()
    assert broker.is_running


async def test_a_large_log_file_is_moved_aside_and_loses_no_line(make, talk, tmp_path):
    """logfile_size_limit, as in nats-server."""
    limit = 4096
    config = {"port": -1, "trace": True, "log_file": tmp_path / "log",
              "logfile_size_limit": limit}  # fmt: skip
    async with make(config) as controller:
        await talk(controller, 300)
    files = [*sorted(tmp_path.glob("log.*")), tmp_path / "log"]
    assert len(files) > 3
    assert all(file.stat().st_size <= limit for file in files)
    assert numbered("".join(file.read_text() for file in files)) == list(range(300))


async def test_old_log_files_are_removed_beyond_logfile_max_num(make, talk, tmp_path):
    """The newest are kept, the one in use counted."""
    config = {"port": -1, "trace": True, "log_file": tmp_path / "log",
              "logfile_size_limit": 4096, "logfile_max_num": 3}  # fmt: skip
    async with make(config) as controller:
        await talk(controller, 300)
    files = [*sorted(tmp_path.glob("log.*")), tmp_path / "log"]
    kept = numbered("".join(file.read_text() for file in files))
    assert len(files) == 3
    assert kept == list(range(300 - len(kept), 300))
