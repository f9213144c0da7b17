"""The server's log lines on their way into ``logging``.

They arrive on the logger ``dotgnatly.server``, each record with the attribute ``server_name``.
Nothing is printed unless the program configures logging. Go keeps the lines in a bounded ring and
drops the oldest when nobody takes them; how many is said in a line of its own.
"""

import _thread
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from dotgnatly._wake import Wake

if TYPE_CHECKING:
    import logging

TRACE = 5
"""Level of the server's trace lines, below DEBUG."""

_starting = _thread.allocate_lock()
_ended = False
_open = False
_delivering = _thread.allocate_lock()
"""Held by the thread that delivers the lines, until there will be no more."""
_wake: Wake | None = None
_logger: "logging.Logger | None" = None


class _Batch(msgspec.Struct, frozen=True):
    lines: list[tuple[str, int, int, str]]
    """Name of the server, level, nanoseconds since 1970, text."""
    dropped: int


_decode = msgspec.json.Decoder(_Batch).decode


def start(library: ModuleType) -> None:
    """Deliver lines from now on, on a thread that sleeps while there are none.

    Called while the first server starts: what is imported here costs no time of its own then.
    """
    import threading  # noqa: F401 - for the thread

    global _open, _wake  # noqa: PLW0603 - one thread a process
    if _open:
        return
    with _starting:  # in parts, as a signal can end each call, and the next one goes on from there
        if _ended:
            return
        if _wake is None:
            _wake = Wake()
        if not _delivering.locked():
            begun = _thread.allocate_lock()
            begun.acquire()
            _thread.start_new_thread(_deliver_all, (library, _wake, begun))
            begun.acquire()
        library.logs_open(_wake.writer)
        _open = True


def stop(library: ModuleType) -> None:
    """Deliver what is left and end the thread, for good: the interpreter ends too."""
    global _ended  # noqa: PLW0603 - as above
    with _starting:  # a daemon thread may be in the middle of a start
        _ended = True
    if _wake is None:
        return
    library.logs_open(-1)
    _wake.close_writer()
    _delivering.acquire(timeout=2.0)


def package_logger() -> "logging.Logger":
    """The logger of what the package itself has to say."""
    import logging

    logger = logging.getLogger("dotgnatly")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else warnings would be printed
    return logger


def _deliver_all(library: ModuleType, wake: Wake, begun: _thread.LockType) -> None:
    import threading

    ours = _delivering.acquire(blocking=False)  # else a signal has had two threads started
    if ours:
        threading.current_thread().name = "dotgnatly-logs"
    begun.release()
    if not ours:
        return
    _deliver_some(library)
    while wake.read():
        _deliver_some(library)
    _deliver_some(library)
    wake.close_reader()
    _delivering.release()


def _deliver_some(library: ModuleType) -> None:
    batch = _decode(library.logs_take())
    # A program that never imported logging has asked for no lines.
    if "logging" in sys.modules:
        _deliver(batch, _logger or _first_logger())


def _first_logger() -> "logging.Logger":
    global _logger  # noqa: PLW0603 - as above
    import logging

    from dotgnatly import runtime

    if logging.getLevelName(TRACE) == f"Level {TRACE}":
        logging.addLevelName(TRACE, "TRACE")
    runtime.exit_before_logging()
    _logger = package_logger().getChild("server")
    return _logger


def _deliver(batch: _Batch, logger: "logging.Logger") -> None:
    if batch.dropped:
        logger.warning(
            "%d log lines were dropped: they came faster than they were read", batch.dropped
        )
    for name, level, time_ns, text in batch.lines:
        if not logger.isEnabledFor(level):
            continue
        record = logger.makeRecord(
            logger.name, level, "nats-server", 0, text, (), None, None,
            {"server_name": name},
        )  # fmt: skip
        record.created, record.msecs = time_ns / 1e9, time_ns // 1_000_000 % 1000
        try:
            logger.handle(record)
        except Exception:  # noqa: BLE001 - a handler that raises must not end the delivery
            import traceback

            traceback.print_exc()
