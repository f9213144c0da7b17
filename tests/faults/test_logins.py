"""Those who try to log in, again and again, and may not."""

import asyncio
import math
import time
from pathlib import Path
from statistics import median, quantiles

import pytest
from nats import errors

from tests.conftest import answer, answered
from tests.faults.servers import until

pytestmark = pytest.mark.fault

# Attempts come from other machines: on this one the server and its clients come first.
WRONG_LOGINS = """
    import os
    import socket
    import sys

    def is_refused(port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b'CONNECT {"user": "ann", "pass": "wrong"}\\r\\n')
            said = b""
            while data := connection.recv(4096):
                said += data
            return b"Authorization Violation" in said

    if hasattr(os, "nice"):
        os.nice(19)
    port = int(sys.argv[1])
    for line in sys.stdin:
        print(sum(is_refused(port) for _ in range(int(line))), flush=True)
"""


async def durations(client, enough):
    """The seconds that each of some requests takes; infinite if there is no answer."""
    taken = []
    while not enough():
        begun = time.perf_counter()
        try:
            await client.request("echo", timeout=5)
        except errors.TimeoutError:
            taken.append(math.inf)
        else:
            taken.append(time.perf_counter() - begun)
    return taken


async def test_wrong_logins_harm_nobody(server, connect, interpreter, report, rounds):
    """A thousand a round: others wait twice as long at most, and in the end nothing stays."""
    rounds = rounds(10)
    guarded = server(
        "guarded",
        authorization={"users": [{"user": "ann", "password": "a"}]},
        max_closed_clients=1000,  # it remembers so many: after the first round all it ever will
    )
    await guarded.start()
    client, other = [await connect(guarded, user="ann", password="a") for _ in range(2)]
    await answer(other, "echo", b"")
    await answered(client, "echo")
    attempts = interpreter(WRONG_LOGINS, str(guarded.port))

    async def refused(count):
        attempts.write_line(str(count))
        return int(await asyncio.to_thread(attempts.read_line))

    async def memory():
        return (await guarded.get("/varz"))["mem"]

    def descriptors():
        """How many are open; zero where nobody tells."""
        folder = Path(f"/proc/{guarded.process.pid}/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0

    assert await refused(1000) == 1000
    before = await memory(), descriptors()
    quiet, during, seconds, lasted = [], [], 0.0, 0.2
    for _ in range(rounds * 10):  # by turns and equally long: what else runs here slows both down
        end = time.monotonic() + lasted
        quiet += await durations(client, lambda end=end: time.monotonic() > end)
        begun = time.monotonic()
        logins = asyncio.create_task(refused(100))
        during += await durations(client, logins.done)
        assert await logins == 100
        lasted = time.monotonic() - begun
        seconds += lasted

    async def nothing_stays():
        return await memory() < before[0] + 5e6 and descriptors() <= before[1]

    await until(nothing_stays, "memory and descriptors are as before", timeout=60)
    ratio = median(during) / median(quiet)
    p99, p99_during = (quantiles(taken, n=100)[-1] * 1000 for taken in (quiet, during))
    grown, opened = await memory() - before[0], descriptors() - before[1]
    lost = sum(map(math.isinf, during))
    report(
        "a thousand wrong logins", rounds, len(during) - lost, lost,
        f"{1000 * rounds / seconds:.0f} a second; others' requests took {ratio:.2f} times as long, "
        f"p99 {p99_during:.1f} ms instead of {p99:.1f}; memory {grown / 1e6:+.1f} MB, "
        + (f"descriptors {opened:+}" if before[1] else "descriptors are not counted here"),
    )  # fmt: skip
    assert ratio < 2
    assert lost == client.stats["reconnects"] == other.stats["reconnects"] == 0
