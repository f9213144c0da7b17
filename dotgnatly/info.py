"""Facts of a running server in one object."""

from datetime import datetime

import msgspec

from dotgnatly.config import BrokerConfiguration


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ``get_info`` returns. Source: ``server.Varz`` (2.15) and the controller."""

    server_id: str
    """The public nkey of the server, 56 characters; a new one with every start."""
    server_name: str
    version: str
    """Version of nats-server, such as "2.15.2"."""
    client_url: str | None
    """None without a client port."""
    connections: int
    """Clients connected now."""
    started_at: datetime
    jetstream_enabled: bool
    config: BrokerConfiguration
    """The configuration in force, as it was given."""
    config_version: int
