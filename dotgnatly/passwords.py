"""Passwords that a configuration need not hold: their bcrypt hashes."""

from dotgnatly import jobs, runtime
from dotgnatly.errors import ConfigError, Fault

COST = 10
_CHEAPEST, _DEAREST = 4, 31
_LONGEST = 72


def hash_password(password: str, *, cost: int = COST) -> str:
    """The bcrypt hash of a password, which a user or a token may have in its place.

    Who reads the configuration, or a version of it, cannot log in with it. That has a price: the
    server computes the hash again at every login, and **at every reload for every client that is
    connected with one**, one after the other. At cost 10 a check takes some 0.06 s of a small
    machine's processor, so a change with 20 such clients takes 1.2 s, and 2.4 s at cost 11; new
    clients wait meanwhile. An nkey has no such price. It blocks the thread, without the GIL: in an
    event loop use ``asyncio.to_thread``.

    Args:
        password: 1 to 72 bytes in UTF-8; bcrypt knows no more.
        cost: 4 to 31; each step doubles the price of a check. It is part of the hash.

    Raises:
        ConfigError: The password is empty or too long, or there is no such cost.
    Source: ``bcrypt.GenerateFromPassword``, ``server.comparePasswords`` (2.15).

    Example:
        >>> hash_password("secret", cost=4).startswith("$2a$04$")
        True
    """
    if not _CHEAPEST <= cost <= _DEAREST:
        fault = Fault("cost", f"must be {_CHEAPEST} to {_DEAREST}", repr(cost))
        raise ConfigError(errors=[fault])
    encoded = password.encode()
    if not 0 < len(encoded) <= _LONGEST:
        fault = Fault("password", f"must have 1 to {_LONGEST} bytes, and has {len(encoded)}")
        raise ConfigError(errors=[fault])
    return jobs.wait(runtime.native().password_hash(encoded, cost)).decode()
