"""Nkeys: pairs of a public key, which is a name, and a seed, which proves and signs."""

from typing import Literal, TypeAlias

import msgspec

from dotgnatly import runtime
from dotgnatly.config._units import REDACTED

KeyKind: TypeAlias = Literal["operator", "account", "user", "server", "cluster", "curve"]


class KeyPair(msgspec.Struct, frozen=True):
    """A new pair of keys. Who has the seed is the owner: it is nowhere but here."""

    public: str
    """Public key, 56 characters; the first one says of what kind it is."""
    seed: str
    """Secret, 58 characters; not shown by ``repr``."""

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r}, seed={REDACTED!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("public", self.public), ("seed", REDACTED)]


def create_pair(kind: KeyKind) -> KeyPair:
    """Make a pair of keys.

    Raises:
        ConfigError: There is no such kind.
    Source: ``nkeys.CreateOperator`` and its like.
    """
    pair = runtime.native().nkey_create(kind.encode(errors="replace"))
    return msgspec.json.decode(pair, type=KeyPair)


def public_key(seed: str) -> str:
    """The public key of a seed.

    Raises:
        ConfigError: It is no seed.
    """
    public: bytes = runtime.native().nkey_public(seed.encode(errors="replace"))
    return public.decode()


def sign(seed: str, data: bytes) -> bytes:
    """The signature of data, 64 bytes.

    Raises:
        ConfigError: It is no seed, or one of a curve key, which cannot sign.
    """
    signature: bytes = runtime.native().nkey_sign(seed.encode(errors="replace"), data)
    return signature


def verify(public: str, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key has signed the data.

    Raises:
        ConfigError: It is no public key, or one of a curve key.
    """
    key = public.encode(errors="replace")
    valid: bool = runtime.native().nkey_verify(key, data, signature)
    return valid
