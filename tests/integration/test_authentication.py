"""A function of the program decides who may log in, for every kind of client."""

import asyncio
import base64
import json
import socket
import ssl
import threading
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta

import nats
import pytest
from nats import errors

from dotgnatly import (
    AsyncNatsCluster,
    AsyncNatsController,
    AuthenticatedUser,
    ConfigError,
    NatsController,
    RestartRequiredError,
    jwt,
)
from tests.conftest import answer, answered, arrived, is_answered, wait_until
from tests.raw_clients import MqttClient, WebSocketClient
from tests.realms import Realm

ANN = {"user": "ann", "password": "secret"}
ACCOUNTS = {"accounts": {"SHOP": {}, "OTHER": {}}}


class Door:
    """Lets in who has the password "secret", into the account SHOP, and remembers who asked."""

    def __init__(self, **granted):
        self.asked = []
        self.granted = {"account": "SHOP"} | granted

    def __call__(self, request):
        """Decide."""
        self.asked.append(request)
        return AuthenticatedUser(**self.granted) if request.password == "secret" else None


async def log_in(url, **fields):
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


ACCEPTED, REFUSED = "+OK", "-ERR 'Authorization Violation'"


@pytest.fixture
async def serve():
    """Starts servers that ask a function; they are shut down after the test."""
    async with AsyncExitStack() as servers:

        async def serve(decide, config=None, **seeds):
            controller = AsyncNatsController({"port": -1} | ACCOUNTS | (config or {}))
            controller.on_authenticate(decide, **seeds)
            return await servers.enter_async_context(controller)

        yield serve


# -- who is let in ---------------------------------------------------------------------------------


async def test_who_is_accepted_is_in_the_account_and_no_other(serve, clients):
    """The account that was returned is the one whose messages are seen."""
    controller = await serve(
        lambda request: AuthenticatedUser(account=request.user) if request.user else None
    )
    shop, other = [
        await clients.connect(controller.client_url, user=name, password="")
        for name in ("SHOP", "OTHER")
    ]
    await answer(shop, "who", b"shop")
    assert await is_answered(shop, "who")
    assert not await is_answered(other, "who")


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"user": "ann", "password": "wrong"},
        {"user": "ann", "password": ""},
        {"auth_token": "secret"},
    ],
)
async def test_who_is_not_accepted_is_refused(serve, login):
    """None lets nobody in."""
    controller = await serve(Door())
    assert await log_in(controller.client_url, **login) == REFUSED


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda _: 1 / 0, id="raises"),
        pytest.param(lambda _: True, id="returns-true"),
        pytest.param(lambda _: "SHOP", id="returns-a-name"),
        pytest.param(lambda _: AuthenticatedUser(account="NONE"), id="no-such-account"),
        pytest.param(
            lambda _: AuthenticatedUser(permissions={"publish": ["a..b"]}), id="bad-subject"
        ),
        pytest.param(lambda _: AuthenticatedUser(permissions={"pubish": []}), id="misspelt"),
        pytest.param(
            lambda _: AuthenticatedUser(expires=datetime.now(UTC) - timedelta(hours=1)),
            id="expired",
        ),
        pytest.param(
            lambda _: AuthenticatedUser(expires=datetime.now()),  # noqa: DTZ005 - what is wrong
            id="no-time-zone",
        ),
        pytest.param(lambda _: (_ for _ in ()).throw(SystemExit), id="exits"),
    ],
)
async def test_no_mistake_lets_anybody_in(serve, wrong):
    """Whatever goes wrong, the door stays shut and the server up."""
    controller = await serve(wrong)
    assert await log_in(controller.client_url, **ANN) == REFUSED
    assert controller.is_running


async def test_who_is_too_slow_refuses(serve):
    """The server's own timeout holds for the function."""
    go_on = threading.Event()
    controller = await serve(
        lambda _: go_on.wait(20) and AuthenticatedUser(), {"authorization": {"timeout": 0.2}}
    )
    try:
        assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")
    finally:
        go_on.set()


async def test_the_timeout_is_that_of_the_configuration_in_force(serve):
    """A slower function needs a longer one, and no restart."""
    pause = threading.Event()
    controller = await serve(
        lambda _: pause.wait(0.5) or AuthenticatedUser(account="SHOP"),
        {"authorization": {"timeout": 0.1}},
    )
    assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")
    await controller.update_config(authorization={"timeout": 20})
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_many_are_asked_about_at_the_same_time(serve, clients):
    """One slow decision does not hold up the next login."""
    both = threading.Barrier(2, timeout=20)

    def decide(_):
        both.wait()
        return AuthenticatedUser(account="SHOP")

    controller = await serve(decide, {"authorization": {"timeout": 20}})
    await asyncio.gather(*(clients.connect(controller.client_url, **ANN) for _ in range(2)))


async def complaints(controller, count, *, publish=(), subscribe=()):
    """What the server says to a client that does this, as soon as it has said so many things."""
    said = asyncio.Queue()
    client = await nats.connect(controller.client_url, error_cb=said.put, **ANN)
    for subject in subscribe:
        await client.subscribe(subject)
    for subject in publish:
        await client.publish(subject)
    async with asyncio.timeout(10):
        found = [str(await said.get()).lower() for _ in range(count)]
    await client.close()
    return found


async def test_permissions_hold(serve):
    """Those that were returned, as those of a configured user."""
    permissions = {"publish": ["in.>"], "subscribe": {"deny": "out"}}
    controller = await serve(Door(permissions=permissions))
    said = await complaints(controller, 2, publish=["in.a", "elsewhere"], subscribe=["a", "out"])
    assert 'permissions violation for subscription to "out"' in said[0]
    assert 'permissions violation for publish to "elsewhere"' in said[1]


async def test_an_empty_list_allows_nothing(serve):
    """In a JWT it would allow everything."""
    controller = await serve(Door(permissions={"publish": []}))
    [said] = await complaints(controller, 1, publish=["a"])
    assert 'permissions violation for publish to "a"' in said


async def test_responses_are_allowed(serve, clients):
    """A service that may only answer."""
    controller = await serve(
        lambda request: AuthenticatedUser(
            account="SHOP",
            permissions={"allow_responses": True} if request.user == "service" else None,
        )
    )
    service = await clients.connect(controller.client_url, user="service", password="")

    async def respond(message):
        await message.respond(b"yes")

    await service.subscribe("ask", cb=respond)
    await service.flush()
    asker = await clients.connect(controller.client_url, user="asker", password="")
    assert await answered(asker, "ask") == b"yes"
    await clients.check()


async def test_who_has_expired_is_disconnected(serve):
    """A decision holds for as long as it says."""
    controller = await serve(Door(expires=timedelta(seconds=2)))
    gone = asyncio.Event()

    async def closed():
        gone.set()

    client = await nats.connect(
        controller.client_url, closed_cb=closed, allow_reconnect=False, **ANN
    )
    assert client.is_connected
    async with asyncio.timeout(10):
        await gone.wait()


async def test_configured_users_are_asked_about_as_well(serve):
    """There is one door."""
    users = {"authorization": {"users": [{"user": "bob", "password": "bob"}]}}
    controller = await serve(Door(account="$G"), users | {"accounts": {}})
    assert await log_in(controller.client_url, user="bob", password="bob") == REFUSED
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


# -- kinds of clients ------------------------------------------------------------------------------


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


# -- reloads and restarts --------------------------------------------------------------------------


async def test_a_reload_asks_about_each_client_once_and_drops_none(serve, clients, traffic):
    """A hundred clients, of every kind of login."""
    pair = jwt.create_pair("user")
    ways = [
        lambda i: {"user": f"user{i}", "password": "secret"},
        lambda _: {"token": "secret"},
        lambda _: {"nkeys_seed_str": pair.seed},
    ]
    asked = []

    def decide(request):
        asked.append((request.cid, request.user, request.token, request.nkey))
        known = "secret" in {request.password, request.token} or request.nkey == pair.public
        return AuthenticatedUser(account="SHOP") if known else None

    controller = await serve(decide)
    connected = [await clients.connect(controller.client_url, **ways[i % 3](i)) for i in range(100)]
    flow = traffic(connected[:3], connected[3])
    await flow.start()
    before = sorted(asked)
    assert len(before) == 100
    asked.clear()
    await controller.update_config(max_payload=1 << 19)
    assert sorted(asked) == before
    await flow.advance()
    await flow.stop()
    await clients.check()


async def test_many_log_in_while_it_is_reloaded(serve, clients):
    """Who has not said yet who he is may be refused, as with configured users; who is in stays."""
    controller = await serve(Door())
    await clients.connect(controller.client_url, **ANN)

    async def come_and_go():
        for _ in range(5):
            with suppress(ConnectionError):
                while await log_in(controller.client_url, **ANN) != ACCEPTED:
                    pass

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(come_and_go())
        for number in range(10):
            await controller.update_config(max_payload=(1 << 19) + number)
    await clients.check()


async def test_one_name_in_two_accounts_survives_a_reload(serve, clients):
    """A name is the function's own affair."""
    controller = await serve(lambda request: AuthenticatedUser(account=request.password))
    for account in ("SHOP", "OTHER", "SHOP", "OTHER"):
        await clients.connect(controller.client_url, user="ann", password=account)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()


async def test_a_name_is_free_when_nobody_has_it_any_more(serve, clients):
    """Who is looked for by it is found."""
    controller = await serve(lambda request: AuthenticatedUser(account=request.password))
    assert await log_in(controller.client_url, user="bob", password="SHOP") == ACCEPTED
    async with asyncio.timeout(10):
        while await controller.clients():
            await asyncio.sleep(0.01)  # until it is gone
    await clients.connect(controller.client_url, user="bob", password="OTHER")
    assert [each.user for each in await controller.clients()] == ["bob"]
    await clients.connect(controller.client_url, user="bob", password="SHOP")
    [_, second] = await controller.clients()
    assert second.user == f"bob#{second.cid}"


async def test_a_name_of_a_configured_user_in_another_account_survives_a_reload(serve, clients):
    """The function may give it any account."""
    users = {"accounts": {"SHOP": {"users": [ANN]}, "OTHER": {}}}
    controller = await serve(Door(account="OTHER"), users)
    await clients.connect(controller.client_url, **ANN)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()


async def test_who_says_another_name_later_logs_in_anew(serve):
    """A client is asked about under the name that it is known by."""
    door = Door()
    controller = await serve(door)
    reader, writer = await asyncio.open_connection(*controller.client_url[7:].split(":"))
    await reader.readline()
    for user, password in (("ann", "secret"), ("admin", "wrong")):
        fields = {"verbose": True, "user": user, "pass": password}
        writer.write(b"CONNECT " + json.dumps(fields).encode() + b"\r\n")
        said = (await reader.readline()).decode().strip()
    writer.close()
    await writer.wait_closed()
    assert said == REFUSED
    assert [request.user for request in door.asked] == ["ann", "admin"]


async def test_a_reload_disconnects_who_is_refused_then(serve, clients):
    """So a function takes back what it granted."""
    banned = set()
    controller = await serve(
        lambda request: None if request.user in banned else AuthenticatedUser(account="SHOP")
    )
    await clients.connect(controller.client_url, user="bob", password="")
    gone = asyncio.Event()

    async def closed():
        gone.set()

    await nats.connect(
        controller.client_url, user="ann", password="", allow_reconnect=False, closed_cb=closed
    )
    banned.add("ann")
    await controller.update_config(max_payload=1 << 19)
    async with asyncio.timeout(10):
        await gone.wait()
    await clients.check()


async def test_who_moves_to_another_account_connects_again(serve):
    """His subscriptions would stay behind in the old one."""
    account = "SHOP"
    controller = await serve(lambda _: AuthenticatedUser(account=account))
    back = asyncio.Event()

    async def reconnected():
        back.set()

    client = await nats.connect(
        controller.client_url,
        user="ann",
        password="",
        reconnected_cb=reconnected,
        reconnect_time_wait=0.01,
    )
    account = "OTHER"
    await controller.update_config(max_payload=1 << 19)
    async with asyncio.timeout(10):
        await back.wait()
    assert "OTHER" in {each.account for each in await controller.clients()}
    await client.close()


async def test_a_function_may_ask_the_controller_during_a_reload(clients):
    """It does not run under a lock of ours."""
    controller = AsyncNatsController({"port": -1} | ACCOUNTS)
    seen = []

    @controller.on_authenticate
    async def decide(request):
        seen.append(len(await controller.clients()))
        assert (await controller.varz()).server_id == request.server_id
        return AuthenticatedUser(account="SHOP")

    async with controller:
        await clients.connect(controller.client_url, **ANN)
        await controller.update_config(max_payload=1 << 19)
        await clients.check()
        await clients.close()
    assert len(seen) == 2


async def test_a_plan_predicts_no_disconnect(serve, clients):
    """Who is asked decides, and not the list of users."""
    controller = await serve(Door())
    await clients.connect(controller.client_url, **ANN)
    plan = await controller.plan(max_payload=1 << 19)
    assert (plan.reload_class, plan.disconnected) == ("hot", ())
    plan = await controller.plan(accounts={"SHOP": None})
    assert [(each.user, each.reason) for each in plan.disconnected] == [
        ("ann", "the account is removed")
    ]


async def test_clients_come_back_after_a_restart(serve):
    """The door is there before the first of them."""
    door = Door()
    controller = await serve(door)
    back = asyncio.Event()

    async def reconnected():
        back.set()

    client = await nats.connect(
        controller.client_url, reconnected_cb=reconnected, reconnect_time_wait=0.01, **ANN
    )
    await controller.update_config(server_name="other", allow_restart=True)
    async with asyncio.timeout(10):
        await back.wait()
    assert len(door.asked) == 2
    await client.close()


async def inside(controller):
    """The cid of the connection that answers."""
    [cid] = [c.cid for c in (await controller.connz()).connections if "authenticate" in c.name]
    return cid


async def test_the_connection_inside_is_no_client_and_comes_back(serve, clients):
    """Whoever closes all that he sees does not shut the door, and nobody is dropped for it."""
    controller = await serve(Door())
    for _ in range(3):
        await clients.connect(controller.client_url, **ANN)
    assert [each.user for each in await controller.clients()] == ["ann"] * 3
    before = await inside(controller)
    await controller.disconnect_client(before)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()
    assert await inside(controller) != before
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_a_function_can_take_the_place_of_another(serve):
    """Rules change, and no client notices."""
    controller = await serve(Door())
    controller.on_authenticate(lambda _: None)
    assert await log_in(controller.client_url, **ANN) == REFUSED


async def test_it_comes_before_the_start(nats_server):
    """A running server cannot begin to ask."""
    with pytest.raises(RestartRequiredError):
        nats_server.on_authenticate(Door())
    assert await log_in(nats_server.client_url) == ACCEPTED


async def test_a_server_that_is_being_started_cannot_begin_to_ask():
    """Else its door would stand open, without a word."""
    controller = AsyncNatsController({"port": -1})
    start = asyncio.create_task(controller.start())
    await asyncio.sleep(0)  # it begins
    with pytest.raises(RestartRequiredError):
        controller.on_authenticate(Door())
    await start
    await controller.shutdown()


def test_a_door_with_a_porter_is_not_warned_of(tmp_path):
    """Neither as open, nor of accounts without users or users with a password."""
    log = tmp_path / "server.log"
    controller = NatsController({"host": "0.0.0.0", "port": -1, "log_file": log} | ACCOUNTS)
    controller.on_authenticate(Door())
    with controller:
        assert "[WRN]" not in log.read_text()


# -- beside other features -------------------------------------------------------------------------


async def test_a_server_without_accounts_has_jetstream_as_before(serve, tmp_path):
    """The global account is still the only one of users."""
    config = {"jetstream": {"store_dir": tmp_path / "store"}, "accounts": {}}
    controller = await serve(Door(account="$G"), config)
    client = await nats.connect(controller.client_url, **ANN)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    await controller.update_config(max_payload=1 << 19)
    assert (await stream.publish("s", b"")).seq == 1
    await client.close()


async def test_requests_are_not_to_be_read_in_the_system_account(serve):
    """Its users may know much, but not the passwords of others."""
    users = [{"user": "admin", "password": "admin"}]

    def decide(request):
        return AuthenticatedUser(account="$SYS" if request.user == "admin" else "SHOP")

    controller = await serve(
        decide, {"accounts": ACCOUNTS["accounts"] | {"$SYS": {"users": users}}}
    )
    admin = await nats.connect(controller.client_url, user="admin", password="admin")
    heard = []

    async def hear(message):
        heard.append(message.data)

    await admin.subscribe("$SYS.REQ.USER.AUTH", cb=hear)
    await arrived(admin)
    client = await nats.connect(controller.client_url, user="ann", password="a secret of mine")
    await client.close()
    await arrived(admin)
    await admin.close()
    assert heard
    assert not [data for data in heard if b"eyJ" in data or b"secret" in data]


def test_operator_mode_is_refused(tmp_path):
    """There the callout is in the JWT of an account."""
    controller = NatsController(Realm(tmp_path).config())
    controller.on_authenticate(Door())
    with pytest.raises(ConfigError, match="operator"):
        controller.start()


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"no_system_account": True}, "no_system_account"),
        ({"max_payload": 1000}, "max_payload"),
        (
            {"leafnodes": {"host": "127.0.0.1", "port": -1, "authorization": ANN}},
            "leafnodes.authorization",
        ),
        (
            {"websocket": {"port": -1, "no_tls": True, "authorization": ANN}},
            "websocket.authorization",
        ),
    ],
)
def test_other_doors_are_refused(fields, key):
    """What would let somebody in unasked, or leave no way to ask."""
    controller = NatsController({"port": -1} | fields)
    controller.on_authenticate(Door())
    with pytest.raises(ConfigError) as found:
        controller.start()
    assert [fault.path for fault in found.value.errors] == [key]


def test_a_callout_without_a_system_account_is_refused():
    """With function or without: nats-server would panic at the first login."""
    block = with_block(jwt.create_pair("account"))
    with pytest.raises(ConfigError, match="no_system_account"):
        NatsController({"port": -1, "no_system_account": True} | block).start()


BLOCK = {"account": "AUTH", "auth_users": ["auth"]}


def with_block(pair, **block):
    """A configuration with an auth_callout block of its own."""
    return {
        "authorization": {"auth_callout": BLOCK | {"issuer": pair.public} | block},
        "accounts": ACCOUNTS["accounts"]
        | {"AUTH": {"users": [{"user": "auth", "password": "auth"}]}},
    }


async def test_a_block_of_the_configuration_stands(serve, clients):
    """Its keys are given, its account and users stay."""
    issuer, xkey = jwt.create_pair("account"), jwt.create_pair("curve")
    controller = await serve(
        Door(),
        with_block(issuer, xkey=xkey.public),
        issuer_seed=issuer.seed,
        xkey_seed=xkey.seed,
    )
    await clients.connect(controller.client_url, **ANN)
    await clients.connect(controller.client_url, user="auth", password="auth")
    await controller.update_config(max_payload=1 << 19)
    await clients.check()
    assert await log_in(controller.client_url, user="auth", password="wrong") == REFUSED


async def test_accounts_that_a_block_does_not_allow_are_refused(serve):
    """The server would take them at the login, and drop them at a reload."""
    issuer = jwt.create_pair("account")
    config = with_block(issuer, allowed_accounts=["OTHER"])
    controller = await serve(Door(), config, issuer_seed=issuer.seed)
    assert await log_in(controller.client_url, **ANN) == REFUSED
    controller.on_authenticate(Door(account="OTHER"), issuer_seed=issuer.seed)
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_the_user_of_a_block_survives_a_reload(clients):
    """Also one that stands alone in authorization, and is the service that answers elsewhere."""
    block = {"issuer": jwt.create_pair("account").public, "auth_users": ["ann"]}
    config = {"port": -1, "authorization": ANN | {"auth_callout": block}}
    async with AsyncNatsController(config) as controller:
        await clients.connect(controller.client_url, **ANN)
        await controller.update_config(max_payload=1 << 19)
        await clients.check()
        assert await log_in(controller.client_url, **ANN) == ACCEPTED
        await clients.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({}, "issuer", id="issuer"),
        pytest.param({"xkey": jwt.create_pair("curve").public}, "xkey", id="xkey"),
        pytest.param({"account": "NONE"}, "account", id="account"),
    ],
)
async def test_a_block_that_does_not_fit_is_refused(serve, change, said):
    """An answer that the server would not take lets nobody in: say so at the start."""
    issuer = jwt.create_pair("account")
    seeds = {} if said == "issuer" else {"issuer_seed": issuer.seed}
    with pytest.raises(ConfigError, match=f"auth_callout.{said}"):
        await serve(Door(), with_block(issuer, **change), **seeds)


async def test_a_callout_that_nobody_answers_lets_nobody_in():
    """The block alone is a shut door."""
    block = with_block(jwt.create_pair("account"))
    block["authorization"]["timeout"] = 0.2
    async with AsyncNatsController({"port": -1} | block) as controller:
        assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")


def test_a_shutdown_does_not_wait_for_decisions():
    """Who is being asked about then is refused at once."""
    go_on, asked = threading.Event(), threading.Event()

    def decide(_):
        asked.set()
        go_on.wait(20)

    controller = NatsController({"port": -1, "authorization": {"timeout": 20}})
    controller.on_authenticate(decide)
    with (
        controller,
        socket.create_connection(("127.0.0.1", controller.ports()["client"])) as client,
    ):
        client.sendall(b'CONNECT {"user": "ann"}\r\n')
        wait_until(asked.is_set)
        begun = time.monotonic()
        controller.shutdown()
        assert time.monotonic() - begun < 10
        go_on.set()


# -- clusters --------------------------------------------------------------------------------------


async def test_one_member_decides_for_the_cluster():
    """The others only have the block."""
    issuer = jwt.create_pair("account")
    cluster = AsyncNatsCluster(2, config=with_block(issuer))
    deciding, other = cluster.servers
    door = deciding.on_authenticate(Door(), issuer_seed=issuer.seed)
    async with cluster:
        async with asyncio.timeout(20):
            while await log_in(other.client_url, **ANN) != ACCEPTED:
                pass  # the interest of the responder has not travelled there yet
        assert await log_in(other.client_url, user="ann", password="wrong") == REFUSED
        assert door.asked[-1].server_name == "nats-1"
        client = await nats.connect(other.client_url, allow_reconnect=False, **ANN)
        await other.update_config(max_payload=1 << 19)
        await client.flush()
        assert client.is_connected
        await client.close()


async def test_members_with_functions_of_their_own_do_not_meddle():
    """Each asks its own, though requests reach all."""
    cluster = AsyncNatsCluster(2)
    one, two = cluster.servers
    one.on_authenticate(lambda request: AuthenticatedUser() if request.user == "one" else None)
    two.on_authenticate(lambda request: AuthenticatedUser() if request.user == "two" else None)
    async with cluster:
        for _ in range(20):
            for controller, mine, theirs in ((one, "one", "two"), (two, "two", "one")):
                assert await log_in(controller.client_url, user=mine, password="") == ACCEPTED
                assert await log_in(controller.client_url, user=theirs, password="") == REFUSED
