"""Servers in operator mode, made from Python alone: who gets in, and what he may do."""

import asyncio
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js.errors import APIError

from dotgnatly import (
    AsyncNatsController,
    ConfigError,
    NatsController,
    ServerStoppedError,
    StateError,
    jwt,
)
from tests.conftest import answer, answered, is_answered
from tests.realms import Realm

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def realm(tmp_path):
    """An operator with an account, and folders for what is written."""
    return Realm(tmp_path)


@pytest.fixture(params=["memory", "full"])
def resolver(request, tmp_path):
    """The resolvers that can be given accounts."""
    if request.param == "memory":
        return "MEMORY"
    return {"type": "full", "dir": tmp_path / "jwt"}


@pytest.fixture
def server(realm, resolver):
    """A server in operator mode that knows the realm's accounts."""
    with NatsController(realm.config(resolver)) as controller:
        yield controller


class Member(Client):
    """A client of a user that does not come back, and what it is told."""

    async def enter(self, server, creds):
        """Log in."""
        self.told = []
        await self.connect(
            server.client_url,
            user_credentials=str(creds),
            error_cb=self.listen,
            allow_reconnect=False,
        )

    async def listen(self, error):
        """Keep what the server says."""
        self.told.append(str(error).lower())

    def heard(self, text):
        """Whether the server has said this; the last words are where nats-py closes."""
        return any(text.lower() in told for told in [*self.told, str(self.last_error).lower()])


class Members:
    """Clients that are closed after the test."""

    def __init__(self, server):
        self.server, self.all = server, []

    async def enter(self, creds):
        """One that gets in."""
        self.all.append(Member())
        await self.all[-1].enter(self.server, creds)
        return self.all[-1]

    async def refused(self, creds, why="(?i)authorization violation"):
        """Assert that one does not get in."""
        with pytest.raises(Error, match=why):
            await self.enter(creds)

    async def close(self):
        """Close all of them."""
        for client in self.all:
            await client.close()


@pytest.fixture
async def members():
    """Makes clients of a server, that are closed after the test."""
    made = []

    def of(server):
        made.append(Members(server))
        return made[-1]

    yield of
    for members in made:
        await members.close()


@pytest.fixture
def inside(server, members):
    """Clients of the server."""
    return members(server)


async def until(condition):
    """Wait for a condition in the event loop."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_user_of_an_account_gets_in(realm, server, clients):
    """All that it takes was made in Python: keys, JWTs, and the file that a client reads."""
    url, creds = server.client_url, str(realm.creds())
    one, other = [await clients.connect(url, user_credentials=creds) for _ in range(2)]
    await answer(one, "ping", b"pong")
    assert await answered(other, "ping") == b"pong"
    await clients.check()


async def test_the_same_server_without_a_port_takes_creds(realm, resolver):
    """In-process clients log in like all others."""
    with NatsController(realm.config(resolver), dont_listen=True) as controller:
        client = await controller.connect_nats_py(user_credentials=str(realm.creds()))
        await client.flush()
        await client.close()


def stranger(realm):
    """A user of an account that nobody knows."""
    return realm.creds(signer=jwt.create_pair("account"))


def foreign(realm):
    """A user of an account of another operator."""
    other = Realm(realm.folder)
    other.account = jwt.create_pair("account")
    return other.creds()


def tampered(realm):
    """A user who gave himself another name."""
    path = realm.creds()
    header, payload, signature = (creds := jwt.read_creds(path)).jwt.split(".")
    other = jwt.read_creds(realm.creds()).jwt.split(".")[1]
    path.write_text(path.read_text().replace(creds.jwt, f"{header}.{other}.{signature}"))
    assert payload not in path.read_text()
    return path


def without_the_seed(realm):
    """Somebody who has got hold of a user's JWT."""
    token, mine = jwt.read_creds(realm.creds()), jwt.create_pair("user")
    path = realm.creds()
    theirs = jwt.read_creds(path)
    text = path.read_text().replace(theirs.jwt, token.jwt).replace(theirs.seed, mine.seed)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "make",
    [
        stranger,
        foreign,
        tampered,
        without_the_seed,
        lambda realm: realm.creds(claims={"exp": NOW - HOUR}),
        lambda realm: realm.creds(claims={"nbf": NOW + HOUR}),
        lambda realm: realm.creds(src="10.0.0.0/8"),
        lambda realm: realm.creds(allowed_connection_types="WEBSOCKET"),
        lambda realm: realm.creds(issuer_account=jwt.create_pair("account").public),
    ],
    ids=[
        "unknown-account", "wrong-operator", "tampered", "no-seed", "expired", "not-yet-valid",
        "network", "connection-type", "account-of-others",
    ],
)  # fmt: skip
async def test_who_should_not_get_in_does_not(realm, inside, make):
    """A signature is all that keeps people out, so each way around it is tried."""
    await inside.refused(make(realm))
    await inside.enter(realm.creds())


async def test_an_account_of_another_operator_is_not_taken(realm, server, inside):
    """Nor does a restart, or the directory, let it in by a back door."""
    other = Realm(realm.folder)
    with pytest.raises(ConfigError, match="not trusted to sign accounts") as error:
        server.push_account(other.account_jwt())
    assert [fault.path for fault in error.value.errors] == ["iss"]
    await inside.refused(other.creds())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda realm: jwt.read_creds(realm.creds()).jwt, "not account claim"),
        (lambda realm: realm.operator_jwt, "not account claim"),
        (lambda realm: realm.account_jwt()[:-4] + "AAAA", "signature verification"),
        (lambda realm: realm.sign(realm.claims().replace(exp=NOW - HOUR)), "exp: claim is expired"),
        (lambda _: "eyJ", "expected 3 chunks"),
        (lambda _: "", "expected 3 chunks"),
    ],
    ids=["user", "operator", "tampered", "expired", "short", "empty"],
)
def test_what_is_no_account_is_not_pushed(realm, server, make, said):
    """Nothing has changed afterwards, and no JWT is in the error."""
    before = server.history()
    with pytest.raises(ConfigError, match=said) as error:
        server.push_account(make(realm))
    assert "eyJ" not in str(error.value)
    assert server.history() == before


async def test_a_pushed_account_is_there_at_once(realm, server, clients, inside):
    """Customers come while others are at work."""
    old = await clients.connect(server.client_url, user_credentials=str(realm.creds()))
    shop = jwt.create_pair("account")
    await inside.refused(realm.creds(signer=shop))

    server.push_account(realm.account_jwt(shop), author="ann", reason="a new customer")

    new = await clients.connect(server.client_url, user_credentials=str(realm.creds(signer=shop)))
    await answer(old, "ping", b"old")
    assert not await is_answered(new, "ping")
    await clients.check()


async def test_a_pushed_account_survives_reload_and_restart(realm, server, inside):
    """It is as durable as what the server was started with."""
    shop = jwt.create_pair("account")
    server.push_account(realm.account_jwt(shop))
    creds = realm.creds(signer=shop)
    server.update_config(debug=True)
    await inside.enter(creds)
    server.update_config(server_name="again", allow_restart=True)
    await inside.enter(creds)
    server.shutdown()
    server.start()
    await inside.enter(creds)


async def test_what_is_pushed_after_a_reload_is_in_force(realm, server, inside):
    """A reload makes another resolver, and the server uses both."""
    server.update_config(debug=True)
    client = await inside.enter(creds := realm.creds())
    user = jwt.decode(jwt.read_creds(creds).jwt, jwt.UserClaims).sub
    server.push_account(realm.sign(jwt.revoke(realm.claims(), user)))
    await until(lambda: client.is_closed)
    server.update_config(debug=False)
    await inside.refused(creds)


async def test_of_two_pushes_in_a_second_the_last_is_in_force(realm, server, inside):
    """A JWT counts seconds: those of one second look alike to the server."""
    for most in (5, 4, 3, 2, 1):
        server.push_account(realm.account_jwt(limits={"conn": most}))
    await inside.enter(creds := realm.creds())
    await inside.refused(creds, "maximum account active connections")


async def test_the_async_controller_pushes_as_well(realm, resolver, members):
    """The same call, awaited; and neither has anything to push to when it does not run."""
    shop = jwt.create_pair("account")
    controller = AsyncNatsController(realm.config(resolver))
    async with controller:
        await controller.push_account(realm.account_jwt(shop))
        await members(controller).enter(realm.creds(signer=shop))
    with pytest.raises(ServerStoppedError):
        await controller.push_account(realm.account_jwt(shop))


async def test_a_memory_resolver_makes_a_version_of_a_push(realm, members):
    """So it can be looked up who did it, and taken back."""
    shop = jwt.create_pair("account")
    creds = realm.creds(signer=shop)
    with NatsController(realm.config()) as server:
        version = server.push_account(realm.account_jwt(shop), author="ann", reason="new")
        assert (version.number, version.author, version.reason) == (2, "ann", "new")
        assert version.diff.paths == (f"resolver_preload.{shop.public}",)
        assert "eyJ" not in str(version.diff)
        await members(server).enter(creds)
        server.rollback()
        await members(server).refused(creds)


async def test_a_directory_makes_no_version_of_a_push(realm, tmp_path):
    """The directory is where it is kept, and other servers read it there."""
    with NatsController(realm.config({"type": "full", "dir": tmp_path / "jwt"})) as server:
        token = realm.account_jwt(limits={"conn": 7})
        assert server.push_account(token) is None
        assert len(server.history()) == 1
        assert (tmp_path / "jwt" / f"{realm.account.public}.jwt").read_text() == token


async def test_a_push_reaches_the_other_servers_of_a_cluster(realm, tmp_path, members):
    """Each has its directory, and they keep in step."""
    configs = [
        realm.config(
            {"type": "full", "dir": tmp_path / name, "interval": "100ms"},
            server_name=name,
            cluster={"name": "c", "host": "127.0.0.1", "port": -1},
        )
        for name in ("a", "b")
    ]
    shop = jwt.create_pair("account")
    with NatsController(configs[0]) as one:
        routes = [f"nats-route://127.0.0.1:{one.ports()['cluster']}"]
        with NatsController(configs[1].merge({"cluster": {"routes": routes}})) as other:
            await until(lambda: other.varz().routes)
            one.push_account(realm.account_jwt(shop))
            await until((tmp_path / "b" / f"{shop.public}.jwt").exists)
            await members(other).enter(realm.creds(signer=shop))


async def test_a_revoked_user_is_cut_off_and_stays_out(realm, server, clients, inside):
    """Whoever leaves is gone at once; the others notice nothing."""
    leaver = jwt.create_pair("user")
    client = await inside.enter(creds := realm.creds(leaver))
    other = await clients.connect(server.client_url, user_credentials=str(realm.creds()))

    server.push_account(realm.sign(jwt.revoke(realm.claims(), leaver.public)))

    await until(lambda: client.is_closed)
    await inside.refused(creds)
    await clients.check()
    assert other.is_connected


async def test_what_is_signed_after_a_revocation_is_valid(realm, server, inside):
    """A key that was never lost can be used again."""
    user = jwt.create_pair("user")
    earlier = datetime.now(UTC) - timedelta(seconds=10)
    server.push_account(realm.sign(jwt.revoke(realm.claims(), user.public, at=earlier)))
    await inside.enter(realm.creds(user))


async def test_all_users_can_be_revoked(realm, server, inside):
    """When the signing key has got lost."""
    client = await inside.enter(realm.creds())
    server.push_account(realm.sign(jwt.revoke(realm.claims(), "*")))
    await until(lambda: client.is_closed)


async def test_a_user_is_cut_off_when_his_jwt_expires(realm, inside):
    """Time is up, wherever he is."""
    client = await inside.enter(
        realm.creds(claims={"exp": datetime.now(UTC) + timedelta(seconds=2)})
    )
    await until(lambda: client.is_closed)


async def test_permissions_hold(realm, inside):
    """What is not allowed does not arrive."""
    creds = realm.creds(pub={"allow": ["a.>"], "deny": ["a.secret"]}, sub=["a.>", "_INBOX.>"])
    client = await inside.enter(creds)
    messages = await client.subscribe("a.>")
    await client.publish("a.secret", b"no")
    await client.publish("b", b"no")
    await client.publish("a.open", b"yes")
    assert (await messages.next_msg(timeout=5)).data == b"yes"
    await client.subscribe("b")
    await until(lambda: client.heard('Subscription to "b"'))
    assert client.heard('Publish to "a.secret"')
    assert client.heard('Publish to "b"')


async def test_default_permissions_are_of_users_that_have_none(realm, server, inside):
    """An account can say for all of its users what they may do."""
    server.push_account(realm.account_jwt(default_permissions={"pub": {"deny": "b"}}))
    client = await inside.enter(realm.creds())
    await client.publish("b")
    await until(lambda: client.heard('Publish to "b"'))


async def test_leave_to_reply_is_for_so_many_replies(realm, server, inside):
    """A service answers whom it was asked by, and publishes nothing else."""
    service = await inside.enter(realm.creds(resp={"max": 1, "ttl": "1m"}))
    client = await inside.enter(realm.creds())
    questions = await service.subscribe("ask")
    await until(lambda: any(client.subscriptions for client in server.clients()))
    answers = await client.subscribe("reply")
    await client.publish("ask", b"", reply="reply")
    question = await questions.next_msg(timeout=5)
    await question.respond(b"1")
    await question.respond(b"2")
    assert (await answers.next_msg(timeout=5)).data == b"1"
    await until(lambda: service.heard('Publish to "reply"'))


@pytest.mark.parametrize("limit", ["payload", "subs"])
async def test_limits_of_a_user_hold(realm, inside, limit):
    """Each of his connections has them for itself."""
    client = await inside.enter(realm.creds(payload="1KB", subs=2))
    if limit == "payload":
        await client.publish("a", bytes(1025))
        await until(lambda: client.heard("maximum payload violation"))
    else:
        for subject in ("a", "b", "c"):
            await client.subscribe(subject)
        await until(lambda: client.heard("maximum subscriptions exceeded"))


async def test_limits_of_an_account_change_while_it_is_in_use(realm, server, inside):
    """The newest connections above a lowered limit go, and the first one stays."""
    first = await inside.enter(creds := realm.creds())
    second = await inside.enter(creds)
    server.push_account(realm.account_jwt(limits={"conn": 1}))
    await until(lambda: second.is_closed)
    await first.flush()


async def test_an_account_may_refuse_bearer_tokens(realm, server, inside):
    """With one the JWT alone lets in, which not all accounts want."""
    creds = realm.creds(bearer_token=True)
    await inside.enter(creds)
    server.push_account(realm.account_jwt(limits={"disallow_bearer": True}))
    await inside.refused(creds)


async def test_a_signing_key_signs_for_its_account(realm, server, inside):
    """The account's own seed can stay in the safe."""
    key = jwt.create_pair("account")
    creds = realm.creds(signer=key, issuer_account=realm.account.public)
    await inside.refused(creds)
    server.push_account(realm.account_jwt(signing_keys=[key.public]))
    client = await inside.enter(creds)
    server.push_account(realm.account_jwt())  # the key is lost
    await until(lambda: client.is_closed)
    await inside.refused(creds)


async def test_a_scoped_signing_key_says_what_its_users_may_do(realm, server, inside):
    """Whoever has such a key cannot make users that may do more."""
    key = jwt.create_pair("account")
    scope = jwt.UserScope(key=key.public, role="guest", template={"pub": "guests.{{name()}}"})
    server.push_account(realm.account_jwt(signing_keys=[scope]))
    user = jwt.create_pair("user")
    claims = jwt.UserClaims(sub=user.public, name="ann", nats=jwt.User.scoped(realm.account.public))
    path = realm.folder / "scoped.creds"
    jwt.write_creds(path, jwt.encode(claims, key.seed), user.seed)
    client = await inside.enter(path)
    await client.publish("guests.ann")
    await client.publish("guests.bob")
    await until(lambda: client.told)
    assert ["guests.bob" in told for told in client.told] == [True]
    await inside.refused(realm.creds(signer=key, issuer_account=realm.account.public, pub=">"))


async def test_accounts_share_what_they_export_and_import(realm, server, inside):
    """Both sides sign: nothing is shared by one alone."""
    shop = jwt.create_pair("account")
    server.push_account(realm.account_jwt(exports=[{"subject": "price.*", "type": "service"}]))
    wanted = {"subject": "price.tea", "type": "service", "account": realm.account.public}
    taken = jwt.Import(**wanted, local_subject="tea")
    server.push_account(realm.account_jwt(shop, imports=[taken]))
    seller, buyer = await inside.enter(realm.creds()), await inside.enter(realm.creds(signer=shop))
    await answer(seller, "price.tea", b"3")
    assert await answered(buyer, "tea") == b"3"


async def test_jetstream_limits_of_an_account_hold(realm, resolver, tmp_path, members):
    """Storage is what costs."""
    with NatsController(realm.config(resolver, jetstream={"store_dir": tmp_path / "js"})) as server:
        limits = {"disk_storage": "1MB", "streams": 1}
        server.push_account(realm.account_jwt(limits=limits))
        client = await members(server).enter(realm.creds())
        js = client.jetstream()
        await js.add_stream(name="one", subjects=["one"])
        with pytest.raises(APIError, match="maximum number of streams reached"):
            await js.add_stream(name="two", subjects=["two"])


@pytest.fixture
def account_server():
    """An HTTP server that answers every request with 200, as one of accounts would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection:
                        connection.recv(10_000)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/jwt/v1/accounts/"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("kind", ["none", "configured", "url", "cache"])
def test_a_server_without_such_a_resolver_takes_no_account(realm, account_server, kind):
    """It would forget it, or is not the one to ask."""
    config = {
        "none": {},
        "configured": {"accounts": {"A": {}}},
        "url": {"operator": realm.operator_jwt, "resolver": f"URL({account_server})"},
        "cache": {
            "operator": realm.operator_jwt,
            "resolver": {"type": "cache", "dir": realm.folder},
            "system_account": realm.system.public,
            "resolver_preload": {realm.system.public: realm.account_jwt(realm.system)},
        },
    }[kind]
    with NatsController({"port": -1, **config}) as server:
        with pytest.raises(StateError, match="full or memory"):
            server.push_account(realm.account_jwt())
        assert len(server.history()) == 1


async def test_an_operator_may_insist_on_signing_keys(tmp_path, resolver, members):
    """His own seed is of no use to who has got hold of it."""
    key = jwt.create_pair("operator")
    realm = Realm(tmp_path, signing_keys=[key.public], strict_signing_key_usage=True)
    realm.operator, owner = key, realm.operator
    user_key = jwt.create_pair("account")
    with NatsController(realm.config(resolver)) as server:
        claims = realm.claims(signing_keys=[user_key.public])
        with pytest.raises(ConfigError, match="not trusted"):
            server.push_account(jwt.encode(claims, owner.seed))
        server.push_account(realm.sign(claims))
        inside = members(server)
        await inside.enter(realm.creds(signer=user_key, issuer_account=realm.account.public))
        await inside.refused(realm.creds())
