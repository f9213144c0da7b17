"""The ``websocket`` block: clients by WebSocket."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, Port, SecretMap, Strings
from dotgnatly.config.auth import ListenerAuthorization
from dotgnatly.config.tls import Tls


class WebsocketConfiguration(Block, frozen=True, kw_only=True):
    """The ``websocket`` block. Source: ``server.WebsocketOpts``, ``server.parseWebsocket`` (2.15).

    A cookie is used where the client itself does not send what it stands for.
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "net": "host",
        "allowed_origin": "allowed_origins",
        "allow_origins": "allowed_origins",
        "allow_origin": "allowed_origins",
        "origins": "allowed_origins",
        "origin": "allowed_origins",
        "compress": "compression",
        "authentication": "authorization",
    }
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {"listen": ("host", "port")}

    host: str | None | UnsetType = UNSET
    """Address that the listener binds to; default "0.0.0.0". Source: ``WebsocketOpts.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port of the listener, -1 takes a free one; default 0, no listener.
    Source: ``WebsocketOpts.Port``."""
    advertise: str | None | UnsetType = UNSET
    """``host:port`` that clients of other servers are told; default what was bound.
    Source: ``WebsocketOpts.Advertise``."""
    tls: Tls | None | UnsetType = UNSET
    """TLS of the listener; required, but with ``no_tls``. Source: ``WebsocketOpts.TLSConfig``."""
    no_tls: bool | None | UnsetType = UNSET
    """Do without ``tls``, if there is none; default false. Source: ``WebsocketOpts.NoTLS``."""
    same_origin: bool | None | UnsetType = UNSET
    """Let in only pages of the host that they connect to; default false.
    Source: ``WebsocketOpts.SameOrigin``."""
    allowed_origins: Strings | None | UnsetType = UNSET
    """Let in only pages from here, such as "https://example.com"; default all.
    Source: ``WebsocketOpts.AllowedOrigins``."""
    handshake_timeout: Duration | None | UnsetType = UNSET
    """How long the handshakes may take, that of TLS included; default 2 s.
    Source: ``WebsocketOpts.HandshakeTimeout``."""
    compression: bool | None | UnsetType = UNSET
    """Compress if the client agrees; default false. Source: ``WebsocketOpts.Compression``."""
    authorization: ListenerAuthorization | None | UnsetType = UNSET
    """Who may connect here; default as other clients."""
    jwt_cookie: str | None | UnsetType = UNSET
    """Name of a cookie with the user JWT; default none. Source: ``WebsocketOpts.JWTCookie``."""
    user_cookie: str | None | UnsetType = UNSET
    """Name of a cookie with the user name; default none.
    Source: ``WebsocketOpts.UsernameCookie``."""
    pass_cookie: str | None | UnsetType = UNSET
    """Name of a cookie with the password; default none.
    Source: ``WebsocketOpts.PasswordCookie``."""
    token_cookie: str | None | UnsetType = UNSET
    """Name of a cookie with the token; default none. Source: ``WebsocketOpts.TokenCookie``."""
    no_auth_user: str | None | UnsetType = UNSET
    """User that clients are that do not log in; default that of the server.
    Source: ``WebsocketOpts.NoAuthUser``."""
    headers: SecretMap | None | UnsetType = UNSET
    """Headers of the answer to the handshake, by name; default none.
    Source: ``WebsocketOpts.Headers``."""
    ping_interval: Duration | None | UnsetType = UNSET
    """How often clients are pinged; default as other clients.
    Source: ``WebsocketOpts.PingInterval``."""
