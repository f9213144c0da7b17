"""The ``proxies`` block: proxies that clients may come through."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block
from dotgnatly.config._containers import Items, Nested


class TrustedProxyConfiguration(Block, frozen=True, kw_only=True):
    """An entry of ``proxies.trusted``. Source: ``server.ProxyConfig`` (2.15)."""

    _aliases: ClassVar[Mapping[str, str]] = {"public_key": "key"}

    key: str | None | UnsetType = UNSET
    """Public nkey with which the proxy signs; required. Source: ``ProxyConfig.Key``."""


TrustedProxies: TypeAlias = Annotated[
    Sequence[TrustedProxyConfiguration | Mapping[str, Any]],
    Items(Nested(TrustedProxyConfiguration)),
]


class ProxiesConfiguration(Block, frozen=True, kw_only=True):
    """The ``proxies`` block. Source: ``server.ProxiesConfig``, ``server.parseProxies`` (2.15)."""

    trusted: TrustedProxies | None | UnsetType = UNSET
    """Proxies that may vouch for a client; default none. Source: ``ProxiesConfig.Trusted``."""
