"""Run by test_neighbour.py in an interpreter of its own: two Go runtimes, both busy.

Arguments: the path of the neighbour's library, and which of the two is loaded first.
"""

import contextlib
import ctypes
import json
import os
import sys
import threading

from dotgnatly import BrokerConfiguration, NatsController
from dotgnatly.errors import NativeError
from dotgnatly.runtime import native

BUSY_MS = 2000


def load_neighbour(path):
    """Load it so that its symbols are offered to all that is loaded later."""
    library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    library.neighbour_work.restype = library.gb_versions.restype = ctypes.c_int
    return library


def load_ours():
    """Load our module likewise, which is the harder case."""
    if sys.platform != "win32":
        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    return native()


def main(path, first):
    """Keep both at work, and check that each has answered for itself."""
    if first == "ours":
        ours, neighbour = load_ours(), load_neighbour(path)
    else:
        neighbour, ours = load_neighbour(path), load_ours()

    rounds = []
    workers = [
        threading.Thread(target=lambda: rounds.append(neighbour.neighbour_work(BUSY_MS)))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    servers = 0
    while any(worker.is_alive() for worker in workers):
        with NatsController(BrokerConfiguration(port=-1, jetstream=True)) as controller:
            controller.update_config(max_payload=4096 + servers)
            assert controller.varz().max_payload == 4096 + servers
            with contextlib.suppress(NativeError):
                ours.fault(b"nil")
        servers += 1
    for worker in workers:
        worker.join()

    assert servers > 0
    assert len(rounds) == len(workers)
    assert min(rounds) > 0
    assert neighbour.gb_versions() == 4711  # as neighbour.go says
    assert json.loads(ours.versions())["nats_server"].startswith("2.")
    print(f"{servers} servers, {sum(rounds)} rounds of the neighbour")


main(*sys.argv[1:])
