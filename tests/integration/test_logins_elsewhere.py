"""Logins over WebSocket and MQTT, of leaf nodes, and of users that may come one way only."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nats.errors import Error

from dotgnatly import AsyncNatsController, hash_password, jwt
from tests.integration.conftest import connect_once
from tests.raw_clients import MqttClient, WebSocketClient
from tests.realms import Realm

LISTENER = {"host": "127.0.0.1", "port": -1}
ANN = {"user": "ann", "password": "secret"}
WRONG = ANN | {"password": "wrong"}
HASHED = hash_password("secret", cost=4)
NOBODY: dict[str, str] = {}
Refused = (Error, PermissionError)
WHY = "Authorization Violation|return code 5|authentication error"


class Doors(AsyncNatsController):
    """A server with every listener, whose methods come in by one of them and leave again."""

    def __init__(self, folder: Path, config: Any = None, **blocks: Any) -> None:
        self._log = folder / "server.log"
        blocks = {name: LISTENER | block for name, block in blocks.items()}
        listeners = {
            "port": -1,
            "server_name": "doors",
            "jetstream": {"store_dir": folder / "store"},
            "log_file": self._log,
            "websocket": LISTENER | {"no_tls": True},
            "mqtt": LISTENER,
            "leafnodes": LISTENER,
        }
        super().__init__(listeners | blocks | (config or {}))

    async def standard(self, **login: str) -> None:
        """Over TCP."""
        await (await connect_once(self.client_url, **login)).close()

    async def in_process(self, **login: str) -> None:
        """Inside."""
        await (await self.connect_nats_py(allow_reconnect=False, **login)).close()

    async def websocket(self, **login: str) -> None:
        """Over WebSocket."""
        client = await WebSocketClient.connect((await self.ports())["websocket"], **login)
        await client.close()

    async def mqtt(self, **login: str) -> None:
        """Over MQTT."""
        await (await MqttClient.connect((await self.ports())["mqtt"], **login)).close()

    async def leafnode_ws(self, user: str, password: str) -> None:
        """As a leaf node, over WebSocket."""
        await self.leafnode(user, password, scheme="ws", listener="websocket")

    async def leafnode(
        self,
        user: str = "",
        password: str = "",
        scheme: str = "nats-leaf",
        listener: str = "leafnodes",
        **remote: str,
    ) -> None:
        """As a leaf node."""
        login = f"{user}:{password}@" if user else ""
        url = f"{scheme}://{login}127.0.0.1:{(await self.ports())[listener]}"
        leaf = {"port": -1, "leafnodes": {"remotes": [{"urls": url, **remote}]}}
        before = len(self._log.read_text())
        async with asyncio.timeout(10):
            async with AsyncNatsController(leaf):
                while not (await self.varz()).leafnodes:
                    if "authentication error" in self._log.read_text()[before:]:
                        raise PermissionError("authentication error")
                    await asyncio.sleep(0.005)  # between two looks
            while (await self.varz()).leafnodes:
                await asyncio.sleep(0.005)


KINDS = {
    "STANDARD": Doors.standard,
    "IN_PROCESS": Doors.in_process,
    "WEBSOCKET": Doors.websocket,
    "MQTT": Doors.mqtt,
    "LEAFNODE": Doors.leafnode,
    "LEAFNODE_WS": Doors.leafnode_ws,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_user_comes_only_the_ways_that_he_may(tmp_path, kind):
    """A password that a browser has is of no use elsewhere, nor that of a device."""
    users = [
        {"user": name, "password": "secret", "allowed_connection_types": [name]} for name in KINDS
    ]
    config = {"accounts": {"A": {"users": users, "jetstream": True}}}
    async with Doors(tmp_path, config) as server:
        enter = KINDS[kind]
        await enter(server, user=kind, password="secret")
        for other in KINDS.keys() - {kind}:
            with pytest.raises(Refused, match=WHY):
                await enter(server, user=other, password="secret")


USERS = {"accounts": {"A": {"users": [ANN, {"user": "guest", "password": "g"}], "jetstream": True}}}
OWN = ("websocket", "mqtt", "leafnode")


def own(kind, block):
    """Such a block of a listener; the raw ones need to say that they do without TLS."""
    name = "leafnodes" if kind == "leafnode" else kind
    return {name: block | ({"no_tls": True} if kind == "websocket" else {})}


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("password", ["secret", HASHED], ids=["password", "bcrypt"])
async def test_users_of_the_server_log_in_there_too(tmp_path, kind, password):
    """One table of users is enough."""
    users = {"accounts": {"A": {"users": [ANN | {"password": password}], "jetstream": True}}}
    async with Doors(tmp_path, users) as server:
        enter = getattr(server, kind)
        await enter(**ANN)
        for login in (WRONG, ANN | {"user": "bob"}, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await enter(**login)


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("password", ["secret", HASHED], ids=["password", "bcrypt"])
async def test_a_listener_can_have_a_user_of_its_own(tmp_path, kind, password):
    """It is asked for there only."""
    auth = {"authorization": ANN | {"password": password}}
    async with Doors(tmp_path, **own(kind, auth)) as server:
        enter = getattr(server, kind)
        await enter(**ANN)
        for login in (WRONG, ANN | {"user": "bob"}, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await enter(**login)
        await server.standard()


async def test_leaf_nodes_can_have_several_users_of_their_own(tmp_path):
    """Who are no users of clients, and each is bound to an account."""
    users = [{"user": "north", "password": "n", "account": "A"}, {"user": "south", "password": "s"}]
    async with Doors(tmp_path, USERS, leafnodes={"authorization": {"users": users}}) as server:
        for user in users:
            await server.leafnode(user["user"], user["password"])
        for login in (users[0] | {"password": "s"}, ANN, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await server.leafnode(login.get("user", ""), login.get("password", ""))
        with pytest.raises(Refused, match=WHY):
            await server.standard(user="north", password="n")


async def test_a_leaf_node_can_log_in_with_an_nkey(tmp_path):
    """Its seed is in the configuration of the leaf node, its public key in that of the hub."""
    pair, other = jwt.create_pair("user"), jwt.create_pair("user")
    auth = {"authorization": {"nkey": pair.public}}
    async with Doors(tmp_path, leafnodes=auth) as server:
        await server.leafnode(nkey=pair.seed)
        for login in ({"nkey": other.seed}, ANN, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await server.leafnode(**login)


async def test_websocket_can_have_a_token_of_its_own(tmp_path):
    """In place of a user."""
    auth = {"no_tls": True, "authorization": {"token": "secret"}}
    async with Doors(tmp_path, websocket=auth) as server:
        await server.websocket(token="secret")
        for login in ({"token": "wrong"}, ANN, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await server.websocket(**login)


async def test_mqtt_can_have_a_token_of_its_own(tmp_path):
    """A device gives it as its password, beside any name."""
    async with Doors(tmp_path, mqtt={"authorization": {"token": "secret"}}) as server:
        await server.mqtt(user="any", password="secret")
        for login in (WRONG, NOBODY):
            with pytest.raises(Refused, match=WHY):
                await server.mqtt(**login)


@pytest.mark.parametrize("kind", ["websocket", "mqtt"])
async def test_a_listener_can_have_a_no_auth_user_of_its_own(tmp_path, kind):
    """Pages that anybody may open, while other clients log in; a wrong password is wrong still."""
    async with Doors(tmp_path, USERS, **own(kind, {"no_auth_user": "guest"})) as server:
        enter = getattr(server, kind)
        await enter()
        await enter(**ANN)
        with pytest.raises(Refused, match=WHY):
            await enter(**WRONG)
        with pytest.raises(Refused, match=WHY):
            await server.standard()


async def test_cookies_log_in_over_websocket(tmp_path):
    """A browser sends what a login page has set, and no script has to see it."""
    cookies = {"no_tls": True, "user_cookie": "u", "pass_cookie": "p"}
    async with Doors(tmp_path, USERS, websocket=cookies) as server:
        await server.websocket(cookie="u=ann; p=secret")
        for cookie in ("u=ann; p=wrong", "user=ann; password=secret", ""):
            with pytest.raises(Refused, match=WHY):
                await server.websocket(cookie=cookie)


async def test_a_token_cookie_logs_in_over_websocket(tmp_path):
    """As a token does elsewhere."""
    cookies = {"no_tls": True, "token_cookie": "t", "authorization": {"token": "secret"}}
    async with Doors(tmp_path, websocket=cookies) as server:
        await server.websocket(cookie="t=secret")
        for cookie in ("t=wrong", "token=secret", ""):
            with pytest.raises(Refused, match=WHY):
                await server.websocket(cookie=cookie)


@pytest.fixture
def realm(tmp_path):
    """An operator and his users."""
    return Realm(tmp_path)


def bearer(realm, kind, signer=None, **nats):
    """The JWT of a user who needs no seed, and may come this way."""
    creds = realm.creds(signer=signer, bearer_token=True, allowed_connection_types=[kind], **nats)
    return jwt.read_creds(creds).jwt


async def test_a_jwt_in_a_cookie_logs_in_over_websocket(tmp_path, realm):
    """A bearer token, as a browser has no seed to sign with."""
    cookies = {"no_tls": True, "jwt_cookie": "j"}
    config = realm.config().to_dict()
    async with Doors(tmp_path, config, websocket=cookies, mqtt={"port": 0}) as server:
        await server.websocket(cookie=f"j={bearer(realm, 'WEBSOCKET')}")
        stranger = jwt.create_pair("account")
        for token in (bearer(realm, "MQTT"), bearer(realm, "WEBSOCKET", stranger), "eyJ", ""):
            with pytest.raises(Refused, match=WHY):
                await server.websocket(cookie=f"j={token}")


async def test_a_jwt_as_the_password_logs_in_over_mqtt(tmp_path, realm):
    """The protocol has no other place for it."""
    config = realm.config().to_dict()
    config["resolver_preload"][realm.account.public] = realm.account_jwt(
        limits={"disk_storage": "1GB", "mem_storage": "1GB"}
    )
    async with Doors(tmp_path, config) as server:
        await server.mqtt(user="any", password=bearer(realm, "MQTT"))
        stranger = jwt.create_pair("account")
        for token in (bearer(realm, "WEBSOCKET"), bearer(realm, "MQTT", stranger), "eyJ"):
            with pytest.raises(Refused, match=WHY):
                await server.mqtt(user="any", password=token)
