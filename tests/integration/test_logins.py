"""Every way to log in, over the network and inside: who may gets in, who may not is refused.

TLS has a file of its own, and so have WebSocket, MQTT and leaf nodes; JWTs are in
test_operator_mode.py.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import nkeys
import pytest
from nats.errors import Error

from dotgnatly import AsyncNatsController, hash_password
from tests.conftest import arrived
from tests.integration.conftest import connect_once


def pair(number: int) -> tuple[str, str]:
    """The public key and the seed of a user."""
    seed = nkeys.encode_seed(bytes([number] * 32), nkeys.PREFIX_BYTE_USER)
    return nkeys.from_seed(bytearray(seed)).public_key.decode(), seed.decode()


PUBLIC, SEED = pair(1)
OTHER_SEED = pair(2)[1]
HASHED = hash_password("secret", cost=4)
ANN = {"user": "ann", "password": "secret"}
BOB = {"user": "bob", "password": "other"}
HASHED_ANN = ANN | {"password": HASHED}
NOBODY: dict[str, str] = {}
WRONG = [
    NOBODY,
    ANN | {"password": "Secret"},
    ANN | {"password": ""},
    ANN | {"user": "bob"},
    ANN | {"user": ""},
    {"token": "secret"},
    {"nkeys_seed_str": SEED},
]
"""Who is not ann with her password."""
STOLEN = [*WRONG, ANN | {"password": HASHED}]
"""Nor is who has read the configuration."""


class Way(NamedTuple):
    """A way to log in."""

    config: dict[str, Any]
    login: dict[str, str]
    user: str
    """Whom the server then knows."""
    refused: list[dict[str, str]]


WAYS: dict[str, Way] = {
    "none": Way({}, NOBODY, "", []),
    "password": Way({"authorization": ANN}, ANN, "ann", WRONG),
    "bcrypt": Way({"authorization": HASHED_ANN}, ANN, "ann", STOLEN),
    "users": Way({"authorization": {"users": [BOB, ANN]}}, ANN, "ann", WRONG),
    "users-bcrypt": Way({"authorization": {"users": [BOB, HASHED_ANN]}}, ANN, "ann", STOLEN),
    "account": Way({"accounts": {"A": {"users": [ANN]}, "B": {"users": [BOB]}}}, ANN, "ann", WRONG),
    "token": Way(
        {"authorization": {"token": "secret"}},
        {"token": "secret"},
        "[REDACTED]",
        [NOBODY, {"token": "Secret"}, ANN],
    ),
    "token-bcrypt": Way(
        {"authorization": {"token": HASHED}},
        {"token": "secret"},
        "[REDACTED]",
        [NOBODY, {"token": "Secret"}, {"token": HASHED}],
    ),
    "nkey": Way(
        {"accounts": {"A": {"users": [{"nkey": PUBLIC}]}}},
        {"nkeys_seed_str": SEED},
        PUBLIC,
        [NOBODY, {"nkeys_seed_str": OTHER_SEED}, {"user": PUBLIC, "password": ""}, ANN],
    ),
    "no-auth-user": Way(
        {"authorization": {"users": [ANN, BOB]}, "no_auth_user": "bob"},
        NOBODY,
        "bob",
        [login for login in WRONG if login and "nkeys_seed_str" not in login],
    ),
}


@pytest.fixture(params=["outside", "inside"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Any]]:
    """Connects a client over the network, or in the process, that does not try again."""

    async def connect(server: AsyncNatsController, **login: Any) -> Any:
        if request.param == "inside":
            return await server.connect_nats_py(allow_reconnect=False, **login)
        return await connect_once(server.client_url, **login)

    return connect


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_who_may_gets_in(connect, way):
    """As the user that the configuration means, and can talk."""
    async with AsyncNatsController({"port": -1, **way.config}) as server:
        client = await connect(server, **way.login)
        assert [found.user for found in await server.clients()] == [way.user]
        await arrived(client)
        await client.close()


@pytest.mark.parametrize("way", [way for way in WAYS.values() if way.refused],
                         ids=[name for name, way in WAYS.items() if way.refused])  # fmt: skip
async def test_who_may_not_is_refused(connect, way):
    """Each of them, for what he says of himself; nobody is in afterwards."""
    async with AsyncNatsController({"port": -1, **way.config}) as server:
        for login in way.refused:
            with pytest.raises(Error, match="Authorization Violation"):
                await connect(server, **login)
        assert await server.clients() == []


@pytest.mark.parametrize("signature", [{}, {"sig": "AAAA"}], ids=["none", "wrong"])
async def test_a_public_nkey_alone_lets_nobody_in(signature):
    """It is no secret: only who has the seed can sign what the server makes up."""
    async with AsyncNatsController({"port": -1, **WAYS["nkey"].config}) as server:
        port = (await server.ports())["client"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        login = json.dumps({"nkey": PUBLIC, **signature})
        writer.write(f"CONNECT {login}\r\nPING\r\n".encode())
        assert b"-ERR 'Authorization Violation'" in await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()


async def test_who_does_not_log_in_has_the_permissions_of_no_auth_user(connect):
    """A guest may do what the guest's user may."""
    guest = {"user": "guest", "password": "g", "permissions": {"publish": "open"}}
    config = {"port": -1, "accounts": {"A": {"users": [ANN]}, "GUESTS": {"users": [guest]}}}
    async with AsyncNatsController(config | {"no_auth_user": "guest"}) as server:
        told = asyncio.Queue()
        client = await connect(server, error_cb=told.put)
        assert [found.account for found in await server.clients()] == ["GUESTS"]
        await client.publish("closed")
        error = await asyncio.wait_for(told.get(), 5)
        assert 'permissions violation for publish to "closed"' in str(error).lower()
        await client.close()
