"""Facts of a running server in one object."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec

from dotgnatly.config import BrokerConfiguration
from dotgnatly.diff import ConfigurationDiff, compare
from dotgnatly.monitoring import Varz


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ``get_info`` returns. Source: ``server.Varz`` (2.15) and the controller."""

    server_id: str
    """The public nkey of the server, 56 characters; a new one with every start."""
    server_name: str
    """``server_name``, or the server's id where none is configured."""
    version: str
    """Version of nats-server, such as "2.15.2"."""
    client_url: str | None
    """None without a client port."""
    connections: int
    """Clients connected now."""
    started_at: datetime
    """When the server started, or restarted, UTC."""
    jetstream_enabled: bool
    """Whether JetStream runs, as the server says."""
    config: BrokerConfiguration
    """The configuration in force, as it was given."""
    config_version: int
    """The number of its version."""


class EffectiveConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What ``effective_config`` returns."""

    config: BrokerConfiguration
    """All of it: as given, our defaults, the ports that were found for -1, and those defaults of
    the server that it reports."""
    ours: ConfigurationDiff
    """What dotgnatly adds to the given configuration, in place of the server's defaults."""
    found: ConfigurationDiff
    """What the server adds to both: its defaults, and ports."""

    @classmethod
    def of(
        cls,
        given: BrokerConfiguration,
        filled: BrokerConfiguration,
        ports: Mapping[str, int],
        varz: Varz,
    ) -> Self:
        """Put together from the configuration with our defaults, and what the server says."""
        patch: dict[str, Any] = {
            name: value for name, read in _REPORTED.items() if (value := read(varz)) is not None
        }
        patch = {name: value for name, value in patch.items() if not _is_set(filled, name)}
        for listener, port in ports.items():
            block, name = _PORTS.get(listener, (listener, "port"))
            if listener == "monitoring" and _is_set(filled, "https_port"):
                name = "https_port"
            patch |= {name: port} if block is None else {block: {name: port}}
        config = filled.merge(patch)
        return cls(config=config, ours=compare(given, filled), found=compare(filled, config))


def _is_set(config: BrokerConfiguration, name: str) -> bool:
    return getattr(config, name) not in (None, msgspec.UNSET)


def _duration(nanoseconds: int) -> timedelta:
    return timedelta(microseconds=nanoseconds / 1000)


_REPORTED: dict[str, Callable[[Varz], Any]] = {
    "server_name": lambda varz: varz.server_name,
    "host": lambda varz: varz.host,
    "max_connections": lambda varz: varz.max_connections,
    "max_subscriptions": lambda varz: varz.max_subscriptions or None,
    "max_control_line": lambda varz: varz.max_control_line,
    "max_payload": lambda varz: varz.max_payload,
    "max_pending": lambda varz: varz.max_pending,
    "ping_interval": lambda varz: _duration(varz.ping_interval),
    "ping_max": lambda varz: varz.ping_max,
    "write_deadline": lambda varz: _duration(varz.write_deadline),
    "system_account": lambda varz: varz.system_account or None,
}
"""Defaults of the server's that it reports itself."""

_PORTS: dict[str, tuple[str | None, str]] = {
    "client": (None, "port"),
    "monitoring": (None, "http_port"),
    "prof": (None, "prof_port"),
}
"""The block and the key of each listener; the others are called like their block."""
