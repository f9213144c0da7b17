"""Events of real clients, leaf nodes, clusters and failures."""

import asyncio
import json
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import nats
import pytest

from dotgnatly import (
    AsyncNatsController,
    AuthenticatedUser,
    ConfigError,
    NatsCluster,
    NatsController,
    StateError,
    jwt,
)
from dotgnatly.events import ServerShutdown
from tests.conftest import arrived, wait_until
from tests.integration.conftest import connect_once
from tests.realms import Realm


def until(stream, *names):
    """The next events of these types, in their order, whatever is between."""
    found = []
    for name in names:
        event = stream.get(10)
        while type(event).__name__ != name:
            event = stream.get(10)
        found.append(event)
    return found if len(names) > 1 else found[0]


async def refused(server, **login):
    """Somebody is not let in."""
    with pytest.raises((nats.errors.Error, OSError)):
        await connect_once(server.client_url, **login)


ANN = {"user": "ann", "password": "right"}


async def test_a_wrong_password_is_told():
    """With who said it, and from where; nothing is told of a client that was never there."""
    config = {"port": -1, "authorization": ANN}
    with NatsController(config) as server, server.events() as stream:
        await refused(server, user="ann", password="wrong")
        client = await connect_once(server.client_url, name="right", **ANN)
        failed = stream.get(10)
        assert type(failed).__name__ == "AuthenticationFailed"
        assert (failed.client.user, failed.client.host) == ("ann", "127.0.0.1")
        assert failed.reason == "Authentication Failure"
        assert until(stream, "ClientConnected").client.name == "right"
        await client.close()


async def test_who_never_logs_in_is_told():
    """The time for it runs out."""
    config = {"port": -1, "authorization": ANN | {"timeout": 0.05}}
    with NatsController(config) as server, server.events("authentication_failed") as stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports()["client"])
        assert b"Authentication Timeout" in await reader.read()
        assert stream.get(10).reason == "Authentication Timeout"
        writer.close()
        await writer.wait_closed()


async def test_who_is_about_to_log_in_is_told_when_it_does():
    """It has connected before anybody asked, and is nobody yet."""
    config = {"port": -1, "authorization": ANN | {"timeout": 0.5}}
    with NatsController(config) as server:
        early, never = [await asyncio.open_connection(*address(server)) for _ in range(2)]
        assert await early[0].readline()
        assert await never[0].readline()
        with server.events(
            "client_connected", "client_disconnected", "authentication_failed"
        ) as stream:
            early[1].write(b'CONNECT {"user":"ann","pass":"right","name":"early"}\r\n')
            assert until(stream, "ClientConnected").client.name == "early"
            early[1].close()
            await early[1].wait_closed()
            assert until(stream, "ClientDisconnected").client.name == "early"
            assert stream.get(10).reason == "Authentication Timeout"
            never[1].close()
            await never[1].wait_closed()


def address(server):
    """Where clients connect."""
    return "127.0.0.1", server.ports()["client"]


async def test_a_token_is_never_told():
    """Neither the right one, nor one that may be nearly right."""
    config = {"port": -1, "authorization": {"token": "s3cret-token"}}
    with NatsController(config) as server, server.events() as stream:
        await refused(server, token="s3cret-tokem")
        client = await connect_once(server.client_url, token="s3cret-token")
        told = until(stream, "AuthenticationFailed", "ClientConnected")
        assert "s3cret" not in repr(told)
        assert [event.client.user for event in told] == ["[REDACTED]"] * 2
        await client.close()


async def test_a_client_with_a_key_and_a_password_logs_in_by_its_password():
    """A server that knows any key asks for a signature, and looks at no password then."""
    config = {"port": -1, "authorization": {"users": [ANN]}}
    seed = jwt.create_pair("user").seed
    with NatsController(config) as server, server.events("client_connected") as stream:
        client = await nats.connect(server.client_url, nkeys_seed_str=seed, **ANN)
        assert "nonce" not in client._server_info
        assert stream.get(10).client.user == "ann"
        await client.close()


async def test_a_slow_consumer_is_told():
    """It does not read what is sent to it until the server gives it up."""
    with (
        NatsController({"port": -1, "max_payload": 50_000, "max_pending": 65_536}) as server,
        server.events("slow_consumer", "client_disconnected") as stream,
    ):
        slow = socket.create_connection(("127.0.0.1", server.ports()["client"]))
        slow.sendall(b'CONNECT {"name":"slow"}\r\nSUB flood 1\r\nPING\r\n')
        assert slow.recv(16_384)
        client = await nats.connect(server.client_url)
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while server.varz().slow_consumers == 0:
                    for _ in range(100):
                        await client.publish("flood", bytes(50_000))
                    await client.flush()
        event, gone = stream.get(10), stream.get(10)
        assert (type(event).__name__, event.client.name) == ("SlowConsumer", "slow")
        assert event.reason.startswith("Slow Consumer")
        assert (type(gone).__name__, gone.client.cid) == ("ClientDisconnected", event.client.cid)
        await client.close()
        slow.close()


async def test_accounts_count_their_connections():
    """Each by its name, and not those that only listen for events."""
    users = {"users": [ANN]}
    with (
        NatsController({"port": -1, "accounts": {"SHOP": users}}) as server,
        server.events("account_connections") as stream,
    ):
        client = await nats.connect(server.client_url, **ANN)
        count = stream.get(10)
        while (count.account, count.conns) != ("SHOP", 1):
            count = stream.get(10)
        assert count.total_conns == 1
        await client.close()
        while (count.account, count.conns) != ("SHOP", 0):
            count = stream.get(10)


async def test_a_leaf_node_comes_and_goes():
    """It is told as a client is, and says what it is."""
    with (
        NatsController({"port": -1, "leafnodes": {"port": -1}}) as hub,
        hub.events("client_connected", "client_disconnected") as stream,
    ):
        url = f"nats-leaf://127.0.0.1:{hub.ports()['leafnodes']}"
        with NatsController({"port": -1, "leafnodes": {"remotes": [{"url": url}]}}):
            assert stream.get(10).client.kind == "Leafnode"
        assert stream.get(10).client.kind == "Leafnode"


async def test_streams_of_all_accounts_are_told_of(tmp_path):
    """By their advisories, each with its account, also of an account that comes later."""
    accounts = {
        name: {"jetstream": True, "users": [{"user": name, "password": "x"}]} for name in "ABC"
    }
    config = {"port": -1, "jetstream": {"store_dir": tmp_path}}

    async def make_stream(server, account):
        client = await nats.connect(server.client_url, user=account, password="x")
        await client.jetstream().add_stream(name=f"OF-{account}", subjects=["s"])
        await client.close()

    def made(stream):
        while True:
            advisory = stream.get(10)
            if advisory.subject.startswith("$JS.EVENT.ADVISORY.STREAM.CREATED."):
                return advisory

    first = {name: accounts[name] for name in "AB"}
    with (
        NatsController(config | {"accounts": first}) as server,
        server.events("jetstream_advisory") as stream,
    ):
        for account in "AB":
            await make_stream(server, account)
            advisory = made(stream)
            assert (advisory.account, advisory.advisory["stream"]) == (account, f"OF-{account}")
        server.update_config(accounts=accounts)
        await make_stream(server, "C")
        assert made(stream).account == "C"


async def test_nobody_else_hears_of_other_accounts(tmp_path):
    """The advisories of one account come to none of another, whatever it subscribes to."""
    accounts = {
        name: {"jetstream": True, "users": [{"user": name, "password": "x"}]} for name in "AB"
    }
    config = {"port": -1, "jetstream": {"store_dir": tmp_path}, "accounts": accounts}
    with NatsController(config) as server, server.events("jetstream_advisory") as stream:
        spy = await nats.connect(server.client_url, user="A", password="x")
        heard = await spy.subscribe(">")
        await arrived(spy)
        client = await nats.connect(server.client_url, user="B", password="x")
        await client.jetstream().add_stream(name="S", subjects=["s"])
        stream.get(10)
        await spy.publish("last", b"")
        assert (await heard.next_msg(timeout=10)).subject.startswith("_INBOX.")  # of arrived
        assert (await heard.next_msg(timeout=10)).subject == "last"
        await client.close()
        await spy.close()


@pytest.mark.parametrize(
    "forged", [b"no JSON", b"null", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"a":"\xff"}']
)
async def test_what_a_client_calls_an_advisory_costs_nobody_an_event(forged):
    """Anybody may publish there; the events of all servers go one way to Python."""
    with (
        NatsController({"port": -1}) as server,
        NatsController({"port": -1}) as other,
        server.events() as _,
        other.events("client_connected") as stream,
    ):
        client = await nats.connect(server.client_url)
        await client.publish("$JS.EVENT.ADVISORY.X", forged)
        await arrived(client)
        await client.close()
        client = await nats.connect(other.client_url, name="heard")
        assert stream.get(10).client.name == "heard"
        await client.close()


async def test_a_member_of_a_cluster_tells_of_its_own_clients():
    """Each hears of the system account what all say, and tells what is about its server."""
    with NatsCluster(2) as cluster:
        one, two = (server.events("client_connected") for server in cluster.servers)
        for number, server in enumerate(cluster.servers):
            client = await nats.connect(server.client_url, name=str(number))
            await client.close()
        assert one.get(10).client.name == "0"
        assert two.get(10).client.name == "1"
    assert [type(event) for event in one] == [ServerShutdown]


async def test_a_server_that_gets_users_says_that_some_events_are_lost():
    """Its own connection is closed as that of everybody else is, and comes back."""
    with NatsController({"port": -1}) as server, server.events() as stream:
        server.update_config(authorization=ANN)
        gap = until(stream, "EventsDropped")
        assert gap.count is None
        client = await nats.connect(server.client_url, name="after", **ANN)
        assert until(stream, "ClientConnected").client.name == "after"
        await client.close()


async def test_in_operator_mode_credentials_open_the_system_account(tmp_path):
    """Without them it is an error that says so; with them everything is told, secrets apart."""
    realm = Realm(tmp_path)
    config = realm.config()
    with NatsController(config) as server:
        with pytest.raises(ConfigError, match="credentials") as caught:
            server.events("client_connected")
        assert caught.value.errors[0].path == "operator"
        with server.events(
            "client_connected", credentials=realm.creds(signer=realm.system)
        ) as stream:
            creds = realm.creds()
            client = await nats.connect(server.client_url, user_credentials=str(creds), name="in")
            event = stream.get(10)
            assert event.client.name == "in"
            assert event.client.account == realm.account.public
            assert jwt.read_creds(creds).jwt not in repr(event)
            await client.close()


async def test_accounts_of_an_operator_are_followed(tmp_path):
    """Though the server does not know one before its first client."""
    realm = Realm(tmp_path)
    limits = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
    preload = {
        realm.system.public: realm.account_jwt(realm.system),
        realm.account.public: realm.account_jwt(limits=limits),
    }
    config = realm.config(resolver_preload=preload, jetstream={"store_dir": tmp_path / "js"})
    system = realm.creds(signer=realm.system)
    with (
        NatsController(config) as server,
        server.events("client_connected", "jetstream_advisory", credentials=system) as stream,
    ):
        client = await nats.connect(server.client_url, user_credentials=str(realm.creds()))
        until(stream, "ClientConnected")
        await client.jetstream().add_stream(name="S", subjects=["s"])
        assert stream.get(10).account == realm.account.public
        await client.close()


async def test_credentials_of_another_account_are_refused(tmp_path):
    """They may not listen there."""
    realm = Realm(tmp_path)
    with (
        NatsController(realm.config()) as server,
        pytest.raises(StateError, match="does not tell its events"),
    ):
        server.events("client_connected", credentials=realm.creds())


async def test_events_and_on_authenticate_stand_together():
    """Nobody is asked about who listens inside, and a refusal is told."""
    asked = []
    controller = NatsController({"port": -1})

    @controller.on_authenticate
    def decide(request):
        asked.append(request.user)
        return AuthenticatedUser() if request.user == "ann" else None

    with controller, controller.events() as stream:
        counts = controller.events("account_connections")
        await refused(controller, user="bob", password="x")
        client = await nats.connect(controller.client_url, **ANN)
        told = until(stream, "AuthenticationFailed", "ClientConnected")
        assert [event.client.user for event in told] == ["bob", "ann"]
        assert asked == ["bob", "ann"]
        assert [each.user for each in controller.clients()] == ["ann"]
        await client.close()
    assert {event.account for event in counts if hasattr(event, "account")} == {"$G"}


async def test_lame_duck_mode_is_told():
    """With how long it will take and whom it concerns; at the end comes shutdown."""
    with NatsController({"port": -1}) as server, server.events() as stream:
        client = await nats.connect(server.client_url)
        leaving = server.lame_duck(duration=0.2, grace=0.1)
        begun = until(stream, "LameDuckBegun")
        assert (begun.duration_ns, begun.grace_ns, begun.clients) == (2 * 10**8, 10**8, 1)
        leaving.wait(10)
        assert isinstance(list(stream)[-1], ServerShutdown)
        await client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="takes a listening socket from Go by /proc")
def test_a_fatal_failure_is_told_and_stops_the_server():
    """What would have ended nats-server ends the server alone, and the program hears why."""
    config = {"port": -1, "websocket": {"port": -1, "no_tls": True}}
    with NatsController(config) as server, server.events("failed") as stream:
        port = server.ports()["websocket"]
        for name in Path("/proc/self/fd").iterdir():
            with suppress(OSError), socket.socket(fileno=os.dup(int(name.name))) as listener:
                listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listening and listener.getsockname()[1] == port:
                    listener.shutdown(socket.SHUT_RDWR)
        failed, end = list(stream)
        assert failed.reason.startswith("websocket listener error")
        assert isinstance(end, ServerShutdown)
        assert not server.is_running


def test_many_clients_at_once_are_all_told():
    """None is lost where there is room for them."""
    many = 300
    with NatsController({"port": -1}) as server, server.events("client_connected") as stream:
        names = {f"client-{number}" for number in range(many)}
        threads = [threading.Thread(target=_knock, args=(server, name)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {stream.get(10).client.name for _ in range(many)} == names
        assert stream.dropped == 0


def _knock(server, name, **login):
    with socket.create_connection(("127.0.0.1", server.ports()["client"])) as client:
        options = json.dumps({"verbose": False, "name": name} | login)
        client.sendall(f"CONNECT {options}\r\nPING\r\n".encode())
        said = b""
        while b"PONG" not in said:
            said += client.recv(4096)


async def test_a_thousand_accounts_are_followed(tmp_path):
    """Without a connection for each: theirs are for their clients."""
    accounts = {f"A{number}": {"jetstream": True} for number in range(1000)}
    accounts["A7"]["users"] = [ANN]
    accounts["A7"]["limits"] = {"max_connections": 1}
    config = {"port": -1, "jetstream": {"store_dir": tmp_path}, "accounts": accounts}
    with NatsController(config) as server, server.events("jetstream_advisory") as stream:
        assert server.varz().connections == 1
        client = await nats.connect(server.client_url, **ANN)
        await client.jetstream().add_stream(name="S", subjects=["s"])
        assert stream.get(10).account == "A7"
        await client.close()
    wait_until(lambda: not server.is_running)


async def test_events_are_wanted_in_the_middle_of_a_reload_that_asks_who_everybody_is():
    """The loop is free to answer, so nobody is refused; events begin after it."""
    server = AsyncNatsController({"port": -1})

    @server.on_authenticate
    async def decide(_):
        await asyncio.sleep(0.01)
        return AuthenticatedUser()

    async with server:
        clients = [await connect_once(server.client_url, **ANN) for _ in range(3)]
        change = asyncio.create_task(server.update_config(debug=True))
        await asyncio.sleep(0)  # it has begun
        stream = server.events("client_connected")
        await change
        assert all(client.is_connected for client in clients)
        late = asyncio.create_task(stream.get())
        while not late.done():
            clients.append(await connect_once(server.client_url, name="late", **ANN))
            await asyncio.wait([late], timeout=0.05)
        assert late.result().client.name == "late"
        for client in clients:
            await client.close()


async def test_what_a_client_sends_as_an_advisory_is_bounded(tmp_path):
    """Events wait by their number, and anybody in the account can make some."""
    config = {"port": -1, "jetstream": {"store_dir": tmp_path}}
    with NatsController(config) as server, server.events("jetstream_advisory") as stream:
        client = await nats.connect(server.client_url)
        text = b'{"type":"%s"}' % (b"x" * 100_000)
        await client.publish("$JS.EVENT.ADVISORY.X", text)
        await client.publish("$JS.EVENT.ADVISORY.Y", b'{"type":"y"}')
        await arrived(client)
        gap, advisory = stream.get(10), stream.get(10)
        assert (gap.count, advisory.subject) == (1, "$JS.EVENT.ADVISORY.Y")
        await client.close()


def test_the_first_events_of_a_server_with_a_token_are_wanted_while_it_runs():
    """Its clients stay, though there is a user now where there was none."""
    with (
        NatsController({"port": -1, "authorization": {"token": "t"}}) as server,
        socket.create_connection(("127.0.0.1", server.ports()["client"])) as client,
    ):
        client.sendall(b'CONNECT {"verbose":false,"auth_token":"t"}\r\nPING\r\n')
        wait_until(lambda: b"PONG" in client.recv(4096))
        with server.events("client_connected") as stream:
            _knock(server, "late", auth_token="t")
            assert stream.get(10).client.name == "late"
        client.sendall(b"PING\r\n")
        wait_until(lambda: b"PONG" in client.recv(4096))
