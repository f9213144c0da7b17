"""The ``tls`` block, wherever it stands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, FilePath, Strings, Timeout
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config._kinds import Choice, Faults, Span, Text, wrong
from dotgnatly.errors import Fault

_HANDSHAKE_WORDS: dict[str, str | bool] = {
    "true": True,
    "on": True,
    "false": False,
    "off": False,
    "auto": "auto",
    "auto_fallback": "auto",
}
HandshakeFirst: TypeAlias = Annotated[bool | timedelta | float | str, Span(words=_HANDSHAKE_WORDS)]
CertStore: TypeAlias = Literal["WindowsCurrentUser", "WindowsLocalMachine"]
CertMatchBy: TypeAlias = Literal["Issuer", "Subject", "Thumbprint"]
Curve: TypeAlias = Literal[
    "X25519MLKEM768",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "X25519",
    "CurveP256",
    "CurveP384",
    "CurveP521",
]
Curves: TypeAlias = Annotated[Curve | Sequence[Curve], Items(Choice(get_args(Curve)), lone=True)]


class _Fingerprint(Text):
    """A SHA-256 in hexadecimal, kept in lower case."""

    def take(self, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    def faults(self, value: Any) -> Faults:
        if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
            return ()
        return wrong("64 hexadecimal digits", value)


Fingerprints: TypeAlias = Annotated[str | Sequence[str], Items(_Fingerprint(), lone=True)]


class TlsCertificateConfiguration(Block, frozen=True, kw_only=True):
    """A certificate with its key, of ``tls.certs``. Source: ``server.TLSCertPairOpt`` (2.15)."""

    _exact: ClassVar[bool] = True

    cert_file: FilePath | None | UnsetType = UNSET
    """PEM file of the certificate and its chain; required. Source: ``TLSCertPairOpt.CertFile``."""
    key_file: FilePath | None | UnsetType = UNSET
    """PEM file of the private key; required. Source: ``TLSCertPairOpt.KeyFile``."""

    def _contradictions(self) -> Iterable[Fault]:
        for name in ("cert_file", "key_file"):
            if not getattr(self, name):
                yield Fault(name, "is required")


class OcspPeerConfiguration(Block, frozen=True, kw_only=True):
    """The ``tls.ocsp_peer`` block; true and false in its place are ``verify``.

    Source: ``certidp.OCSPPeerConfig`` (2.15).
    """

    verify: bool | None | UnsetType = UNSET
    """Ask the CA whether a peer's certificate is revoked; default false."""
    ca_timeout: Timeout | None | UnsetType = UNSET
    """How long the CA may take; default 2 s. Source: ``OCSPPeerConfig.Timeout``."""
    allowed_clockskew: Timeout | None | UnsetType = UNSET
    """Tolerance for clocks; default 30 s. Source: ``OCSPPeerConfig.ClockSkew``."""
    cache_ttl_when_next_update_unset: Timeout | None | UnsetType = UNSET
    """Validity of an answer that names none; default 1 h.
    Source: ``OCSPPeerConfig.TTLUnsetNextUpdate``."""
    warn_only: bool | None | UnsetType = UNSET
    """Let revoked peers in, with a warning; default false. Source: ``OCSPPeerConfig.WarnOnly``."""
    unknown_is_good: bool | None | UnsetType = UNSET
    """Let peers in that the CA does not know; default false.
    Source: ``OCSPPeerConfig.UnknownIsGood``."""
    allow_when_ca_unreachable: bool | None | UnsetType = UNSET
    """Let peers in while the CA does not answer; default false.
    Source: ``OCSPPeerConfig.AllowWhenCAUnreachable``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true or false stands for."""
        return cls(verify=value) if isinstance(value, bool) else value


Certs: TypeAlias = Annotated[
    Sequence[TlsCertificateConfiguration | Mapping[str, Any]],
    Items(Nested(TlsCertificateConfiguration)),
]
OcspPeer: TypeAlias = Annotated[
    OcspPeerConfiguration | Mapping[str, Any] | bool, Nested(OcspPeerConfiguration)
]


class TlsConfiguration(Block, frozen=True, kw_only=True):
    """A ``tls`` block. Source: ``server.TLSConfigOpts``, ``server.parseTLS`` (2.15)."""

    _aliases: ClassVar[Mapping[str, str]] = {
        "first": "handshake_first",
        "immediate": "handshake_first",
        "certificates": "certs",
    }

    cert_file: FilePath | None | UnsetType = UNSET
    """PEM file of the certificate and its chain; default none.
    Source: ``TLSConfigOpts.CertFile``."""
    key_file: FilePath | None | UnsetType = UNSET
    """PEM file of its private key; default none. Source: ``TLSConfigOpts.KeyFile``."""
    ca_file: FilePath | None | UnsetType = UNSET
    """PEM file of the CAs that peers are checked against; default the system's.
    Source: ``TLSConfigOpts.CaFile``."""
    certs: Certs | None | UnsetType = UNSET
    """Several certificates, in place of ``cert_file``; default none.
    Source: ``TLSConfigOpts.Certificates``."""
    verify: bool | None | UnsetType = UNSET
    """Ask clients for a certificate and check it; default false.
    Source: ``TLSConfigOpts.Verify``."""
    verify_and_map: bool | None | UnsetType = UNSET
    """And take the user from it; default false. Source: ``TLSConfigOpts.Map``."""
    verify_cert_and_check_known_urls: bool | None | UnsetType = UNSET
    """Of routes and gateways: the certificate must name a configured host; default false.
    Source: ``TLSConfigOpts.TLSCheckKnownURLs``."""
    pinned_certs: Fingerprints | None | UnsetType = UNSET
    """Only these client certificates: hexadecimal SHA-256 of their public key info; default any.
    Source: ``TLSConfigOpts.PinnedCerts``."""
    insecure: bool | None | UnsetType = UNSET
    """As a client, do not check the server's certificate; default false.
    Source: ``TLSConfigOpts.Insecure``."""
    timeout: Timeout | None | UnsetType = UNSET
    """How long a handshake may take; default 2 s. Source: ``TLSConfigOpts.Timeout``."""
    handshake_first: HandshakeFirst | None | UnsetType = UNSET
    """Handshake before the server's INFO: true, false, or how long to wait for one before going on
    without ("auto": 50 ms); default false. Source: ``TLSConfigOpts.HandshakeFirst``."""
    min_version: Literal["1.2", "1.3"] | None | UnsetType = UNSET
    """Lowest version of TLS; default "1.2". Source: ``TLSConfigOpts.MinVersion``."""
    cipher_suites: Strings | None | UnsetType = UNSET
    """Names as Go has them; default Go's secure ones. Source: ``TLSConfigOpts.Ciphers``."""
    allow_insecure_cipher_suites: bool | None | UnsetType = UNSET
    """Let ``cipher_suites`` have insecure ones; default false.
    Source: ``TLSConfigOpts.AllowInsecureCiphers``."""
    curve_preferences: Curves | None | UnsetType = UNSET
    """In this order; default all, the best first. Source: ``TLSConfigOpts.CurvePreferences``."""
    connection_rate_limit: int | None | UnsetType = UNSET
    """TLS connections accepted in a second; default no limit.
    Source: ``TLSConfigOpts.RateLimit``."""
    ocsp_peer: OcspPeer | None | UnsetType = UNSET
    """Ask CAs whether peers are revoked; default not. Source: ``TLSConfigOpts.OCSPPeerConfig``."""
    cert_store: CertStore | None | UnsetType = UNSET
    """Windows certificate store, in place of ``cert_file``; default none.
    Source: ``TLSConfigOpts.CertStore``."""
    cert_match_by: CertMatchBy | None | UnsetType = UNSET
    """How to find the certificate in the store; default none.
    Source: ``TLSConfigOpts.CertMatchBy``."""
    cert_match: str | None | UnsetType = UNSET
    """What to find it by; default none. Source: ``TLSConfigOpts.CertMatch``."""
    cert_match_skip_invalid: bool | None | UnsetType = UNSET
    """Skip expired ones; default false. Source: ``TLSConfigOpts.CertMatchSkipInvalid``."""
    ca_certs_match: Strings | None | UnsetType = UNSET
    """Subjects of CAs in the store; default none. Source: ``TLSConfigOpts.CaCertsMatch``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.verify is False and (self.verify_and_map or self.verify_cert_and_check_known_urls):
            yield Fault("verify", "is false, but to map or check a certificate is to verify it")
        if self.cert_file and self.certs:
            yield Fault("certs", "cannot stand beside cert_file")
        for name, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
            if getattr(self, name) and not getattr(self, other):
                yield Fault(other, f"is required beside {name}")


class _ClientTls(Nested):
    """TLS where no cluster or gateway connects, which have URLs that are known."""

    def faults(self, value: Any) -> Faults:
        faults = super().faults(value)
        if getattr(value, "verify_cert_and_check_known_urls", None):
            fault = Fault("verify_cert_and_check_known_urls", "is of clusters and gateways only")
            return [*faults, fault]
        return faults


Tls: TypeAlias = Annotated[TlsConfiguration | Mapping[str, Any], _ClientTls(TlsConfiguration)]
RouteTls: TypeAlias = Annotated[TlsConfiguration | Mapping[str, Any], Nested(TlsConfiguration)]
