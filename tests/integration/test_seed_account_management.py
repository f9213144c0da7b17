"""The .NET library's tests of accounts, its behaviours by their names.

Theirs looked at what the server said of an account that nobody could log in to, and that the next
reload took out. Here each is one that clients use.
"""

import json

import nats
import pytest

from dotgnatly import NotFoundError, StateError

ANN = {"user": "ann", "password": "a"}
BOB = {"user": "bob", "password": "b"}
SYSTEM = {"user": "system", "password": "s"}


async def ask(server, subject, **options):
    """What the system account is told."""
    client = await nats.connect(server.client_url, **SYSTEM)
    answer = await client.request(subject, json.dumps(options).encode(), timeout=5)
    await client.close()
    return json.loads(answer.data)["data"]


@pytest.fixture
def server(nats_server):
    """A server whose system account can be asked."""
    nats_server.create_account("$SYS", {"users": [SYSTEM]})
    return nats_server


async def test_register_account(server):
    """It can be used at once, and not be made again."""
    server.create_account("A", {"users": [ANN]})
    client = await nats.connect(server.client_url, **ANN)
    assert [found.account for found in server.clients()] == ["A"]
    await client.close()
    with pytest.raises(StateError):
        server.create_account("A", {"users": [BOB]})


async def test_lookup_account(server):
    """The controller tells how it is configured, the server who is in it."""
    server.create_account("A", {"users": [ANN], "jetstream": False})
    assert server.accounts()["A"].users[0].user == "ann"
    client = await nats.connect(server.client_url, **ANN)
    detail = await ask(server, "$SYS.REQ.ACCOUNT.A.INFO")
    assert (detail["account_name"], detail["client_connections"]) == ("A", 1)
    assert detail["jetstream_enabled"] is False
    await client.close()


async def test_lookup_non_existent_account(server):
    """There is an error, and a plain answer."""
    assert "A" not in server.accounts()
    with pytest.raises(NotFoundError):
        server.update_account("A", {})


@pytest.mark.parametrize("asked", [[], ["A"]], ids=["all", "one"])
async def test_account_statz(server, asked):
    """All accounts that are used, or only those that were asked for."""
    server.create_accounts({"A": {"users": [ANN]}, "B": {"users": [BOB]}})
    clients = [await nats.connect(server.client_url, **user) for user in (ANN, BOB)]
    statz = (await ask(server, "$SYS.REQ.ACCOUNT.PING.STATZ", accounts=asked))["account_statz"]
    found = {entry["acc"]: entry["conns"] for entry in statz}
    for client in clients:
        await client.close()
    assert found.pop("$SYS", 1) == 1
    assert found == ({"A": 1} if asked else {"A": 1, "B": 1})
