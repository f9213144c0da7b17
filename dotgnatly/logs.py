"""The server's log lines on their way into ``logging``.

They arrive on the logger ``dotgnatly.server``, each record with the attributes ``server_name``, and
``cid`` and ``account`` of the connection that it is about, None for what the line does not tell.
Nothing is printed unless the program configures logging. Go keeps the lines in a bounded ring and
drops the oldest when nobody takes them; how many is said in a line of its own.
"""

import re
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


_FIELDS = "server_name", "cid", "account"


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


_IN_QUOTES = r'(?:[^"\\]|\\.)*'
_CONNECTION = (
    # An address and a number; what the client says of itself; its account and what it logged in as.
    r"\S* - (?:[crgw]id|[ml]id(?:_ws)?):(\d+)"
    rf'(?: - "{_IN_QUOTES}" - "({_IN_QUOTES}?)/(?:(?:nkey|user|jwt):{_IN_QUOTES}|token)" - )?'
)
_NKEY_AND_NAME = r"(A[A-Z2-7]{55})/"  # of the account of an operator


def connection_of(text: str) -> tuple[int | None, str | None]:
    """The cid and the account that a line begins with.

    Source: ``server.client.initClient``, ``server.client.processConnect`` (2.15), their ``ncs``.
    """
    if (found := re.match(_CONNECTION, text)) is None:
        return None, None
    cid, account = found.groups()
    if account:
        if named := re.match(_NKEY_AND_NAME, account):
            account = named[1]
        elif "\\" in account:
            account = re.sub(r'\\(["\\])', r"\1", account)
    return int(cid), account


def _deliver(batch: _Batch, logger: "logging.Logger") -> None:
    if batch.dropped:
        logger.warning(
            "%d log lines were dropped: they came faster than they were read",
            batch.dropped,
            extra=dict.fromkeys(_FIELDS),
        )
    for name, level, time_ns, text in batch.lines:
        if not logger.isEnabledFor(level):
            continue
        record = logger.makeRecord(
            logger.name, level, "nats-server", 0, text, (), None, None,
            dict(zip(_FIELDS, (name, *connection_of(text)), strict=True)),
        )  # fmt: skip
        record.created, record.msecs = time_ns / 1e9, time_ns // 1_000_000 % 1000
        try:
            logger.handle(record)
        except Exception:  # noqa: BLE001 - a handler that raises must not end the delivery
            import traceback

            traceback.print_exc()


reader = Reader("dotgnatly-logs", "logs_open", _deliver_some)
