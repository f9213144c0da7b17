"""Metrics for OpenTelemetry."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dotgnatly.metrics._select import DEFAULT_ENDPOINTS, Controller, Endpoint, Family, Selection

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    from dotgnatly._server import Server


def observe(
    meter: "Meter",
    *controllers: Controller,
    endpoints: Sequence[Endpoint] = DEFAULT_ENDPOINTS,
    prefix: str = "",
    use_server_name: bool = False,
) -> None:
    """Have a meter observe one or several servers, with an observable gauge for each metric.

    All are gauges: the exporter counts with few, and those fall when a connection is closed. Call
    it once for all servers of a meter.

    Args:
        meter: As of ``opentelemetry.metrics.get_meter``.
        *controllers: Whose servers; as the rest for ``NatsCollector``.
        endpoints: What metrics are made of.
        prefix: What names begin with.
        use_server_name: The attribute ``server_id`` is the server's name.

    Raises:
        ImportError: There is no ``opentelemetry``.
        ValueError: There is no such endpoint, or the prefix is none for names.

    Example:
        >>> from dotgnatly import NatsController
        >>> from opentelemetry.metrics import get_meter
        >>> observe(get_meter("broker"), NatsController({"port": -1}))
    """
    try:
        import opentelemetry.metrics  # noqa: F401
    except ImportError as exc:
        raise ImportError(
            "metrics for OpenTelemetry need its API: pip install 'dotgnatly[otel]'",
            name="opentelemetry",
        ) from exc
    selection = Selection(endpoints=endpoints, prefix=prefix, use_server_name=use_server_name)
    round_ = _Round(selection, [controller._server for controller in controllers])  # noqa: SLF001
    for family in selection.families().values():
        callback = partial(round_.observe, family.named.name)
        meter.create_observable_gauge(
            family.named.name, callbacks=[callback], description=family.named.help
        )


class _Round:
    """Asks the servers once for all instruments, each of which asks by itself.

    When one asks for the second time, a new round has begun.
    """

    def __init__(self, selection: Selection, servers: Sequence["Server"]) -> None:
        self._selection = selection
        self._servers = servers
        self._lock = threading.Lock()
        self._families: Mapping[str, Family] = {}
        self._left: set[str] = set()
        """Instruments that have not asked in this round."""

    def observe(self, name: str, _: "CallbackOptions") -> Iterator["Observation"]:
        """The figures of an instrument."""
        from opentelemetry.metrics import Observation

        with self._lock:
            if name not in self._left:
                self._families = self._selection.families(self._servers)
                self._left = set(self._families)
            self._left.discard(name)
            family = self._families[name]
        return (Observation(value, dict(labels)) for labels, value in family.samples)
