"""``.creds`` files: the JWT and the seed that a user logs in with."""

import os
from contextlib import suppress
from secrets import token_hex

import msgspec

from dotgnatly import runtime
from dotgnatly.config._units import REDACTED


class Credentials(msgspec.Struct, frozen=True):
    """What a ``.creds`` file holds."""

    jwt: str
    """JWT of the user; not shown by ``repr``."""
    seed: str
    """Seed of the user's nkey; not shown by ``repr``."""

    def __repr__(self) -> str:
        return f"Credentials(jwt={REDACTED!r}, seed={REDACTED!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("jwt", REDACTED), ("seed", REDACTED)]


def format_creds(user_jwt: str, seed: str) -> str:
    """The text of a ``.creds`` file.

    Raises:
        ConfigError: It is no JWT of a user, or the seed is not that user's.
    Source: ``jwt.FormatUserConfig``.
    """
    text: bytes = runtime.native().creds_format(
        user_jwt.encode(errors="replace"), seed.encode(errors="replace")
    )
    return text.decode()


def write_creds(path: str | os.PathLike[str], user_jwt: str, seed: str) -> None:
    """Write a ``.creds`` file that only its owner may read, whole or not at all.

    A file of that name is replaced.

    Raises:
        ConfigError: As ``format_creds``.
        OSError: It cannot be written; what was there is as before.
    """
    text = format_creds(user_jwt, seed)
    path = os.path.abspath(path)
    made = f"{path}.{token_hex(8)}"
    try:
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(made)
        raise


def read_creds(path: str | os.PathLike[str]) -> Credentials:
    """Read a ``.creds`` file. The JWT is not verified: ``decode`` does that.

    Raises:
        ConfigError: There is no JWT in it, or no seed of a user.
        OSError: It cannot be read.
    Source: ``jwt.ParseDecoratedJWT``, ``jwt.ParseDecoratedUserNKey``.
    """
    with open(path, "rb") as file:
        data = file.read()
    return msgspec.json.decode(runtime.native().creds_parse(data), type=Credentials)
