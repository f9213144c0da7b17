"""What the trace shows of a login: who it is, and nothing that somebody else could log in with."""

import asyncio
import json

import nats
import pytest

from dotgnatly import NatsController, jwt
from dotgnatly.logs import TRACE
from tests.conftest import wait_until
from tests.realms import Realm

PASSWORD = 'one,two}three"four\\five", "user": "six'
PARTS = "one", "two", "three", "four", "five", "six"


@pytest.fixture
def traced(caplog):
    """Starts a server with all of its log on, and gives all that it logs until a client is gone."""
    caplog.set_level(TRACE, "dotgnatly.server")

    async def traced(config, say=None, **login):
        with NatsController({"port": -1, "debug": True, "trace": True} | dict(config)) as server:
            if say is None:
                client = await nats.connect(server.client_url, name="caller", **login)
                await client.close()
            else:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", server.ports()["client"]
                )
                writer.write(say)
                await reader.read()  # until the server has had enough of it
                writer.close()
                await writer.wait_closed()
            name = server.server_name
        wait_until(lambda: (name, "Server Exiting..") in logged(caplog))
        return "\n".join(text for server, text in logged(caplog) if server == name)

    return traced


def logged(caplog):
    """The server and the text of each line."""
    return [(getattr(r, "server_name", ""), r.getMessage()) for r in caplog.records]


def sent(text):
    """The options of the CONNECT in a log."""
    _, _, options = text.partition("[CONNECT ")
    found = json.loads(options.partition("]\n")[0])
    assert found["name"] == "caller"
    return found


async def test_a_password_is_hidden_to_its_end(traced):
    """nats-server's own pattern ends at the first comma, brace or quote of a password."""
    user = {"user": "ann", "password": PASSWORD}
    text = await traced({"authorization": {"users": [user]}}, **user)
    assert (sent(text)["user"], sent(text)["pass"]) == ("ann", "***")
    assert not [part for part in PARTS if part in text]


async def test_a_token_is_hidden_to_its_end(traced):
    """Likewise."""
    token = "one,two}three"
    text = await traced({"authorization": {"token": token}}, token=token)
    assert sent(text)["auth_token"] == "***"
    assert not [part for part in PARTS if part in text]


async def test_a_wrong_password_is_hidden_as_well(traced):
    """It is mostly a right one somewhere else, or nearly right."""
    config = {"authorization": {"users": [{"user": "ann", "password": "p"}]}}
    options = {"user": "ann", "PASS": PASSWORD, "verbose": False}
    text = await traced(config, say=f"CONNECT {json.dumps(options)}\r\n".encode())
    assert "authentication error" in text
    assert not [part for part in PARTS if part in text]


@pytest.mark.parametrize(
    "said", [b'{"user":"ann","pass":"one', b'{"user":"ann","pass":one,"two":"three"}', b"one two"]
)
async def test_what_is_no_json_is_not_shown(traced, said):
    """A password may be in it."""
    text = await traced({}, say=b"CONNECT " + said + b"\r\n")
    assert "[CONNECT" in text
    assert not [part for part in PARTS if part in text]


async def test_an_nkey_shows_who_it_is_but_no_signature(traced):
    """The server's own lines name the public key."""
    pair = jwt.create_pair("user")
    config = {"authorization": {"users": [{"nkey": pair.public}]}}
    text = await traced(config, nkeys_seed_str=pair.seed)
    assert sent(text)["sig"] == "***"
    assert pair.seed not in text
    assert f"nkey:{pair.public}" in text


async def test_a_jwt_is_hidden(traced, tmp_path):
    """One of a bearer is all that it takes to log in."""
    realm = Realm(tmp_path)
    creds = realm.creds()
    text = await traced(realm.config().to_dict(), user_credentials=str(creds))
    assert (sent(text)["jwt"], sent(text)["sig"]) == ("***", "***")
    secret = jwt.read_creds(creds)
    assert not [part for part in (*secret.jwt.split("."), secret.seed) if part in text]


async def test_who_logged_in_by_a_jwt_is_in_the_account_of_the_line(traced, tmp_path, caplog):
    """By its nkey, as everywhere else."""
    realm = Realm(tmp_path)
    await traced(realm.config().to_dict(), user_credentials=str(realm.creds()))
    accounts = {getattr(record, "account", None) for record in caplog.records}
    assert accounts == {None, realm.account.public}
