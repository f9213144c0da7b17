"""Changes of a running server by both controllers: functions, restarts, versions, ways back."""

import asyncio
import json
import os
import socket
import sqlite3
from urllib.request import urlopen

import nats
import pytest

from dotgnatly import (
    AsyncNatsController,
    BrokerConfiguration,
    ChangeError,
    ConfigError,
    ImpossibleChangeError,
    NatsController,
    NotFoundError,
    PortInUseError,
    RestartRequiredError,
    ServerStoppedError,
    StartError,
    StateError,
)
from dotgnatly.history import MemoryConfigurationStore
from tests.conftest import arrived, counts

KEY = "a key of some length"
NOBODY = "nats-route://127.0.0.1:1"


async def max_payload(controller):
    """What the server says."""
    return (await controller.varz()).max_payload


async def document(url):
    """The JSON document at a URL."""

    def get():
        with urlopen(url, timeout=5) as answer:
            return json.load(answer)

    return await asyncio.to_thread(get)


def is_open(port):
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def jetstream(start, tmp_path):
    """Starts a server with JetStream on a store that is kept, and more fields."""

    async def start_it(*, jetstream=None, **fields):
        block = {"store_dir": tmp_path / "store"} | (jetstream or {})
        return await start(jetstream=block, **fields)

    return start_it


async def publish(url, count):
    """Store so many messages more in the stream S, and return how many it has."""
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    for _ in range(count):
        await stream.publish("s", b"x")
    messages = (await stream.stream_info("S")).state.messages
    await client.close()
    return messages


# -- apply -----------------------------------------------------------------------------------------


async def test_apply_maps_the_configuration_to_the_next(start):
    """The function is given what is in force and returns all of what is to be."""
    controller = await start(max_payload=1000)
    version = await controller.apply(lambda c: c.replace(max_payload=c.max_payload * 2))
    assert await max_payload(controller) == 2000
    assert version.config.max_payload == 2000


async def test_apply_may_return_a_dict(start):
    """As every call that takes a configuration."""
    controller = await start(max_payload=1000)
    await controller.apply(lambda c: {**c.to_dict(), "max_payload": 3000})
    assert await max_payload(controller) == 3000


async def test_concurrent_applies_are_each_made_on_the_one_before(start):
    """Read, modify and write are one step: no update is lost."""
    controller = await start(max_payload=1000)
    add = lambda config: config.replace(max_payload=config.max_payload + 1)  # noqa: E731
    await asyncio.gather(*(controller.apply(add) for _ in range(20)))
    assert await max_payload(controller) == 1020


async def test_a_function_that_raises_changes_nothing(start):
    """The error is the caller's own."""
    controller = await start(max_payload=1000)
    with pytest.raises(ZeroDivisionError):
        await controller.apply(lambda _: 1 // 0)
    assert await max_payload(controller) == 1000
    await controller.update_config(max_payload=2000)
    assert await max_payload(controller) == 2000


async def test_a_function_that_calls_the_controller_is_refused(nats_server):
    """It would wait for itself."""
    with pytest.raises(StateError, match="must not call"):
        nats_server.apply(lambda _: nats_server.version(1).config)
    assert nats_server.update_config(debug=True).number == 2


async def test_what_apply_changed_stays_above_the_file(make, tmp_path):
    """Also what it took out."""
    file = tmp_path / "broker.conf"
    file.write_text("port: -1, max_payload: 1000, max_connections: 10")
    controller = make(BrokerConfiguration.from_file(file))
    await controller.start()
    await controller.apply(lambda c: BrokerConfiguration(port=-1, host=c.host, max_payload=2000))
    file.write_text("port: -1, max_payload: 1500, max_connections: 20, max_control_line: 2000")
    await controller.reload()
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections, varz.max_control_line) == (2000, 65_536, 2000)


# -- restart ---------------------------------------------------------------------------------------


async def test_a_restart_makes_what_a_reload_cannot(jetstream):
    """With leave to do so; the version says that it was one."""
    controller = await jetstream(server_name="before")
    version = await controller.update_config(server_name="after", allow_restart=True)
    assert controller.server_name == "after"
    assert version.kind == "restart"


async def test_a_restart_keeps_every_free_port(make, tmp_path):
    """Whoever was told a port finds the server there again."""
    controller = make({
        "port": -1, "http_port": -1, "server_name": "one",
        "jetstream": {"store_dir": tmp_path / "store"},
        "cluster": {"name": "c", "port": -1, "host": "127.0.0.1", "routes": [NOBODY]},
        "leafnodes": {"port": -1, "host": "127.0.0.1"},
        "websocket": {"port": -1, "no_tls": True},
        "mqtt": {"port": -1},
    })  # fmt: skip
    await controller.start()
    ports = await controller.ports()
    assert len(ports) == 6
    await controller.update_config(max_pending="32MB", allow_restart=True)
    assert await controller.ports() == ports
    assert (await controller.varz()).max_pending == 32 << 20


async def test_a_restart_keeps_what_jetstream_has(jetstream):
    """In a store of the user's own."""
    controller = await jetstream(server_name="one")
    assert await publish(controller.client_url, 3) == 3
    await controller.update_config(server_name="two", allow_restart=True)
    assert await publish(controller.client_url, 1) == 4


async def test_a_restart_keeps_a_private_store(start):
    """It is removed when the server has stopped for good, and not before."""
    controller = await start(jetstream={}, server_name="one")
    assert await publish(controller.client_url, 3) == 3
    await controller.update_config(server_name="two", allow_restart=True)
    assert await publish(controller.client_url, 1) == 4
    store = (await controller.varz()).jetstream.config.store_dir
    await controller.shutdown()
    assert not await asyncio.to_thread(os.path.exists, store)


async def test_clients_come_back_after_a_restart(start):
    """Over the network, and inside."""
    controller = await start(server_name="one")
    back = asyncio.Queue()

    async def reconnected():
        await back.put(1)

    client = await nats.connect(
        controller.client_url, reconnected_cb=reconnected, reconnect_time_wait=0.01
    )
    inside = await controller.connect_nats_py(reconnected_cb=reconnected, reconnect_time_wait=0.01)
    await controller.update_config(server_name="two", allow_restart=True)
    for _ in range(2):
        await asyncio.wait_for(back.get(), 10)
    subscription = await inside.subscribe("a")
    await arrived(inside)
    await client.publish("a", b"hello")
    assert (await subscription.next_msg(timeout=5)).data == b"hello"
    await client.close()
    await inside.close()


async def test_leave_to_restart_is_not_used_without_need(start):
    """A hot change keeps every client."""
    controller = await start()
    before = controller.server_id
    version = await controller.update_config(max_payload=1000, allow_restart=True)
    assert (version.kind, controller.server_id) == ("update", before)


async def test_a_refused_restart_stops_nothing(start):
    """The server finds fault with the configuration before anything is stopped."""
    controller = await start(server_name="one")
    before = controller.server_id
    with pytest.raises(ConfigError):
        await controller.update_config(
            server_name="two", tls={"cert_file": "/no", "key_file": "/no"}, allow_restart=True
        )
    assert controller.server_id == before


async def test_a_restart_that_fails_brings_the_server_back_as_it_was(jetstream):
    """On its ports, with its store."""
    controller = await jetstream(server_name="one")
    await publish(controller.client_url, 3)
    ports = await controller.ports()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            await controller.update_config(
                server_name="two", leafnodes={"port": port, "host": "127.0.0.1"}, allow_restart=True
            )
    assert controller.is_running
    assert controller.server_name == "one"
    assert await controller.ports() == ports
    assert await publish(controller.client_url, 1) == 4
    assert (await controller.history())[-1].number == 1


async def test_a_store_that_is_moved_is_the_new_one(jetstream, tmp_path):
    """The old one is no longer locked, and has what it had."""
    controller = await jetstream()
    await publish(controller.client_url, 3)
    await controller.update_config(jetstream={"store_dir": tmp_path / "other"}, allow_restart=True)
    assert await publish(controller.client_url, 1) == 1
    with NatsController({"port": -1, "jetstream": {"store_dir": tmp_path / "store"}}) as other:
        assert await publish(other.client_url, 1) == 4


async def test_turning_jetstream_off_in_a_cluster_takes_a_restart(jetstream):
    """A reload would remove this server's part of the meta group from disk."""
    cluster = {"name": "c", "port": -1, "host": "127.0.0.1", "routes": [NOBODY]}
    controller = await jetstream(server_name="one", cluster=cluster)
    with pytest.raises(RestartRequiredError) as caught:
        await controller.update_config(jetstream={"enabled": False})
    assert caught.value.paths == ("jetstream.enabled",)
    assert controller.jetstream_enabled
    await controller.update_config(jetstream={"enabled": False}, allow_restart=True)
    assert not controller.jetstream_enabled


async def test_an_encryption_key_cannot_be_taken_away(jetstream):
    """The store is encrypted with it: no restart could read it."""
    controller = await jetstream(jetstream={"encryption_key": KEY})
    with pytest.raises(ImpossibleChangeError) as caught:
        await controller.update_config(jetstream={"encryption_key": None}, allow_restart=True)
    assert caught.value.paths == ("jetstream.encryption_key",)
    assert KEY not in str(caught.value)


async def test_an_encryption_key_can_be_replaced_with_the_one_before(jetstream):
    """The server reads with the old one what it has."""
    controller = await jetstream(jetstream={"encryption_key": KEY})
    await publish(controller.client_url, 3)
    await controller.update_config(
        jetstream={"encryption_key": "another key", "prev_encryption_key": KEY}, allow_restart=True
    )
    assert await publish(controller.client_url, 1) == 4


@pytest.mark.parametrize("written", [{"host": "127.0.0.1"}, {"port": 0}, {"max_pending": "64MB"}])
async def test_what_is_only_written_otherwise_takes_no_restart(start, written):
    """A default, or the port that was found, spelt out."""
    controller = await start()
    if "port" in written:
        written = {"port": (await controller.ports())["client"]}
    version = await controller.update_config(written)
    assert version.kind == "update"


async def test_a_leaf_node_that_was_reloaded_takes_no_restart_for_it(start):
    """A start writes a cluster name into the options of a leaf node, a reload does not."""
    remote = {"url": "nats://127.0.0.1:1"}
    controller = await start(server_name="spoke", leafnodes={"remotes": [remote]})
    await controller.update_config(debug=True)
    assert (await controller.plan(max_pending="64MB")).reload_class == "hot"


async def test_nothing_is_left_after_restarts(jetstream):
    """No server, job or connection more."""
    controller = await jetstream(server_name="s0")
    for number in range(1, 6):
        await controller.update_config(server_name=f"s{number}", allow_restart=True)
    await controller.shutdown()
    assert counts() | {"goroutines": 0} == {
        "servers": 0, "jobs": 0, "connections": 0, "goroutines": 0,
    }  # fmt: skip


# -- monitoring over HTTP --------------------------------------------------------------------------


async def test_the_flagship_change(start, free_port):
    """Debug off and the monitoring port moved in one call."""
    controller = await start(debug=True, http_port=-1)
    old = (await controller.ports())["monitoring"]
    await controller.update_config(debug=False, http_port=free_port)
    assert not is_open(old)
    assert (await document(f"http://127.0.0.1:{free_port}/varz"))["http_port"] == free_port


async def test_the_base_path_moves_on_a_running_server(start):
    """The port stays."""
    controller = await start(http_port=-1)
    port = (await controller.ports())["monitoring"]
    await controller.update_config(http_base_path="/nats")
    assert controller.monitoring_url == f"http://127.0.0.1:{port}/nats"
    assert (await document(f"{controller.monitoring_url}/varz"))["http_base_path"] == "/nats"


async def test_http_becomes_https_on_the_same_port(start, certificates, free_port):
    """And back again."""
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    controller = await start(http_port=free_port, tls=tls)
    await controller.update_config(http_port=None, https_port=free_port)
    assert controller.monitoring_url == f"https://127.0.0.1:{free_port}"
    varz = await controller.varz()
    assert (varz.http_port, varz.https_port) == (0, free_port)
    await controller.update_config(http_port=free_port, https_port=None)
    assert (await document(f"{controller.monitoring_url}/varz"))["https_port"] == 0


async def test_the_monitoring_address_changes_on_the_same_port(start, free_port):
    """All addresses in place of one; a refused change leaves the old one open."""
    controller = await start(http_host="127.0.0.1", http_port=free_port)
    with pytest.raises(ConfigError):
        await controller.update_config(http_host="0.0.0.0", log_file="/no/such/place.log")
    with pytest.raises(StartError):
        await controller.update_config(http_host="256.0.0.1")
    assert (await document(f"http://127.0.0.1:{free_port}/varz"))["http_host"] == "127.0.0.1"
    await controller.update_config(http_host="0.0.0.0")
    assert (await document(f"http://127.0.0.1:{free_port}/varz"))["http_host"] == "0.0.0.0"


async def test_a_taken_monitoring_port_changes_nothing(start):
    """The error says which port, and the old one answers."""
    controller = await start(http_port=-1, max_payload=1000)
    before = controller.monitoring_url
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)) as caught:
            await controller.update_config(http_port=port, max_payload=2000)
    assert caught.value.key == "http_port"
    assert (controller.monitoring_url, await max_payload(controller)) == (before, 1000)
    assert await document(f"{before}/varz")


# -- versions --------------------------------------------------------------------------------------


async def test_history_has_every_version(start):
    """Number, kind, who, why and what, oldest first."""
    controller = await start()
    await controller.update_config(debug=True, author="ann", reason="to see more")
    history = await controller.history()
    assert [(v.number, v.kind, v.author, v.reason, str(v.diff)) for v in history] == [
        (1, "initial", None, None, ""),
        (2, "update", "ann", "to see more", "debug: (not set) -> True"),
    ]


async def test_a_version_is_found_by_its_number(start):
    """And one that is not there is not."""
    controller = await start(max_payload=1000)
    await controller.update_config(max_payload=2000)
    assert (await controller.version(1)).config.max_payload == 1000
    with pytest.raises(NotFoundError):
        await controller.version(3)


async def test_two_versions_can_be_compared(start):
    """Either way."""
    controller = await start(max_payload=1000)
    await controller.update_config(max_payload=2000)
    await controller.update_config(debug=True)
    assert (await controller.diff(1, 3)).paths == ("debug", "max_payload")
    assert str(await controller.diff(2, 1)) == "max_payload: 2000 -> 1000"


async def test_a_failed_change_leaves_no_version(start):
    """However it fails."""
    controller = await start()
    for bad in ({"max_payload": "much"}, {"server_name": "x"}, {"log_file": "/no/such/place.log"}):
        with pytest.raises((ConfigError, ChangeError)):
            await controller.update_config(bad)
    assert len(await controller.history()) == 1


async def test_the_history_is_bounded(make):
    """By what the store keeps."""
    controller = make(version_store=MemoryConfigurationStore(limit=3))
    await controller.start()
    for number in range(6):
        await controller.update_config(max_payload=1000 + number)
    assert [v.number for v in await controller.history()] == [5, 6, 7]


async def test_rollback_takes_the_last_change_back(start):
    """On the server, as a version of its own."""
    controller = await start(max_payload=1000)
    await controller.update_config(max_payload=2000)
    version = await controller.rollback(author="ann", reason="it was wrong")
    assert await max_payload(controller) == 1000
    assert (version.number, version.kind, version.restored) == (3, "rollback", 1)
    assert (version.author, version.reason) == ("ann", "it was wrong")


async def test_each_rollback_goes_one_change_further(start):
    """And not to and fro between the last two."""
    controller = await start(max_payload=1000)
    for size in (2000, 3000, 4000):
        await controller.update_config(max_payload=size)
    sizes = []
    for _ in range(3):
        await controller.rollback()
        sizes.append(await max_payload(controller))
    assert sizes == [3000, 2000, 1000]
    with pytest.raises(NotFoundError):
        await controller.rollback()
    assert await max_payload(controller) == 1000


async def test_rollback_to_a_version(start):
    """Any that is kept."""
    controller = await start(max_payload=1000)
    for size in (2000, 3000):
        await controller.update_config(max_payload=size)
    await controller.rollback(2)
    assert await max_payload(controller) == 2000
    with pytest.raises(NotFoundError):
        await controller.rollback(9)


async def test_rollback_restores_the_layers(make, tmp_path):
    """What was changed above the file and then taken back does not come back with a reload."""
    file = tmp_path / "broker.conf"
    file.write_text("port: -1, max_payload: 1000")
    controller = make(BrokerConfiguration.from_file(file))
    await controller.start()
    await controller.update_config(max_payload=2000)
    await controller.rollback()
    file.write_text("port: -1, max_payload: 1500")
    await controller.reload()
    assert await max_payload(controller) == 1500


async def test_rollback_may_need_a_restart(start):
    """And says so."""
    controller = await start(server_name="one")
    await controller.update_config(server_name="two", allow_restart=True)
    with pytest.raises(RestartRequiredError):
        await controller.rollback()
    version = await controller.rollback(allow_restart=True)
    assert (controller.server_name, version.kind) == ("one", "rollback")


async def test_versions_outlive_the_program(make, tmp_path):
    """The next one starts with what was in force, and can go back from there."""
    first = make({"port": -1, "max_payload": 1000}, version_store=tmp_path / "versions.db")
    await first.start()
    await first.update_config(max_payload=2000, author="ann")
    await first.shutdown()
    second = AsyncNatsController(version_store=tmp_path / "versions.db")
    await second.start()
    assert await max_payload(second) == 2000
    assert [(v.number, v.kind, v.author) for v in await second.history()] == [
        (1, "initial", None), (2, "update", "ann"), (3, "restart", None),
    ]  # fmt: skip
    await second.rollback()
    assert await max_payload(second) == 1000
    await second.shutdown()


async def test_a_given_configuration_wins_over_the_store(make, tmp_path):
    """The store is history then."""
    first = make({"port": -1, "max_payload": 1000}, version_store=tmp_path / "versions.db")
    await first.start()
    await first.shutdown()
    second = make({"port": -1, "max_payload": 3000}, version_store=tmp_path / "versions.db")
    await second.start()
    assert await max_payload(second) == 3000


async def test_a_file_and_the_changes_above_it_outlive_the_program(make, tmp_path):
    """The next one reloads the file below the changes, and listens where the file says."""
    file = tmp_path / "broker.conf"
    file.write_text("port: -1, max_payload: 1000, max_connections: 10")
    config = BrokerConfiguration.from_file(file)
    first = make(config, version_store=tmp_path / "versions.db")
    await first.start()
    await first.update_config(max_payload=2000)
    host = (await first.varz()).host
    await first.shutdown()
    async with AsyncNatsController(version_store=tmp_path / "versions.db") as second:
        assert (await second.varz()).host == host == "0.0.0.0"
        file.write_text("port: -1, max_payload: 1000, max_connections: 20")
        await second.reload()
        varz = await second.varz()
        assert (varz.max_payload, varz.max_connections) == (2000, 20)


class Failing(MemoryConfigurationStore):
    """A store whose disk is full from the second version on."""

    def append(self, version):
        """Keep the first."""
        if version.number > 1:
            raise sqlite3.OperationalError("database or disk is full")
        super().append(version)


async def test_a_change_whose_version_cannot_be_kept_is_taken_back(make):
    """A server never runs what no version says."""
    controller = make({"port": -1, "max_payload": 1000}, version_store=Failing())
    await controller.start()
    with pytest.raises(ChangeError, match="disk is full"):
        await controller.update_config(max_payload=2000)
    assert await max_payload(controller) == 1000
    assert controller.config.max_payload == 1000
    assert len(await controller.history()) == 1


async def test_a_start_whose_version_cannot_be_kept_is_none(make, tmp_path):
    """Nothing runs, and the error says why."""
    (tmp_path / "versions.db").mkdir()
    controller = make(version_store=tmp_path / "versions.db")
    with pytest.raises(StartError, match="version"):
        await controller.start()
    assert not controller.is_running


# -- what is in force ------------------------------------------------------------------------------


async def test_effective_config_has_the_defaults_and_the_ports(start):
    """What was given, what is ours, and what the server made of it."""
    controller = await start(jetstream={}, http_port=-1, max_payload=1000)
    ports = await controller.ports()
    effective = await controller.effective_config()
    config = effective.config
    assert (config.port, config.http_port) == (ports["client"], ports["monitoring"])
    assert (config.host, config.max_payload, config.max_connections) == ("127.0.0.1", 1000, 65_536)
    assert "jetstream.store_dir" in effective.ours
    assert "max_payload" not in effective.ours.paths + effective.found.paths
    assert "max_connections" in effective.found


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("apply", [lambda c: c]), ("plan", [{"debug": True}]), ("rollback", [1]),
     ("effective_config", [])],
)  # fmt: skip
async def test_a_stopped_server_takes_no_change(make, method, arguments):
    """Change the configuration that it is to start with instead."""
    with pytest.raises(ServerStoppedError):
        await getattr(make(), method)(*arguments)
