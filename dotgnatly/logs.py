"""The server's log lines on their way into ``logging``.

They arrive on the logger ``dotgnatly.server``, each record with the attribute ``server_name``.
Nothing is printed unless the program configures logging. Go keeps the lines in a bounded ring and
drops the oldest when nobody takes them; how many is said in a line of its own.
"""

import logging
import socket
import threading
import traceback
from types import ModuleType

import msgspec

TRACE = 5
"""Level of the server's trace lines, below DEBUG."""

lock = threading.Lock()
"""Held while the native library is loaded."""

package = logging.getLogger("dotgnatly")
package.addHandler(logging.NullHandler())
server = logging.getLogger("dotgnatly.server")

_thread: threading.Thread | None = None
_writer: socket.socket | None = None


class _Batch(msgspec.Struct, frozen=True):
    lines: list[tuple[str, int, int, str]]
    """Name of the server, level, nanoseconds since 1970, text."""
    dropped: int


_decode = msgspec.json.Decoder(_Batch).decode


def start(library: ModuleType) -> None:
    """Deliver lines from now on, on a thread that sleeps while there are none."""
    global _thread, _writer  # noqa: PLW0603 - one thread a process
    if logging.getLevelName(TRACE) == f"Level {TRACE}":
        logging.addLevelName(TRACE, "TRACE")
    reader, _writer = socket.socketpair()
    library.logs_open(_writer.fileno())
    _thread = threading.Thread(
        target=_deliver_all, args=(library, reader), name="dotgnatly-logs", daemon=True
    )
    _thread.start()


def stop(library: ModuleType) -> None:
    """Deliver what is left and end the thread."""
    library.logs_open(-1)
    if _writer is not None:
        _writer.close()
    if _thread is not None:
        _thread.join(2.0)


def _deliver_all(library: ModuleType, reader: socket.socket) -> None:
    with reader:
        more = True
        while more:
            more = bool(reader.recv(4096))
            _deliver(_decode(library.logs_take()))


def _deliver(batch: _Batch) -> None:
    if batch.dropped:
        server.warning(
            "%d log lines were dropped: they came faster than they were read", batch.dropped
        )
    for name, level, time_ns, text in batch.lines:
        if not server.isEnabledFor(level):
            continue
        record = server.makeRecord(
            server.name, level, "nats-server", 0, text, (), None, None,
            {"server_name": name},
        )  # fmt: skip
        record.created, record.msecs = time_ns / 1e9, time_ns // 1_000_000 % 1000
        try:
            server.handle(record)
        except Exception:  # noqa: BLE001 - a handler that raises must not end the delivery
            traceback.print_exc()
