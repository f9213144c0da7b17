"""What is started and stopped many times costs no more than once."""

import pytest

ROUNDS = """
from dotgnatly import NatsController
from inside import *

def rounds(count, **config):
    for _ in range(count):
        with NatsController({"port": -1} | config) as controller:
            controller.update_config(max_payload=12345)
"""

MEGABYTE = 1 << 20


@pytest.mark.timeout(120)
def test_500_servers_leave_no_descriptor_and_no_thread(passes):
    """A test-suite or a notebook starts and stops servers all day."""
    passes(
        ROUNDS
        + """
rounds(20, http_port=-1, log_file="a.log", websocket={"port": -1, "no_tls": True})
before, threads = alive(), os_threads()
rounds(500, http_port=-1, log_file="a.log", websocket={"port": -1, "no_tls": True})
settled(before)
assert os_threads() <= threads + 2, (threads, os_threads())  # Go may keep one more for system calls
        """
    )


@pytest.mark.timeout(120)
def test_500_servers_leave_no_memory(passes):
    """Flat, but for the noise of two heaps."""
    (grown,) = passes(
        ROUNDS
        + """
rounds(100)
before = memory()
rounds(500)
print(memory() - before)
        """
    )
    assert int(grown) < 8 * MEGABYTE


@pytest.mark.timeout(120)
def test_500_servers_with_jetstream_hold_a_bounded_memory(passes):
    """The server's timers keep each that was stopped for two minutes: at most 0.25 MB each."""
    (grown,) = passes(
        ROUNDS
        + """
rounds(20, jetstream={})
before, still = memory(), alive()
rounds(500, jetstream={})
print(memory() - before)
settled(still)
        """
    )
    assert int(grown) < 500 * MEGABYTE // 4


def test_failed_starts_leave_no_memory(passes):
    """A program may try until a port is free."""
    (grown,) = passes(
        ROUNDS
        + """
from dotgnatly import PortInUseError

def failures(count):
    with taken_port() as port:
        for _ in range(count):
            with suppress(PortInUseError):
                NatsController({"port": port, "http_port": -1}).start()

rounds(20)
failures(100)
before, still = memory(), alive()
failures(500)
print(memory() - before)
settled(still)
        """
    )
    assert int(grown) < 8 * MEGABYTE


def test_changes_leave_no_memory(passes):
    """A server that runs for months is reloaded many times."""
    (grown,) = passes("""
        from dotgnatly import NatsController
        from inside import *

        def changes(count):
            for n in range(count):
                controller.update_config(max_payload=1000 + n)
                controller.varz()

        with NatsController({"port": -1, "http_port": -1, "log_file": "a.log"}) as controller:
            changes(200)
            before, still = memory(), alive()
            changes(1000)
            print(memory() - before)
            settled(still)
    """)
    assert int(grown) < 8 * MEGABYTE


def test_clients_inside_leave_nothing(passes):
    """Each has a socket pair and two goroutines while it lives."""
    passes("""
        import asyncio
        from dotgnatly import NatsController
        from inside import *

        async def connections(controller, count):
            for _ in range(count):
                client = await controller.connect_nats_py()
                await client.flush()
                await client.close()

        with NatsController(dont_listen=True) as controller:
            asyncio.run(connections(controller, 5))
            before = alive()
            asyncio.run(connections(controller, 100))
            settled(before)
            assert counts()["connections"] == 0
    """)


def test_a_client_that_does_not_read_holds_up_no_shutdown(passes):
    """The server alone would wait for it until write_deadline, ten seconds."""
    passes("""
        from dotgnatly import NatsController
        from inside import *

        controller = NatsController({"port": -1})
        controller.start()
        clients = []
        for _ in range(20):
            ours, theirs = socket.socketpair()
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            controller._server.connect(theirs)
            ours.sendall(b'CONNECT {"verbose": true}\\r\\n')
            ours.setblocking(False)
            with suppress(BlockingIOError):
                while True:  # each PING is answered, until the answers fit in no buffer
                    ours.send(b"PING\\r\\n" * 1000)
            clients.append(ours)
        begun = time.monotonic()
        controller.shutdown()
        assert time.monotonic() - begun < 5
    """)
