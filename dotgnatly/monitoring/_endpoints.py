"""What the server is asked at each endpoint, and what it answers."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from dotgnatly.config._kinds import FLAG, Choice, Kind, under
from dotgnatly.errors import ConfigError, Fault
from dotgnatly.monitoring.accountz import Accountz, AccountzOptions
from dotgnatly.monitoring.accstatz import AccountStatz, AccountStatzOptions
from dotgnatly.monitoring.connz import Connz, ConnzOptions
from dotgnatly.monitoring.gatewayz import Gatewayz, GatewayzOptions
from dotgnatly.monitoring.healthz import Healthz, HealthzOptions
from dotgnatly.monitoring.ipqueuesz import IpqueueszOptions, IpqueueszStatus
from dotgnatly.monitoring.jsz import JSInfo, JSzOptions
from dotgnatly.monitoring.leafz import Leafz, LeafzOptions
from dotgnatly.monitoring.raftz import RaftzOptions, RaftzStatus
from dotgnatly.monitoring.routez import Routez, RoutezOptions
from dotgnatly.monitoring.subsz import Subsz, SubszOptions
from dotgnatly.monitoring.varz import Varz, VarzOptions


class Endpoint(Struct, frozen=True, kw_only=True):
    """One of them."""

    answer: Any
    """The type of its answer."""
    options: Any
    """The TypedDict of its options."""
    needs: Mapping[str, tuple[str, ...]] = {}
    """Options that the server passes over in silence, or refuses, without one of some others."""
    spelt: Mapping[str, str] = {}
    """Options that the server spells in another way."""


_STREAMS, _ACCOUNTS = ("streams", "consumer"), ("accounts", "account_name")

ENDPOINTS = {
    "accountz": Endpoint(answer=Accountz, options=AccountzOptions),
    "accstatz": Endpoint(answer=AccountStatz, options=AccountStatzOptions),
    "connz": Endpoint(
        answer=Connz,
        options=ConnzOptions,
        needs={"filter_subject": ("account",)},
        spelt={"account": "acc"},
    ),
    "gatewayz": Endpoint(
        answer=Gatewayz,
        options=GatewayzOptions,
        needs={"subscriptions": _ACCOUNTS, "subscriptions_detail": _ACCOUNTS},
    ),
    "healthz": Endpoint(
        answer=Healthz,
        options=HealthzOptions,
        needs={"stream": ("account",), "consumer": ("stream",)},
        spelt={f"js_{what}_only": f"js-{what}-only" for what in ("enabled", "server", "meta")},
    ),
    "ipqueuesz": Endpoint(answer=IpqueueszStatus, options=IpqueueszOptions),
    "jsz": Endpoint(
        answer=JSInfo,
        options=JSzOptions,
        needs={
            "direct_consumer": ("consumer",),
            "config": _STREAMS,
            "stream_leader_only": _STREAMS,
        },
    ),
    "leafz": Endpoint(answer=Leafz, options=LeafzOptions),
    "raftz": Endpoint(answer=RaftzStatus, options=RaftzOptions),
    "routez": Endpoint(answer=Routez, options=RoutezOptions),
    "subsz": Endpoint(answer=Subsz, options=SubszOptions, needs={"test": ("subscriptions",)}),
    "varz": Endpoint(answer=Varz, options=VarzOptions),
}

_STATES = {"open": 0, "closed": 1, "any": 2, "all": 2}
"""The server's numbers of the states of a connection."""
_OF_CLOSED = ("stop", "reason")
"""Orders that only connections have that are closed."""


def encode(name: str, options: Mapping[str, Any]) -> bytes:
    """Options as the server takes them.

    Raises:
        TypeError: The endpoint has no such option.
        ConfigError: The server could not make sense of one.
    """
    endpoint = ENDPOINTS[name]
    kinds = _kinds(name)
    for option in options:
        if option not in kinds:
            raise TypeError(f"{name}() got an unexpected keyword argument {option!r}")
    taken = {option: kinds[option].take(value) for option, value in options.items()}
    if faults := [*_faults(endpoint, kinds, taken)]:
        raise ConfigError(errors=faults)
    if "state" in taken:
        taken["state"] = _STATES[taken["state"]]
    return msgspec.json.encode({endpoint.spelt.get(k, k): value for k, value in taken.items()})


def _faults(
    endpoint: Endpoint, kinds: Mapping[str, Kind], options: Mapping[str, Any]
) -> Iterable[Fault]:
    for option, value in options.items():
        yield from under(option, kinds[option].faults(value))
    for option, others in endpoint.needs.items():
        if options.get(option) and not any(options.get(other) for other in others):
            yield Fault(option, f"needs {' or '.join(others)}")
    if options.get("sort") in _OF_CLOSED and options.get("state") != "closed":
        yield Fault("sort", f"{options['sort']!r} needs state='closed'")


@cache
def _kinds(name: str) -> dict[str, Kind]:
    """The kinds of the options of an endpoint, by their annotations."""
    hints = get_type_hints(ENDPOINTS[name].options, include_extras=True)
    return {option: _kind(annotation) for option, annotation in hints.items()}


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Annotated:
        kind: Kind = get_args(annotation)[1]
        return kind
    return Choice(get_args(annotation)) if get_origin(annotation) is Literal else FLAG


def decode(document: bytes, name: str) -> Any:
    """The structure of a document that the server has answered with."""
    return _decoder(name).decode(document)


@cache
def _decoder(name: str) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(ENDPOINTS[name].answer)
