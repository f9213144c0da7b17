"""A function of the program decides about every kind of client, and of credentials."""

import ssl

import nats
import pytest
from nats import errors

from dotgnatly import AsyncNatsController, AuthenticatedUser, jwt
from tests.conftest import answer, answered
from tests.doors import ACCEPTED, ACCOUNTS, ANN, REFUSED, Door, log_in
from tests.raw_clients import MqttClient, WebSocketClient


async def test_who_has_an_nkey_is_known_by_it(serve, clients):
    """The function only has to know the public key."""
    pair, stranger = jwt.create_pair("user"), jwt.create_pair("user")
    controller = await serve(
        lambda request: AuthenticatedUser(account="SHOP") if request.nkey == pair.public else None
    )
    await clients.connect(controller.client_url, nkeys_seed_str=pair.seed)
    said = await log_in(controller.client_url, nkey=stranger.public, sign=stranger.seed)
    assert said == REFUSED
    await clients.check()


async def test_nobody_is_asked_about_with_an_nkey_of_another(serve):
    """A public key is no secret: who names it must have its seed."""
    pair, stranger = jwt.create_pair("user"), jwt.create_pair("user")
    door = Door()
    controller = await serve(door)
    for stolen in ({}, {"sig": "AAAA"}, {"sign": stranger.seed}):
        said = await log_in(controller.client_url, nkey=pair.public, password="secret", **stolen)
        assert said == REFUSED
    assert door.asked == []
    owner = {"nkey": pair.public, "sign": pair.seed, "password": "secret"}
    assert await log_in(controller.client_url, **owner) == ACCEPTED


async def test_a_certificate_comes_with_its_subject(serve, certificates):
    """The function decides by it, as verify_and_map would."""
    tls = {
        "cert_file": certificates / "server.pem",
        "key_file": certificates / "server.key",
        "ca_file": certificates / "ca.pem",
        "verify": True,
    }
    asked = []

    def decide(request):
        asked.append(request)
        return AuthenticatedUser(account="SHOP")

    controller = await serve(decide, {"tls": tls})
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    client = await nats.connect(controller.client_url, tls=context)
    await client.close()
    [request] = asked
    assert (request.tls_subject, request.tls_version) == ("CN=client", "1.3")
    assert request.certificate == (certificates / "client.pem").read_text()


@pytest.fixture
def listeners(tmp_path):
    """The configuration of a server with all listeners for clients."""
    return {
        "server_name": "s",
        "jetstream": {"store_dir": tmp_path / "store"},
        "accounts": {"SHOP": {"jetstream": {}}},
        "websocket": {"port": -1, "no_tls": True},
        "mqtt": {"port": -1},
    }


@pytest.mark.parametrize("kind", [WebSocketClient, MqttClient])
async def test_clients_of_other_protocols_are_asked_about(serve, listeners, kind):
    """They come by other doors, and to the same porter."""
    door = Door()
    controller = await serve(door, listeners)
    port = (await controller.ports())[kind.LISTENER]
    with pytest.raises(PermissionError):
        await kind.connect(port, user="ann", password="wrong")
    client = await kind.connect(port, user="ann", password="secret")
    await controller.update_config(max_payload=1 << 19)
    await client.echo("hello")
    await client.close()
    assert [request.type for request in door.asked] == [kind.LISTENER] * 3


async def test_a_jwt_in_the_place_of_a_password_names_its_account(serve, listeners):
    """Clients of MQTT have no other place for it, and cannot sign: it must be a bearer token."""
    account, user = jwt.create_pair("account"), jwt.create_pair("user")
    asked = []

    def decide(request):
        asked.append((request.account, request.nkey))
        return AuthenticatedUser(account="SHOP")

    controller = await serve(decide, listeners)
    port = (await controller.ports())["mqtt"]
    signed = jwt.encode(jwt.UserClaims(sub=user.public), account.seed)
    with pytest.raises(PermissionError):
        await MqttClient.connect(port, user="ann", password=signed)
    claims = jwt.UserClaims(sub=user.public, nats={"bearer_token": True})
    client = await MqttClient.connect(port, user="ann", password=jwt.encode(claims, account.seed))
    await client.close()
    assert asked == [(account.public, "")]


async def test_leaf_nodes_are_asked_about(serve):
    """With the account that it is given the leaf shares subjects."""
    door = Door()
    hub = await serve(door, {"leafnodes": {"host": "127.0.0.1", "port": -1}})
    port = (await hub.ports())["leafnodes"]
    remotes = {"remotes": [{"urls": [f"nats-leaf://leaf:secret@127.0.0.1:{port}"]}]}
    async with AsyncNatsController({"port": -1, "leafnodes": remotes}) as leaf:
        at_leaf = await nats.connect(leaf.client_url)
        at_hub = await nats.connect(hub.client_url, **ANN)
        await answer(at_leaf, "who", b"leaf")
        assert await answered(at_hub, "who") == b"leaf"
        await at_hub.close()
        await at_leaf.close()
    assert {request.kind for request in door.asked} == {"Leafnode", "Client"}


async def test_clients_inside_the_process_are_asked_about():
    """They are the program's own, and no exception."""
    controller = AsyncNatsController(ACCOUNTS, dont_listen=True)
    door = controller.on_authenticate(Door())
    async with controller:
        client = await controller.connect_nats_py(**ANN)
        await client.close()
        with pytest.raises(errors.Error):
            await controller.connect_nats_py(allow_reconnect=False)
    assert [request.host for request in door.asked] == ["", ""]
