"""What decides about logins in tests, and a client that says anything to log in."""

import asyncio
import base64
import json
from typing import Any

from dotgnatly import AuthenticatedUser, AuthenticationRequest, jwt

ANN = {"user": "ann", "password": "secret"}
ACCOUNTS: dict[str, Any] = {"accounts": {"SHOP": {}, "OTHER": {}}}
ACCEPTED, REFUSED = "+OK", "-ERR 'Authorization Violation'"
_BLOCK = {"account": "AUTH", "auth_users": ["auth"]}


class Door:
    """Lets in who has the password "secret", into the account SHOP, and remembers who asked."""

    def __init__(self, **granted: Any) -> None:
        self.asked: list[AuthenticationRequest] = []
        self.granted: dict[str, Any] = {"account": "SHOP"} | granted

    def __call__(self, request: AuthenticationRequest) -> AuthenticatedUser | None:
        """Decide."""
        self.asked.append(request)
        return AuthenticatedUser(**self.granted) if request.password == "secret" else None


async def log_in(url: str, **fields: Any) -> str:
    """What the server says to a CONNECT with these fields; ``sign`` has a seed sign the nonce."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    nonce = json.loads((await reader.readline()).removeprefix(b"INFO ")).get("nonce", "")
    if seed := fields.pop("sign", None):
        signature = jwt.sign(seed, nonce.encode())
        fields["sig"] = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    fields["pass"] = fields.pop("password", "")
    writer.write(b"CONNECT " + json.dumps({"verbose": True} | fields).encode() + b"\r\n")
    said = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return said.decode().strip()


def with_block(pair: jwt.KeyPair, **block: Any) -> dict[str, Any]:
    """A configuration with an auth_callout block of its own."""
    return {
        "authorization": {"auth_callout": _BLOCK | {"issuer": pair.public} | block},
        "accounts": ACCOUNTS["accounts"]
        | {"AUTH": {"users": [{"user": "auth", "password": "auth"}]}},
    }
