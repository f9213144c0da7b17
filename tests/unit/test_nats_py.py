"""nats-py's own client inside the process: its whole API, without a network."""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

import nats
import nkeys
import pytest
from nats.errors import ConnectionClosedError, NoRespondersError

from dotgnatly import ServerStoppedError
from tests.conftest import arrived, counts, wait_until

MEBIBYTE = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
QUICK = {"reconnect_time_wait": 0.01, "max_reconnect_attempts": -1}


def descriptors() -> list[Path]:
    """What this process has open."""
    return list(Path("/proc/self/fd").iterdir())


def listening() -> set[str]:
    """The sockets of this process on which TCP connections are accepted."""
    own = {str(fd.readlink()) for fd in descriptors() if fd.is_symlink()}
    tables = [Path("/proc/self/net", name).read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own}


@pytest.fixture
async def connect():
    """Connects clients inside a server, by a controller and the options of ``nats.connect``."""
    clients = []

    async def connect(controller, **options):
        client = await controller.connect_nats_py(**options)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
async def inside(make, connect):
    """A client inside a server without a port."""
    controller = make({}, dont_listen=True)
    await controller.start()
    return await connect(controller)


@pytest.fixture
async def jetstream(make, connect, tmp_path):
    """The JetStream context of a client inside a server without a port."""
    controller = make({"jetstream": {"store_dir": tmp_path / "store"}}, dont_listen=True)
    await controller.start()
    return (await connect(controller)).jetstream()


# -- no network ------------------------------------------------------------------------------------


@linux
async def test_dont_listen_opens_no_port(make, connect):
    """Nothing for a scanner, a firewall or a second copy of the program to run into."""
    before = listening()
    async with make({}, dont_listen=True) as controller:
        client = await connect(controller)
        await arrived(client)
        assert listening() == before
        assert await controller.ports() == {}


async def test_other_listeners_are_opened_if_they_are_configured(make):
    """dont_listen is about clients over TCP."""
    async with make({"http_port": -1}, dont_listen=True) as controller:
        assert set(await controller.ports()) == {"monitoring"}


async def test_a_change_opens_no_port_either(make, connect):
    """A reload is given the same overlay as the start."""
    async with make({}, dont_listen=True) as controller:
        client = await connect(controller)
        await controller.update_config(max_payload=4096)
        await arrived(client)
        assert await controller.ports() == {}
        assert not client.is_closed


async def test_inside_and_outside_meet(broker, connect):
    """One server, whichever way one came in."""
    inside, outside = await connect(broker), await nats.connect(broker.client_url)
    subscription = await inside.subscribe("a")
    await arrived(inside)
    await outside.publish("a", b"1")
    assert (await subscription.next_msg(timeout=5)).data == b"1"
    await outside.close()


async def test_clients_inside_are_counted_as_clients(broker, connect):
    """Monitoring sees them come and go."""
    client = await connect(broker)
    assert (await broker.varz()).connections == 1
    await client.close()
    wait_until(lambda: counts()["connections"] == 0)


async def test_servers_cannot_be_given(broker):
    """There is one, and it is this."""
    with pytest.raises(TypeError, match="servers"):
        await broker.connect_nats_py(servers=["nats://elsewhere"])


async def test_a_stopped_server_refuses_at_once(make):
    """nats-py would try for minutes."""
    with pytest.raises(ServerStoppedError):
        await asyncio.wait_for(make().connect_nats_py(), 5)


# -- core NATS -------------------------------------------------------------------------------------


async def test_publish_and_subscribe(inside):
    """The first thing anybody tries."""
    subscription = await inside.subscribe("greet.*")
    await inside.publish("greet.all", b"hello")
    message = await subscription.next_msg(timeout=5)
    assert (message.subject, message.data) == ("greet.all", b"hello")


async def test_request_and_reply(inside):
    """With a callback, as services do it."""

    async def answer(message):
        await message.respond(message.data.upper())

    await inside.subscribe("shout", cb=answer)
    assert (await inside.request("shout", b"hello", timeout=5)).data == b"HELLO"


async def test_a_request_to_nobody_fails_at_once(inside):
    """The server says so; nobody waits for a timeout."""
    with pytest.raises(NoRespondersError):
        await inside.request("nobody", timeout=30)


async def test_headers(inside):
    """Metadata travels beside the payload."""
    subscription = await inside.subscribe("a")
    await inside.publish("a", b"1", headers={"Trace-Id": "42"})
    assert (await subscription.next_msg(timeout=5)).headers == {"Trace-Id": "42"}


async def test_a_queue_group_shares_the_messages(make, connect):
    """Each message goes to one of its members."""
    async with make({}, dont_listen=True) as controller:
        clients = [await connect(controller) for _ in range(3)]
        got = []

        async def take(message):
            got.append(message.data)

        for client in clients:
            await client.subscribe("work", queue="workers", cb=take)
            await arrived(client)
        for number in range(60):
            await clients[0].publish("work", b"%d" % number)
        for client in clients:
            await client.drain()
        assert sorted(map(int, got)) == list(range(60))


async def test_big_messages(make, connect):
    """Larger than any buffer on the way, in both directions."""
    async with make({"max_payload": 8 * MEBIBYTE}, dont_listen=True) as controller:
        client = await connect(controller)
        subscription = await client.subscribe("big")
        for seed in range(4):
            payload = bytes([seed]) * 8 * MEBIBYTE
            await client.publish("big", payload)
            assert (await subscription.next_msg(timeout=10)).data == payload


async def test_many_messages_keep_their_order(inside):
    """No byte is lost or doubled in the pumps."""
    subscription = await inside.subscribe("n", pending_msgs_limit=-1)
    for number in range(20_000):
        await inside.publish("n", b"%d" % number)
    await arrived(inside)
    got = [int((await subscription.next_msg(timeout=5)).data) for _ in range(20_000)]
    assert got == list(range(20_000))


# -- JetStream -------------------------------------------------------------------------------------


async def test_jetstream_publish_and_consume(jetstream):
    """Stored, delivered, acknowledged."""
    await jetstream.add_stream(name="S", subjects=["s.>"])
    for number in range(100):
        assert (await jetstream.publish("s.a", b"%d" % number)).seq == number + 1
    subscription = await jetstream.pull_subscribe("s.>", durable="d")
    messages = await subscription.fetch(100, timeout=5)
    for message in messages:
        await message.ack_sync()
    assert [int(message.data) for message in messages] == list(range(100))
    assert (await jetstream.consumer_info("S", "d")).num_ack_pending == 0


async def test_key_value_store(jetstream):
    """Put, get, watch, delete."""
    bucket = await jetstream.create_key_value(bucket="B")
    watcher = await bucket.watch("k")
    revision = await bucket.put("k", b"1")
    await bucket.update("k", b"2", last=revision)
    assert (await bucket.get("k")).value == b"2"
    await bucket.delete("k")
    seen = [await watcher.updates(timeout=5) for _ in range(4)]
    assert [entry and (entry.operation, entry.value) for entry in seen] == [
        None, (None, b"1"), (None, b"2"), ("DEL", b""),
    ]  # fmt: skip
    await watcher.stop()


async def test_object_store(jetstream):
    """Many chunks, checked by their digest."""
    payload = os.urandom(3 * MEBIBYTE)
    store = await jetstream.create_object_store("O")
    await store.put("thing", payload)
    assert (await store.get("thing")).data == payload


# -- who may come in -------------------------------------------------------------------------------


def key_pair(kind=nkeys.PREFIX_BYTE_USER) -> tuple[str, bytes]:
    """A new public nkey and its seed."""
    seed = nkeys.encode_seed(os.urandom(32), kind)
    return nkeys.from_seed(seed).public_key.decode(), bytes(seed)


@pytest.mark.parametrize(
    ("authorization", "right", "wrong"),
    [
        pytest.param(
            {"user": "ann", "password": "secret"},
            {"user": "ann", "password": "secret"},
            {"user": "ann", "password": "guess"},
            id="password",
        ),
        pytest.param({"token": "secret"}, {"token": "secret"}, {"token": "guess"}, id="token"),
        pytest.param(
            {"users": [{"user": "ann", "password": "a"}, {"user": "bob", "password": "b"}]},
            {"user": "bob", "password": "b"},
            {"user": "bob", "password": "a"},
            id="users",
        ),
        pytest.param(
            {
                "users": [
                    {"user": "ann", "password": "a", "allowed_connection_types": ["IN_PROCESS"]}
                ]
            },
            {"user": "ann", "password": "a"},
            {},
            id="in-process-only",
        ),
    ],
)
async def test_credentials_are_asked_for_inside_too(make, connect, authorization, right, wrong):
    """A client inside has the permissions of its user, and nobody's without one."""
    async with make({"authorization": authorization}, dont_listen=True) as controller:
        client = await connect(controller, **right)
        await arrived(client)
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await controller.connect_nats_py(**wrong, allow_reconnect=False)
    wait_until(lambda: counts()["connections"] == 0)


async def test_nkeys(make, connect, tmp_path):
    """The server sends a nonce, the client signs it: no secret crosses."""
    public, seed = key_pair()
    (tmp_path / "seed").write_bytes(seed)
    authorization = {"users": [{"nkey": public}]}
    async with make({"authorization": authorization}, dont_listen=True) as controller:
        client = await connect(controller, nkeys_seed=str(tmp_path / "seed"))
        await arrived(client)


async def test_accounts_are_separate_inside(make, connect):
    """What one account says, another does not hear."""
    accounts = {
        name: {"users": [{"user": name.lower(), "password": "p"}]} for name in ("ANN", "BOB")
    }
    async with make({"accounts": accounts}, dont_listen=True) as controller:
        ann = await connect(controller, user="ann", password="p")
        bob = await connect(controller, user="bob", password="p")
        heard_ann, heard_bob = await ann.subscribe("a"), await bob.subscribe("a")
        await arrived(bob)
        await ann.publish("a", b"for ann")
        await arrived(ann)
        await bob.publish("a", b"for bob")
        assert (await heard_ann.next_msg(timeout=5)).data == b"for ann"
        assert (await heard_bob.next_msg(timeout=5)).data == b"for bob"


@pytest.mark.parametrize("handshake_first", [False, True])
async def test_a_server_with_tls_lets_clients_inside_in_without(
    make, connect, certificates, handshake_first
):
    """TLS inside a process protects nothing."""
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    tls["handshake_first"] = handshake_first
    async with make({"port": -1, "tls": tls}) as controller:
        client = await connect(controller)
        subscription = await client.subscribe("a")
        await client.publish("a", b"1")
        assert (await subscription.next_msg(timeout=5)).data == b"1"


async def test_a_server_that_verifies_certificates_lets_clients_inside_in(
    make, connect, certificates
):
    """There is no certificate to show."""
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    tls |= {"ca_file": certificates / "ca.pem", "verify": True}
    async with make({"port": -1, "tls": tls}) as controller:
        await (await connect(controller)).flush()


# -- life ------------------------------------------------------------------------------------------


async def test_a_client_reconnects_after_a_restart_with_its_subscriptions(make, connect):
    """As over TCP: the program goes on where it was."""
    back, gone = asyncio.Event(), asyncio.Event()

    async def reconnected():
        back.set()

    async def disconnected():
        gone.set()

    async with make({}, dont_listen=True) as controller:
        client = await connect(
            controller, reconnected_cb=reconnected, disconnected_cb=disconnected, **QUICK
        )
        subscription = await client.subscribe("a")
        await arrived(client)
        await controller.shutdown()
        await asyncio.wait_for(gone.wait(), 5)
        await controller.start()
        await asyncio.wait_for(back.wait(), 5)
        await client.publish("a", b"1")
        assert (await subscription.next_msg(timeout=5)).data == b"1"


async def test_jetstream_is_there_after_a_restart(make, connect, tmp_path):
    """The store and the client both survive."""
    back = asyncio.Event()

    async def reconnected():
        back.set()

    config = {"jetstream": {"store_dir": tmp_path / "store"}}
    async with make(config, dont_listen=True) as controller:
        jetstream = (await connect(controller, reconnected_cb=reconnected, **QUICK)).jetstream()
        await jetstream.add_stream(name="S", subjects=["s"])
        await jetstream.publish("s", b"1")
        await controller.shutdown()
        await controller.start()
        await asyncio.wait_for(back.wait(), 5)
        assert (await jetstream.get_msg("S", 1)).data == b"1"


@linux
async def test_trying_to_reconnect_leaks_no_descriptor(make, connect):
    """A server may be stopped for long."""
    attempts, enough = count(), asyncio.Event()

    async def failed(_):
        if next(attempts) == 50:
            enough.set()

    async with make({}, dont_listen=True) as controller:
        await connect(controller, error_cb=failed, **QUICK | {"reconnect_time_wait": 0})
        before = len(descriptors())
        await controller.shutdown()
        await asyncio.wait_for(enough.wait(), 10)
        assert len(descriptors()) <= before


async def test_drain_delivers_what_has_come_and_closes(make, connect):
    """The polite way out."""
    async with make({}, dont_listen=True) as controller:
        client, got = await connect(controller), []

        async def take(message):
            got.append(int(message.data))

        await client.subscribe("a", cb=take)
        for number in range(1_000):
            await client.publish("a", b"%d" % number)
        await client.drain()
        assert got == list(range(1_000))
        assert client.is_closed
        wait_until(lambda: counts()["connections"] == 0)


async def test_a_closed_client_is_closed(inside):
    """As nats-py says it."""
    await inside.close()
    with pytest.raises(ConnectionClosedError):
        await inside.publish("a", b"1")


async def test_shutdown_does_not_wait_for_clients_that_read_nothing(make, connect):
    """The server would wait for write_deadline, ten seconds."""
    controller = make({}, dont_listen=True)
    await controller.start()
    client = await connect(controller, allow_reconnect=False)
    await client.subscribe("a")
    client._reading_task.cancel()
    publisher = await connect(controller, allow_reconnect=False)
    for _ in range(16):
        await publisher.publish("a", bytes(MEBIBYTE - 1))
    await arrived(publisher)
    await asyncio.wait_for(controller.shutdown(), 5)


async def test_twenty_clients_at_once(make, connect):
    """Each hears all."""
    async with make({}, dont_listen=True) as controller:
        clients = await asyncio.gather(*(connect(controller) for _ in range(20)))
        assert (await controller.varz()).connections == 20
        subscriptions = [await client.subscribe("all") for client in clients]
        await asyncio.gather(*(arrived(client) for client in clients))
        await asyncio.gather(*(client.publish("all", b"1") for client in clients))
        for subscription in subscriptions:
            for _ in clients:
                assert (await subscription.next_msg(timeout=5)).data == b"1"
