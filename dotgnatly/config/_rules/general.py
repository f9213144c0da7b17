"""Rules of the top level's own numbers and names."""

from datetime import timedelta
from typing import Any

from dotgnatly.config._kinds import nanoseconds
from dotgnatly.config._rules import Findings, Rule

_MIB = 1 << 20
_ADVISED_PAYLOAD = 8 * _MIB
_MOST_CLOSED = 10_000_000  # Go ends the process where there is no room for them, as in gobridge
_NOBODY = "no client could stay connected"


def _lame_duck(config: Any, found: Findings) -> None:
    if not (config.lame_duck_duration or config.lame_duck_grace_period):
        return
    duration = nanoseconds(config.lame_duck_duration) or nanoseconds(timedelta(minutes=2))
    grace = nanoseconds(config.lame_duck_grace_period) or nanoseconds(timedelta(seconds=10))
    if duration is not None and grace is not None and grace >= duration:
        message = "must be shorter than lame_duck_duration"
        found.error("lame_duck_grace_period", message, config.lame_duck_grace_period or None)


def _sizes(config: Any, found: Findings) -> None:
    payload = config.max_payload or _MIB
    pending = config.max_pending or 64 * _MIB
    if payload > pending and config.max_payload:
        found.error("max_payload", f"is more than max_pending, {pending}", payload)
    elif payload > pending:
        found.error("max_pending", f"is less than max_payload, {payload}", pending)
    if payload > _ADVISED_PAYLOAD:
        message = "is discouraged above 8 MiB: it may lead to poor performance"
        found.warn("max_payload", message, payload)


def _below_zero(config: Any, found: Findings) -> None:
    for key, message in (
        ("ping_interval", f"is negative: {_NOBODY}"),
        ("write_deadline", f"is negative: {_NOBODY}"),
        ("max_control_line", f"is negative: {_NOBODY}"),
        ("ping_max", "is negative: every client would be closed at its first ping"),
        ("logfile_size_limit", "is negative; 0 is no limit"),
    ):
        if (value := getattr(config, key)) and _negative(value):
            found.doubt(key, message, value)
    if config.max_closed_clients and config.max_closed_clients < 0:
        found.error("max_closed_clients", "is negative", config.max_closed_clients)
    elif (config.max_closed_clients or 0) > _MOST_CLOSED:
        message = f"is more than {_MOST_CLOSED}: the server makes room for all at its start"
        found.error("max_closed_clients", message, config.max_closed_clients)
    if config.max_connections and config.max_connections < 0:
        message = "is negative, which is 0: nobody can connect"
        found.warn("max_connections", message, config.max_connections)


def _negative(value: Any) -> bool:
    ns = value if isinstance(value, int) else nanoseconds(value)
    return ns is not None and ns < 0


def _names(config: Any, found: Findings) -> None:
    if config.server_name and " " in config.server_name:
        found.error("server_name", "cannot have spaces", config.server_name)


def _tracing(config: Any, found: Findings) -> None:
    if config.trace and not config.debug:
        found.warn("trace", "is on without debug")


def _monitoring(config: Any, found: Findings) -> None:
    if not config.https_port:
        return
    if config.http_port:
        found.error("https_port", "cannot stand beside http_port", config.https_port)
    if not config.tls:
        found.error("https_port", "needs a tls block", config.https_port)


RULES: tuple[Rule, ...] = (_lame_duck, _sizes, _below_zero, _names, _tracing, _monitoring)
