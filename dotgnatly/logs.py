"""The server's log lines on their way into ``logging``.

They arrive on the logger ``dotgnatly.server``, each record with the attribute ``server_name``.
Nothing is printed unless the program configures logging. Go keeps the lines in a bounded ring and
drops the oldest when nobody takes them; how many is said in a line of its own.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from dotgnatly._reader import Reader

if TYPE_CHECKING:
    import logging

TRACE = 5
"""Level of the server's trace lines, below DEBUG."""

_logger: "logging.Logger | None" = None


class _Batch(msgspec.Struct, frozen=True):
    lines: list[tuple[str, int, int, str]]
    """Name of the server, level, nanoseconds since 1970, text."""
    dropped: int


_decode = msgspec.json.Decoder(_Batch).decode


def package_logger() -> "logging.Logger":
    """The logger of what the package itself has to say."""
    import logging

    logger = logging.getLogger("dotgnatly")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else warnings would be printed
    return logger


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


reader = Reader("dotgnatly-logs", "logs_open", _deliver_some)
