"""A change that does not concern a client leaves it connected, however it came in."""

import asyncio
import ssl

import nats
import nkeys
import pytest

from dotgnatly import AsyncNatsController

# The hash of "secret", as cheap as bcrypt allows.
HASHED = "$2a$04$gj6VTKdpwB/7iBd6W9A6juSBasUphmeoQ7jRgzPEwSvwty0cGKvca"
SEED = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
PUBLIC = nkeys.from_seed(bytearray(SEED)).public_key.decode()


def permitted(user):
    """With permissions: a reload computes them anew."""
    return user | {"permissions": {"publish": "talk.>", "subscribe": ["talk.>", "_INBOX.>"]}}


PASSWORD = {"user": "ann", "password": "secret"}
WAYS = [
    pytest.param({}, {}, id="anonymous"),
    pytest.param({"authorization": {"token": "secret"}}, {"token": "secret"}, id="token"),
    pytest.param({"authorization": PASSWORD}, PASSWORD, id="password"),
    pytest.param({"authorization": PASSWORD | {"password": HASHED}}, PASSWORD, id="bcrypt"),
    pytest.param({"authorization": {"users": [permitted(PASSWORD)]}}, PASSWORD, id="permissions"),
    pytest.param({"authorization": {"users": [{"nkey": PUBLIC}]}}, {"nkeys": True}, id="nkey"),
    pytest.param({"accounts": {"A": {"users": [PASSWORD]}, "B": {}}}, PASSWORD, id="account"),
    pytest.param(
        {"accounts": {"A": {"users": [PASSWORD]}}, "no_auth_user": "ann"}, {}, id="no-auth-user"
    ),
    pytest.param({"tls": {}}, {"tls": True}, id="tls"),
    pytest.param({"tls": {"verify": True}}, {"tls": True}, id="tls-verified"),
    pytest.param(
        {"tls": {"verify_and_map": True}, "authorization": {"users": [{"user": "localhost"}]}},
        {"tls": True},
        id="tls-mapped",
    ),
    pytest.param({"tls": {"handshake_first": True}}, {"tls": True, "first": True}, id="tls-first"),
]


@pytest.fixture
def prepare(certificates, tmp_path):
    """Fills files into a configuration and a client's options."""

    def prepare(fields, login):
        fields, login = dict(fields), dict(login)
        if "tls" in fields:
            fields["tls"] = fields["tls"] | {
                f"{name}_file": str(certificates / file)
                for name, file in [("cert", "server.pem"), ("key", "server.key"), ("ca", "ca.pem")]
            }
        if login.pop("tls", None):
            context = ssl.create_default_context(cafile=certificates / "ca.pem")
            context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
            login["tls"] = context
        if login.pop("first", None):
            login["tls_handshake_first"] = True
        if login.pop("nkeys", None):
            (tmp_path / "seed").write_bytes(SEED)
            login["nkeys_seed"] = str(tmp_path / "seed")
        return {"port": -1} | fields, login

    return prepare


@pytest.mark.parametrize(("fields", "login"), WAYS)
async def test_an_unrelated_change_cuts_nobody_off(clients, prepare, fields, login):
    """The server asks every client for its right to be there at each reload."""
    config, options = prepare(fields, login)
    async with AsyncNatsController(config) as controller:
        client = await clients.connect(controller.client_url, **options)
        subscription = await client.subscribe("talk.a")
        for number in range(3):
            await controller.update_config(max_payload=(2 << 20) + number, debug=number == 1)
            await client.publish("talk.a", b"%d" % number)
            assert (await subscription.next_msg(timeout=5)).data == b"%d" % number
        await clients.check()
        assert (await controller.varz()).total_connections == 1
        await clients.close()


async def test_a_user_more_cuts_nobody_off(clients):
    """Lists are replaced; who is in the new one too stays."""
    users = [PASSWORD]
    async with AsyncNatsController({"port": -1, "authorization": {"users": users}}) as controller:
        await clients.connect(controller.client_url, **PASSWORD)
        users = [{"user": "bob", "password": "b"}, *users]
        await controller.update_config(authorization={"users": users})
        await clients.connect(controller.client_url, user="bob", password="b")
        await clients.check()
        await clients.close()


async def test_an_account_more_cuts_nobody_off(clients):
    """Tenants come and go while others work."""
    ann = {"A": {"users": [PASSWORD]}}
    async with AsyncNatsController({"port": -1, "accounts": ann}) as controller:
        await clients.connect(controller.client_url, **PASSWORD)
        bob = {"B": {"users": [{"user": "bob", "password": "b"}]}}
        await controller.update_config(accounts=bob)
        await clients.connect(controller.client_url, user="bob", password="b")
        await clients.check()
        await clients.close()


async def test_a_user_less_is_cut_off(clients):
    """Security never fails open: who is taken out is out at once, and the others stay."""
    out = asyncio.Event()

    async def closed():
        out.set()

    bob = {"user": "bob", "password": "b"}
    users = [PASSWORD, bob]
    async with AsyncNatsController({"port": -1, "authorization": {"users": users}}) as controller:
        await clients.connect(controller.client_url, **PASSWORD)
        await nats.connect(controller.client_url, **bob, closed_cb=closed, allow_reconnect=False)
        await controller.update_config(authorization={"users": [PASSWORD]})
        assert (await controller.varz()).connections == 1
        await asyncio.wait_for(out.wait(), 5)
        await clients.check()
        await clients.close()
