"""Metrics for ``prometheus_client``, and the page that it makes of them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dotgnatly.metrics._select import DEFAULT_ENDPOINTS, Controller, Endpoint, Family, Selection
from dotgnatly.scrapes import Page, Request

if TYPE_CHECKING:
    from prometheus_client import Metric

    from dotgnatly._server import Server


class _Collector:
    """As ``prometheus_client`` knows them."""

    def __init__(self, servers: Sequence["Server"], selection: Selection) -> None:
        try:
            import prometheus_client  # noqa: F401 - whether it is there
        except ImportError as exc:
            raise ImportError(
                "metrics need prometheus_client: pip install 'dotgnatly[prometheus]'",
                name="prometheus_client",
            ) from exc
        self._servers = servers
        self._selection = selection

    def describe(self) -> Iterator["Metric"]:
        """The names, for a registry; no server is asked."""
        return map(_metric, self._selection.families().values())

    def collect(self) -> Iterator["Metric"]:
        """The metrics as they are now."""
        families = self._selection.families(self._servers).values()
        return (_metric(family) for family in families if family.samples)


class NatsCollector(_Collector):
    """Collects the metrics of one or several servers, of either kind of controller.

    One collector is for all servers of a registry, which takes each name once. Controllers may be
    started and stopped as they like; metrics can be collected in every thread.

    Args:
        *controllers: Whose servers.
        endpoints: What metrics are made of; not all of it by default.
        prefix: What names begin with, in place of "gnatsd" and "jetstream".
        use_server_name: The label ``server_id`` is the server's name; its id is a new one with
            every start.

    Raises:
        ImportError: There is no ``prometheus_client``.
        ValueError: There is no such endpoint, or no name can begin so.

    Example:
        >>> from dotgnatly import NatsController
        >>> from prometheus_client import CollectorRegistry
        >>> controller, registry = NatsController({"port": -1}), CollectorRegistry()
        >>> registry.register(NatsCollector(controller))
        >>> with controller:
        ...     labels = {"server_id": controller.server_id}
        ...     registry.get_sample_value("gnatsd_varz_connections", labels)
        0.0
    """

    def __init__(
        self,
        *controllers: Controller,
        endpoints: Sequence[Endpoint] = DEFAULT_ENDPOINTS,
        prefix: str = "",
        use_server_name: bool = False,
    ) -> None:
        super().__init__(
            [controller._server for controller in controllers],  # noqa: SLF001
            Selection(endpoints=endpoints, prefix=prefix, use_server_name=use_server_name),
        )


def _metric(family: Family) -> "Metric":
    from prometheus_client import Metric

    name, help_, kind = family.named
    metric = Metric(name, help_, kind)
    for labels, value in family.samples:
        metric.add_sample(name, dict(labels), value)
    return metric


def page(server: "Server", request: Request) -> Page:
    """What ``/metrics`` of a server shows, as ``prometheus_client`` writes it."""
    try:
        collector = _Collector([server], _selection(request.query))
    except ValueError as exc:
        return _message(400, exc)
    except ImportError as exc:
        return _message(501, exc)
    from prometheus_client import CollectorRegistry, make_wsgi_app

    registry = CollectorRegistry()
    registry.register(collector)
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/metrics",
        "QUERY_STRING": request.query,
        "HTTP_ACCEPT": _readable(request.accept),
        "HTTP_ACCEPT_ENCODING": request.accept_encoding,
    }
    headers: dict[str, str] = {}

    def start_response(_: str, given: list[tuple[str, str]]) -> None:
        headers.update(given)

    return Page(200, headers, b"".join(make_wsgi_app(registry)(environment, start_response)))


def _readable(accept: str) -> str:
    """The header, or nothing where ``prometheus_client`` fails to read it: plain text then."""
    from prometheus_client.exposition import choose_encoder

    try:
        choose_encoder(accept)
    except Exception:  # noqa: BLE001 - TypeError, ValueError: it has no words for that
        return ""
    return accept


def _selection(query: str) -> Selection:
    """What the parameters of a URL ask for, each called as that of ``NatsCollector``."""
    said: dict[str, Any] = parse_qs(query, keep_blank_values=True)
    said.pop("name[]", None)  # is prometheus_client's: names of metrics, and no others are shown
    for name in said.keys() - set(Selection.__struct_fields__):
        raise ValueError(f"there is no parameter {name!r}")
    if "endpoints" in said:
        said["endpoints"] = ",".join(said["endpoints"]).split(",")
    if "prefix" in said:
        said["prefix"] = said["prefix"][-1]
    if "use_server_name" in said:
        said["use_server_name"] = said["use_server_name"][-1] in {"true", "1"}
    return Selection(**said)


def _message(status: int, exc: Exception) -> Page:
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    return Page(status, plain, f"{exc}\n".encode())
