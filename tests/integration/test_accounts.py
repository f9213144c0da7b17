"""What the clients of accounts can do that were made at run time, and still can after all ways."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import nats
import pytest
from nats.errors import NoRespondersError
from nats.js.errors import APIError

from dotgnatly import AsyncNatsController, BrokerConfiguration
from tests.conftest import answer, answered, arrived


def user(name, **more):
    """A user whose password is the name."""
    return {"user": name, "password": name, **more}


TENANTS = {
    "SHOP": {
        "users": [
            user("ann"),
            user(
                "reader",
                permissions={
                    "publish": {"allow": ["ask.>", "open.>"], "deny": "open.secret"},
                    "subscribe": {"allow": ["news.>", "_INBOX.>"], "deny": "news.secret"},
                },
            ),
            user(
                "servant", permissions={"subscribe": ["ask.>", "_INBOX.>"], "allow_responses": True}
            ),
        ],
        "exports": [{"stream": "prices.>"}, {"service": "order"}],
        "mappings": {"old.*": "new.{{wildcard(1)}}"},
        "jetstream": {"max_streams": 1, "max_memory": "1MB"},
    },
    "BANK": {
        "users": [user("bob"), user("bill", permissions={"subscribe": ">", "publish": ">"})],
        "default_permissions": {"publish": ["open.>", "shop.order", "_INBOX.>"], "subscribe": ">"},
        "imports": [
            {"stream": {"account": "SHOP", "subject": "prices.>"}, "prefix": "shop"},
            {"service": {"account": "SHOP", "subject": "order"}, "to": "shop.order"},
        ],
    },
    "TINY": {
        "users": [user("tim")],
        "limits": {"max_connections": 2, "max_subscriptions": 2, "max_payload": 100},
    },
}


@asynccontextmanager
async def connected(url, *names):
    """Clients that have logged in under these names."""
    clients = []
    async with AsyncExitStack() as stack:
        for name in names:
            login = {"user": name, "password": name}
            client = await nats.connect(url, allow_reconnect=False, error_cb=_no_matter, **login)
            stack.push_async_callback(client.close)
            clients.append(client)
        yield clients


async def _no_matter(_):
    """Errors are looked for where they are expected."""


async def told(url, name, *lines):
    """What the server says to a login and some lines; nats-py would go, or leave its socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    try:
        await reader.readline()  # its INFO
        login = json.dumps({"user": name, "pass": name, "verbose": False})
        writer.write("\r\n".join([f"CONNECT {login}", *lines, "PING", ""]).encode())
        said = await reader.readline()
        while said.startswith(b"INFO"):
            said = await reader.readline()
        return said.decode().strip()
    finally:
        writer.transport.abort()
        await writer.wait_closed()


async def refused(url, name):
    """Assert that nobody gets in under this name."""
    assert (await told(url, name)).startswith("-ERR ")


async def closed(client):
    """Wait until the server has closed the connection."""
    async with asyncio.timeout(5):
        while not client.is_closed:
            await asyncio.sleep(0)


async def received(subscription, count):
    """The subjects of so many messages."""
    return [(await subscription.next_msg(timeout=5)).subject for _ in range(count)]


async def only_with_its_password(url):
    """Users of the accounts get in, and nobody else."""
    async with connected(url, "ann", "bob", "tim"):
        await refused(url, "eve")


async def apart_from_one_another(url):
    """The same subject is another one in every account."""
    async with connected(url, "ann", "bob") as (ann, bob):
        heard = await ann.subscribe("open.a")
        await arrived(ann)
        await bob.publish("open.a", b"bob")
        await arrived(bob)
        await ann.publish("open.a", b"ann")
        assert (await heard.next_msg(timeout=5)).data == b"ann"
        assert heard.pending_msgs == 0


async def what_may_be_published(url):
    """Allowed subjects but for those denied."""
    async with connected(url, "ann", "reader") as (ann, reader):
        heard = await ann.subscribe(">")
        await arrived(ann)
        await received(heard, 1)
        for subject in ("other", "open.secret", "open.a"):
            await reader.publish(subject)
        assert await received(heard, 1) == ["open.a"]


async def what_may_be_heard(url):
    """Allowed subjects but for those denied, also within a wildcard."""
    async with connected(url, "ann", "reader") as (ann, reader):
        heard = await reader.subscribe("news.*")
        other = await reader.subscribe("other")
        ready = await ann.subscribe("open.ready")
        await arrived(ann)
        await reader.publish("open.ready")  # after what it has subscribed to
        await received(ready, 1)
        for subject in ("other", "news.secret", "news.a"):
            await ann.publish(subject)
        assert await received(heard, 1) == ["news.a"]
        assert other.pending_msgs == 0


async def answers_only(url):
    """Who may respond can answer a request, and say nothing of its own accord."""
    async with connected(url, "ann", "servant") as (ann, servant):
        heard = await ann.subscribe("free")

        async def respond(message):
            await servant.publish("free", b"")
            await message.respond(b"yes")

        await servant.subscribe("ask.it", cb=respond)
        await arrived(ann)
        assert await answered(ann, "ask.it") == b"yes"
        assert heard.pending_msgs == 0


async def limits_hold(url):
    """Two connections, two subscriptions, a hundred bytes."""
    async with connected(url, "tim", "tim"):
        assert "active connections exceeded" in await told(url, "tim")
    assert await told(url, "tim", "SUB a 1", "SUB b 2") == "PONG"
    assert "subscriptions exceeded" in await told(url, "tim", "SUB a 1", "SUB b 2", "SUB c 3")
    assert await told(url, "tim", "PUB a 100", "x" * 100) == "PONG"
    assert "Payload Violation" in await told(url, "tim", "PUB a 101", "x" * 101)


async def jetstream_has_limits(url):
    """One stream, and none of it in an account without JetStream."""
    async with connected(url, "ann", "bill") as (ann, bill):
        stream = ann.jetstream()
        await stream.add_stream(name="A", subjects=["stored"])
        await stream.publish("stored", b"x")
        with pytest.raises(APIError, match="maximum number of streams"):
            await stream.add_stream(name="B", subjects=["more"])
        assert (await stream.account_info()).limits.max_memory == 1 << 20
        await stream.delete_stream("A")
        with pytest.raises(APIError):
            await bill.jetstream().account_info()


async def what_is_exported_is_heard(url):
    """A stream comes with its prefix; what is not exported does not come."""
    async with connected(url, "ann", "bob") as (ann, bob):
        heard = await bob.subscribe("shop.>")
        await arrived(bob)
        for subject in ("secrets", "prices.tea"):
            await ann.publish(subject)
        assert await received(heard, 1) == ["shop.prices.tea"]


async def what_is_exported_is_answered(url):
    """A service of one account answers in the other, under its name there."""
    async with connected(url, "ann", "bob") as (ann, bob):
        await answer(ann, "order", b"tea")
        assert (await bob.request("shop.order", timeout=5)).data == b"tea"


async def subjects_are_mapped(url):
    """What is sent to the old subject comes on the new one."""
    async with connected(url, "ann") as (ann,):
        heard = await ann.subscribe("new.a")
        await arrived(ann)
        await ann.publish("old.a")
        assert await received(heard, 1) == ["new.a"]


async def default_permissions_hold(url):
    """Of users without any of their own."""
    async with connected(url, "bob", "bill") as (bob, bill):
        heard = await bill.subscribe("*.a")
        await arrived(bill)
        await bob.publish("closed.a")
        await bob.publish("open.a")
        assert await received(heard, 1) == ["open.a"]
        await bill.publish("closed.a")
        assert await received(heard, 1) == ["closed.a"]


async def nothing_more(_):
    """As they were created."""


async def reloaded(controller):
    """By the file, which knows nothing of them."""
    await controller.reload()


async def rolled_back(controller):
    """Gone, and back."""
    await controller.update_config(accounts=dict.fromkeys(TENANTS))
    assert await controller.accounts() == {}
    await controller.rollback()


async def restarted(controller):
    """By a change that takes it."""
    version = await controller.update_config(server_name="again", allow_restart=True)
    assert version.kind == "restart"


async def started_again(controller):
    """By the same controller."""
    await controller.shutdown()
    await controller.start()


@pytest.mark.parametrize(
    "afterwards",
    [nothing_more, reloaded, rolled_back, restarted, started_again],
    ids=lambda function: function.__name__,
)
@pytest.mark.parametrize(
    "holds",
    [
        only_with_its_password,
        apart_from_one_another,
        what_may_be_published,
        what_may_be_heard,
        answers_only,
        limits_hold,
        jetstream_has_limits,
        what_is_exported_is_heard,
        what_is_exported_is_answered,
        subjects_are_mapped,
        default_permissions_hold,
    ],
    ids=lambda function: function.__name__,
)
async def test_accounts_made_at_run_time(holds, afterwards, tmp_path):
    """In the .NET library they were gone with the next reload, and nobody could log in to them."""
    file = tmp_path / "broker.conf"
    file.write_text(f"port: -1, jetstream: {{store_dir: '{tmp_path.as_posix()}'}}")
    async with AsyncNatsController(BrokerConfiguration.from_file(file)) as controller:
        assert (await controller.create_accounts(TENANTS)).number == 2
        await afterwards(controller)
        await holds(controller.client_url)


async def test_a_deleted_account_cuts_its_clients_off(nats_server):
    """At once; clients of others notice nothing."""
    nats_server.create_accounts({name: {"users": [user(name)]} for name in ("A", "B")})
    async with connected(nats_server.client_url, "A", "B") as (gone, stays):
        nats_server.delete_account("A")
        assert {client.account for client in nats_server.clients()} == {"B"}
        await closed(gone)
        await arrived(stays)
        await refused(nats_server.client_url, "A")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"A": None}, "the account is removed"),
        ({"A": {"users": [user("other")]}}, "the user is removed"),
        ({"A": {"users": []}, "B": {"users": [user("ann")]}}, "the user moves to another account"),
        ({"A": {"users": [user("ann") | {"password": "new"}]}}, "the password changes"),
        (
            {"A": {"users": [user("ann", allowed_connection_types="STANDARD")]}},
            "the connection type is not allowed",
        ),
    ],
)
async def test_a_leaf_node_is_cut_off_that_could_not_log_in_again(change, reason):
    """The server itself asks its clients only: a leaf node would stay, in an account that is gone.

    A plan knows.
    """
    accounts = {"A": {"users": [user("ann")]}, "B": {"users": [user("bob")]}}
    await cut_off({"accounts": accounts}, {"accounts": change}, "A", reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [(user("other"), "the user is removed"), ({"password": "new"}, "the password changes")],
)
async def test_a_leaf_node_of_a_single_user_is_cut_off(change, reason):
    """Likewise, where ``authorization`` names one only."""
    await cut_off({"authorization": user("ann")}, {"authorization": change}, "$G", reason)


async def cut_off(config, change, account, reason):
    """Assert that a change disconnects Ann's leaf node for a reason, and another does not."""
    listener = {"host": "127.0.0.1", "port": -1}
    async with AsyncNatsController({"port": -1, "leafnodes": listener} | config) as hub:
        remote = {"urls": [f"nats-leaf://ann:ann@127.0.0.1:{(await hub.ports())['leafnodes']}"]}
        async with AsyncNatsController({"port": -1, "leafnodes": {"remotes": [remote]}}):
            async with asyncio.timeout(10):
                while [client.user for client in await hub.clients()] != ["ann"]:
                    await asyncio.sleep(0.005)
            (leaf,) = await hub.clients()
            assert (leaf.kind, leaf.account) == ("Leafnode", account)
            await hub.update_config(debug=False)
            assert [client.cid for client in await hub.clients()] == [leaf.cid]
            plan = await hub.plan(change)
            assert [(gone.cid, gone.reason) for gone in plan.disconnected] == [(leaf.cid, reason)]
            await hub.update_config(change)
            assert leaf.cid not in [client.cid for client in await hub.clients()]


async def test_streams_go_on_when_their_account_comes_back(jetstream_server):
    """The server itself would give the account streams that listen in the one before."""
    account = {"users": [user("ann")], "jetstream": {}}
    jetstream_server.create_accounts({"A": account, "B": {"users": [user("bob")]}})
    url = jetstream_server.client_url
    async with connected(url, "ann") as (ann,):
        stream = ann.jetstream()
        await stream.add_stream(name="S", subjects=["s"])
        await stream.publish("s", b"before")
    jetstream_server.delete_account("A")
    jetstream_server.rollback()
    async with connected(url, "ann") as (ann,):
        stream = ann.jetstream()
        assert (await stream.publish("s", b"after")).seq == 2
        heard = await stream.subscribe("s", durable="d")
        assert [(await heard.next_msg(timeout=5)).data for _ in "ab"] == [b"before", b"after"]


async def test_limits_are_those_of_the_account_that_came_back(jetstream_server):
    """And not of the one before, whose JetStream the server would go on with."""
    account = {"users": [user("ann")], "jetstream": {}}
    jetstream_server.create_accounts({"A": account, "B": {"users": [user("bob")]}})
    jetstream_server.delete_account("A")
    jetstream_server.create_account("A", account | {"jetstream": {"max_streams": 1}})
    async with connected(jetstream_server.client_url, "ann") as (ann,):
        assert (await ann.jetstream().account_info()).limits.max_streams == 1


async def test_narrower_permissions_end_subscriptions(nats_server):
    """The client stays, and hears no more what it may not hear."""
    nats_server.create_account("A", {"users": [user("ann"), user("bob")]})
    async with connected(nats_server.client_url, "ann", "bob") as (ann, bob):
        heard = await ann.subscribe("*.a")
        open_ = await ann.subscribe("open.a")
        await arrived(ann)
        permissions = {"subscribe": {"allow": ["open.a", "_INBOX.>"]}}
        nats_server.update_account(
            "A", {"users": [user("ann", permissions=permissions), user("bob")]}
        )
        await bob.publish("closed.a")
        await bob.publish("open.a")
        assert await received(open_, 1) == ["open.a"]
        assert heard.pending_msgs == 0


async def test_a_service_ends_with_its_export(nats_server):
    """An import is no hole in the wall between two accounts."""
    nats_server.create_accounts({name: TENANTS[name] for name in ("SHOP", "BANK")})
    async with connected(nats_server.client_url, "ann", "bob") as (ann, bob):
        await answer(ann, "order", b"tea")
        await bob.request("shop.order", timeout=5)
        nats_server.update_account("BANK", {"imports": None})
        with pytest.raises(NoRespondersError):
            await bob.request("shop.order", timeout=5)
