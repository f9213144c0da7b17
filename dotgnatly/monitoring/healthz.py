"""The server's ``/healthz`` document: is it ready, and are its streams."""

from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._options import Name


class HealthzOptions(TypedDict, total=False):
    """What ``healthz`` takes. Source: ``server.HealthzOptions`` (2.15)."""

    js_enabled_only: bool
    js_server_only: bool
    js_meta_only: bool
    account: Name
    stream: Name
    consumer: Name
    details: bool


class HealthzError(Struct, frozen=True, kw_only=True):
    """One thing that is not well. Source: ``server.HealthzError`` (2.15)."""

    type: str = ""
    """``CONNECTION BAD_REQUEST JETSTREAM ACCOUNT STREAM CONSUMER``: what it is about."""
    account: str = ""
    stream: str = ""
    consumer: str = ""
    error: str = ""


class Healthz(Struct, frozen=True, kw_only=True):
    """The health of a server. Source: ``server.HealthStatus`` (2.15)."""

    status: str = ""
    """``ok``, ``error`` or ``unavailable``."""
    status_code: int = 0
    """As in HTTP: 200 is well. The HTTP answer itself leaves it out."""
    error: str = ""
    """The first thing that is not well, unless ``details`` were asked for."""
    errors: tuple[HealthzError, ...] = ()
    """All of them, when ``details`` were asked for."""
