"""Which metrics are wanted, and what they are called."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import msgspec

from dotgnatly.errors import ForkedProcessError, StateError
from dotgnatly.metrics import _flat, _jetstream, _tables
from dotgnatly.metrics._samples import Labels, Named, Sample, Source, Table

if TYPE_CHECKING:
    from dotgnatly import AsyncNatsController, NatsController
    from dotgnatly._server import Server

Controller: TypeAlias = "NatsController | AsyncNatsController"

Endpoint: TypeAlias = Literal[
    "accountz", "accstatz", "connz", "connz_detailed", "gatewayz", "healthz",
    "healthz_js_enabled_only", "healthz_js_server_only", "jsz", "jsz_accounts", "jsz_streams",
    "leafz", "routez", "subsz", "varz",
]  # fmt: skip
"""A monitoring endpoint that metrics are made of, called as the exporter's option."""

DEFAULT_ENDPOINTS: tuple[Endpoint, ...] = (
    "varz", "connz", "routez", "subsz", "gatewayz", "leafz", "accstatz", "healthz", "jsz",
)  # fmt: skip
"""Those that dashboards are made of. The others are dearer or tell less: ``accountz`` asks about
each account, ``connz_detailed`` has metrics of each connection, and ``jsz_accounts`` and
``jsz_streams`` stop before the streams and consumers that ``jsz`` has."""


class _Reading(msgspec.Struct, frozen=True):
    """What is made of an endpoint."""

    names: Callable[[], Iterable[Named]]
    read: Callable[[Source], Iterator[Sample]]
    system: str = "gnatsd"
    """What names begin with, unless a prefix is asked for."""


def _names(*tables: Table | Named) -> Callable[[], Iterator[Named]]:
    def names() -> Iterator[Named]:
        for table in tables:
            yield from (table,) if isinstance(table, Named) else table.names()

    return names


def _flatly(name: str) -> _Reading:
    return _Reading(partial(_flat.names, name), lambda source: _flat.read(source, name))


def _health(name: str, **only: bool) -> _Reading:
    read = partial(_tables.healthz, name=name, only=only)
    return _Reading(partial(_tables.healthz_names, name), read)


def _jsz(*tables: Table | Named, **options: bool) -> _Reading:
    names = _names(_jetstream.SERVER, _jetstream.ACCOUNT, *tables)
    return _Reading(names, partial(_jetstream.jsz, options=options), "jetstream")


_READINGS: dict[Endpoint, _Reading] = {
    "accountz": _Reading(_names(_tables.ACCOUNT, _tables.ACCOUNT_LIMITS), _tables.accountz),
    "accstatz": _Reading(_names(_tables.ACCOUNT_STAT), _tables.accstatz),
    "connz": _Reading(_names(_tables.CONNZ, _tables.CONNECTIONS), _tables.connz),
    "connz_detailed": _Reading(
        _names(_tables.CONNZ, _tables.CONNECTION), partial(_tables.connz, detailed=True)
    ),
    "gatewayz": _Reading(_names(_tables.OUTBOUND, _tables.INBOUND), _tables.gatewayz),
    "healthz": _health("healthz"),
    "healthz_js_enabled_only": _health("healthz_js_enabled_only", js_enabled_only=True),
    "healthz_js_server_only": _health("healthz_js_server_only", js_server_only=True),
    "jsz": _jsz(*_jetstream.OF_STREAMS, *_jetstream.OF_CONSUMERS, consumer=True, config=True,
                raft=True),
    "jsz_accounts": _jsz(accounts=True),
    "jsz_streams": _jsz(*_jetstream.OF_STREAMS, streams=True),
    "leafz": _Reading(_names(_tables.LEAFZ, _tables.LEAF_INFO, _tables.LEAF), _tables.leafz),
    "routez": _flatly("routez"),
    "subsz": _flatly("subsz"),
    "varz": _flatly("varz"),
}  # fmt: skip


_INSIDE: Mapping[Endpoint, set[Endpoint]] = {
    "connz": {"connz_detailed"},
    "jsz_accounts": {"jsz", "jsz_streams"},
    "jsz_streams": {"jsz"},
}
"""Endpoints whose metrics others have too, and which those are."""


class Family(msgspec.Struct, frozen=True):
    """A metric and its figures."""

    named: Named
    samples: list[tuple[Labels, float]]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted.

    Raises:
        ValueError: There is no such endpoint, or the prefix is none for names.
    """

    endpoints: Sequence[Endpoint] = DEFAULT_ENDPOINTS
    prefix: str = ""
    use_server_name: bool = False

    def __post_init__(self) -> None:
        for endpoint in self.endpoints:
            if endpoint not in _READINGS:
                known = ", ".join(get_args(Endpoint))
                raise ValueError(f"there is no endpoint {endpoint!r}: there are {known}")
        # Each line of a page has it: a stranger's must not make one of gigabytes.
        if not re.fullmatch(r"([a-zA-Z][a-zA-Z0-9_]{0,63})?", self.prefix):
            raise ValueError(f"{self.prefix!r} cannot begin the name of a metric")

    def families(self, servers: Iterable["Server"] = ()) -> dict[str, Family]:
        """All metrics by name, with the figures of the servers that run.

        A metric that is there only in some cases has no figures in the others. One that only a
        newer server has is there if it has figures.
        """
        families = {named.name: Family(named, []) for named in self._known()}
        for server in servers:
            for named, labels, value in self._read(server):
                family = families.setdefault(named.name, Family(named, []))
                family.samples.append((labels, value))
        return families

    def _known(self) -> Iterator[Named]:
        for endpoint, reading in self._readings():
            for named in _names_of(endpoint):
                yield named._replace(name=self._name(reading, named.name))

    def _read(self, server: "Server") -> Iterator[tuple[Named, Labels, float]]:
        for _, reading in self._readings():
            # What a server that stops, or that is the parent's, or without a leader, cannot say is
            # left out: the rest is worth seeing.
            with suppress(StateError, ForkedProcessError):
                source = Source(server)
                identity = source.server_name if self.use_server_name else source.server_id
                for name, labels, value in reading.read(source):
                    named = Named(self._name(reading, name), name)
                    yield named, {"server_id": identity, **labels}, float(value)

    def _readings(self) -> Iterator[tuple[Endpoint, _Reading]]:
        for endpoint in dict.fromkeys(self.endpoints):
            if _INSIDE.get(endpoint, set()).isdisjoint(self.endpoints):  # else it were there twice
                yield endpoint, _READINGS[endpoint]

    def _name(self, reading: _Reading, name: str) -> str:
        return f"{self.prefix or reading.system}_{name}"


@cache
def _names_of(endpoint: Endpoint) -> tuple[Named, ...]:
    return tuple(_READINGS[endpoint].names())
