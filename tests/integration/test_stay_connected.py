"""A change that does not concern a client leaves it connected, however it came in."""

import asyncio
import json
import ssl
from urllib.request import urlopen

import nats
import nkeys
import pytest

from dotgnatly import AsyncNatsController
from tests.conftest import answer, answered
from tests.raw_clients import MqttClient, WebSocketClient

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

LISTENER = {"host": "127.0.0.1", "port": -1}
WEBSOCKET = {"websocket": LISTENER | {"no_tls": True}}
MQTT = {"server_name": "n", "jetstream": {}, "mqtt": LISTENER}
HASHED_USER = {"authorization": {"users": [PASSWORD | {"password": HASHED}]}}
RAW_WAYS = [
    pytest.param(WebSocketClient, WEBSOCKET, {}, id="websocket"),
    pytest.param(WebSocketClient, WEBSOCKET | HASHED_USER, PASSWORD, id="websocket-bcrypt"),
    pytest.param(
        WebSocketClient, {"websocket": LISTENER | {"tls": {}}}, {"tls": True}, id="websocket-tls"
    ),
    pytest.param(MqttClient, MQTT, {}, id="mqtt"),
    pytest.param(MqttClient, MQTT | HASHED_USER, PASSWORD, id="mqtt-bcrypt"),
    pytest.param(
        MqttClient, MQTT | {"mqtt": LISTENER | {"tls": {}}}, {"tls": True}, id="mqtt-tls"
    ),
]  # fmt: skip
LEAF_WAYS = [
    pytest.param({}, "", id="anonymous"),
    pytest.param({"authorization": PASSWORD}, "ann:secret@", id="password"),
    pytest.param(
        {"authorization": {"users": [PASSWORD | {"account": "$G"}]}}, "ann:secret@", id="users"
    ),
    pytest.param({"authorization": PASSWORD | {"password": HASHED}}, "ann:secret@", id="bcrypt"),
    pytest.param({"tls": {}}, "", id="tls"),
]


@pytest.fixture
def changes(tmp_path):
    """Ten changes of logging and limits, which concern no client."""
    return [
        {"debug": True},
        {"logtime_utc": True},
        {"log_file": tmp_path / "server.log"},
        {"trace": True, "max_traced_msg_len": 10},
        {"connect_error_reports": 10},
        {"max_payload": "2MB"},
        {"max_connections": 1000},
        {"max_control_line": "8KB"},
        {"ping_interval": "1m", "ping_max": 5},
        {"write_deadline": "5s"},
    ]


@pytest.fixture
def prepare(certificates, tmp_path):
    """Fills files into a configuration and a client's options."""
    files = {
        f"{name}_file": str(certificates / file)
        for name, file in [("cert", "server.pem"), ("key", "server.key"), ("ca", "ca.pem")]
    }

    def fill(value, key=""):
        if isinstance(value, list):
            return [fill(item) for item in value]
        if isinstance(value, dict):
            value = value | files if key == "tls" else value
            return {key: fill(item, key) for key, item in value.items()}
        return value

    def prepare(fields, login):
        fields, login = fill(fields), dict(login)
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
async def test_an_unrelated_change_cuts_nobody_off(clients, prepare, changes, fields, login):
    """The server asks every client for its right to be there at each reload."""
    config, options = prepare(fields, login)
    async with AsyncNatsController(config) as controller:
        client = await clients.connect(controller.client_url, **options)
        subscription = await client.subscribe("talk.a")
        for number, change in enumerate(changes):
            await controller.update_config(change)
            await client.publish("talk.a", b"%d" % number)
            assert (await subscription.next_msg(timeout=5)).data == b"%d" % number
        await clients.check()
        assert (await controller.varz()).total_connections == 1
        await clients.close()


@pytest.mark.parametrize(("kind", "fields", "login"), RAW_WAYS)
async def test_an_unrelated_change_cuts_no_browser_or_device_off(
    prepare, changes, kind, fields, login
):
    """They come over WebSocket and MQTT."""
    config, options = prepare(fields, login)
    async with AsyncNatsController(config) as controller:
        port = (await controller.ports())[kind.LISTENER]
        client = await kind.connect(port, **options)
        for number, change in enumerate(changes):
            await controller.update_config(change)
            await asyncio.wait_for(client.echo(f"{number}"), 5)
        assert (await controller.varz()).total_connections == 1
        await client.close()


@pytest.mark.parametrize(("listener", "login"), LEAF_WAYS)
async def test_an_unrelated_change_cuts_no_leaf_node_off(
    clients, prepare, changes, traffic, listener, login
):
    """Whichever of both ends is changed: what crosses arrives, once and in order."""
    config, _ = prepare({"http_port": -1, "leafnodes": LISTENER | listener}, {})
    async with AsyncNatsController(config) as hub:
        url = f"nats-leaf://{login}127.0.0.1:{(await hub.ports())['leafnodes']}"
        remote = {"urls": [url]} | ({"tls": {}} if "tls" in listener else {})
        config, _ = prepare({"leafnodes": {"remotes": [remote]}}, {})
        async with AsyncNatsController(config) as spoke:
            loads = [
                await crossing(clients, traffic, spoke, hub, "up"),
                await crossing(clients, traffic, hub, spoke, "down"),
            ]
            before = await leafs(hub)
            for change in changes:
                for end in (hub, spoke):
                    await end.update_config(change)
                    for load in loads:
                        await load.advance()
            for load in loads:
                await load.stop()
            assert (await leafs(hub), len(before)) == (before, 1)
            assert (await hub.varz()).leafnodes == (await spoke.varz()).leafnodes == 1
            await clients.check()
            await clients.close()


async def crossing(clients, traffic, source, destination, subject):
    """Traffic from clients of one server to one of another."""
    publishers = [await clients.connect(source.client_url) for _ in range(2)]
    listener = await clients.connect(destination.client_url)
    await answer(listener, f"{subject}-connected", b"")
    await answered(publishers[0], f"{subject}-connected")  # interest comes in order from now on
    load = traffic(publishers, listener, subject)
    await load.start()
    return load


async def leafs(controller):
    """The connections of leaf nodes, by their cid."""

    def ask():
        with urlopen(f"{controller.monitoring_url}/leafz", timeout=5) as answer:
            return {leaf["id"] for leaf in json.load(answer)["leafs"]}

    return await asyncio.to_thread(ask)


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
