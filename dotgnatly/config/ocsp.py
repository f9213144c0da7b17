"""The ``ocsp`` and ``ocsp_cache`` blocks: proof that certificates are not revoked."""

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, FilePath, Timeout, UrlString


class OcspConfiguration(Block, frozen=True, kw_only=True):
    """The ``ocsp`` block: the proof for the server's own certificates is stapled to them.

    True in its place is the mode "auto", false "never". Source: ``server.OCSPConfig`` (2.15).
    """

    _exact: ClassVar[bool] = True

    mode: Literal["auto", "always", "must", "never"] | None | UnsetType = UNSET
    """For which certificates: those that demand it ("auto", "must"), all ("always"), none; without
    proof "always" and "must" shut the server down; default "auto". Source: ``OCSPConfig.Mode``."""
    url: UrlString | None | UnsetType = UNSET
    """Where to ask; default what the certificate names. Source: ``OCSPConfig.OverrideURLs``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true or false stands for."""
        return cls(mode="auto" if value else "never") if isinstance(value, bool) else value


class OcspCacheConfiguration(Block, frozen=True, kw_only=True):
    """The ``ocsp_cache`` block: proofs for peers' certificates are kept, see ``tls.ocsp_peer``.

    True in its place is the type "local", false "none".
    Source: ``server.OCSPResponseCacheConfig`` (2.15).
    """

    type: Literal["local", "none"] | None | UnsetType = UNSET
    """In ``local_store``, or nowhere; default "local". Source: ``OCSPResponseCacheConfig.Type``."""
    local_store: FilePath | None | UnsetType = UNSET
    """Directory of the cache; default "_rc_". Source: ``OCSPResponseCacheConfig.LocalStore``."""
    preserve_revoked: bool | None | UnsetType = UNSET
    """Keep what was revoked although it would not be any more; default false.
    Source: ``OCSPResponseCacheConfig.PreserveRevoked``."""
    save_interval: Timeout | None | UnsetType = UNSET
    """How often it is saved, in whole seconds, 1 s or more; default 5 min.
    Source: ``OCSPResponseCacheConfig.SaveInterval``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true or false stands for."""
        return cls(type="local" if value else "none") if isinstance(value, bool) else value
