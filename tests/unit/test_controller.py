"""The controllers: one suite for the blocking and the async class."""

import asyncio
import json
import socket
import ssl
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import urlopen

import nats
import pytest

from dotgnatly import (
    AlreadyRunningError,
    AsyncNatsController,
    BrokerConfiguration,
    ChangeError,
    ConfigError,
    NatsController,
    RestartRequiredError,
    ServerInfo,
    ServerStoppedError,
    StartTimeoutError,
    StateError,
    runtime,
)
from dotgnatly.monitoring import Varz
from tests.conftest import arrived, counts

MEBIBYTE = 1 << 20
DEFAULT_MAX_PAYLOAD = MEBIBYTE


def get(url: str, trust: ssl.SSLContext | None = None):
    """The JSON document at a URL."""
    with urlopen(url, timeout=5, context=trust) as answer:
        return json.load(answer)


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def connected():
    """Connects clients over TCP that must not lose their connection; says so at the end."""
    clients, lost = [], []

    async def connect(url, **options):
        async def disconnected():
            if not client.is_closed:
                lost.append(client)

        client = await nats.connect(url, disconnected_cb=disconnected, **options)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await arrived(client)
        await client.close()
    assert not lost


# -- life ------------------------------------------------------------------------------------------


async def test_start_returns_the_url_that_clients_connect_to(make):
    """The two lines of the README end with it."""
    controller = make()
    url = await controller.start()
    client = await nats.connect(url)
    assert client.is_connected
    await client.close()


async def test_start_returns_none_without_a_client_port(make):
    """There is nothing to connect to from outside."""
    assert await make(dont_listen=True).start() is None


async def test_is_running_from_start_to_shutdown(make):
    """The one fact that can be asked at any time."""
    controller = make()
    seen = [controller.is_running]
    await controller.start()
    seen.append(controller.is_running)
    await controller.shutdown()
    seen.append(controller.is_running)
    assert seen == [False, True, False]


async def test_shutdown_frees_the_ports(make):
    """Another program may want them."""
    controller = make({"port": -1, "http_port": -1})
    await controller.start()
    ports = (await controller.ports()).values()
    assert all(map(is_open, ports))
    await controller.shutdown()
    assert not any(map(is_open, ports))


async def test_shutdown_of_a_stopped_server_does_nothing(make):
    """Cleaning up twice is no mistake."""
    controller = make()
    await controller.shutdown()
    await controller.start()
    await controller.shutdown()
    await controller.shutdown()
    assert not controller.is_running


async def test_a_second_start_is_refused(broker):
    """It would lose the handle of the first server."""
    url = broker.client_url
    with pytest.raises(AlreadyRunningError):
        await broker.start()
    assert broker.client_url == url


async def test_start_again_after_a_shutdown(broker):
    """A controller is for good, a server for one life: it comes back with another id."""
    first = broker.server_id
    await broker.shutdown()
    await broker.start()
    assert broker.is_running
    assert broker.server_id != first


async def test_changes_survive_a_restart(broker):
    """A shutdown stops the server and does not forget its configuration."""
    await broker.update_config(max_payload=2 * MEBIBYTE)
    await broker.shutdown()
    await broker.start()
    assert (await broker.varz()).max_payload == 2 * MEBIBYTE


async def test_start_takes_another_configuration(broker):
    """It replaces the one given so far, with all changes."""
    await broker.update_config(max_payload=2 * MEBIBYTE)
    await broker.shutdown()
    await broker.start(BrokerConfiguration(port=-1, server_name="other"))
    assert broker.server_name == "other"
    assert (await broker.varz()).max_payload == DEFAULT_MAX_PAYLOAD


async def test_the_context_manager_starts_and_stops(make):
    """Nobody forgets a shutdown that way."""
    controller = make()
    async with controller as entered:
        assert entered is controller
        assert controller.is_running
    assert not controller.is_running


async def test_the_context_manager_stops_after_an_exception(make):
    """And lets it through."""
    controller = make()
    with pytest.raises(KeyError, match="mine"):
        async with controller:
            raise KeyError("mine")
    assert not controller.is_running


async def test_a_refused_start_leaves_the_controller_usable(make):
    """The next start, with a better configuration, is as any other."""
    controller = make(BrokerConfiguration(port=70_000))
    with pytest.raises(ConfigError):
        await controller.start()
    assert not controller.is_running
    await controller.start({"port": -1})
    assert controller.is_running


async def test_a_start_without_time_happens_whole_or_not_at_all(make):
    """It may be done before anybody looks at the clock; it is never half done."""
    controller = make({"port": -1, "jetstream": {}})
    try:
        await controller.start(timeout=0)
    except StartTimeoutError:
        assert not controller.is_running
        await controller.start()
    assert controller.is_running


async def test_a_change_without_time_happens_whole_or_not_at_all(broker):
    """The same, of a change."""
    try:
        await broker.update_config(max_payload=2 * MEBIBYTE, timeout=0)
    except ChangeError:
        expected = DEFAULT_MAX_PAYLOAD
    else:
        expected = 2 * MEBIBYTE
    assert (await broker.varz()).max_payload == expected
    assert (await broker.update_config(max_payload=3 * MEBIBYTE)).config == broker.config


async def test_repr_says_whether_it_runs(make):
    """What one sees in a REPL."""
    controller = make()
    name = type(controller.controller).__name__
    assert repr(controller.controller) == f"<{name} stopped>"
    await controller.start()
    assert repr(controller.controller) == f"<{name} running>"


async def test_two_servers_live_side_by_side(make):
    """Handles, no globals."""
    async with make() as one, make() as other:
        assert one.server_id != other.server_id
        assert await one.ports() != await other.ports()


async def test_memory_limit_is_set_with_the_start(make):
    """It is the Go heap's, one for all servers of the process."""
    before = runtime.memory_limit(-1)
    try:
        async with make(memory_limit=1 << 30) as controller:
            assert (await controller.varz()).gomemlimit == 1 << 30
    finally:
        runtime.memory_limit(before)


async def test_errors_name_the_controller(make):
    """A program with many servers has to know which."""
    with pytest.raises(ServerStoppedError, match="orders"):
        await make(name="orders").varz()


def test_another_event_loop_is_refused():
    """An async controller's waits belong to the loop that started it."""
    controller = AsyncNatsController(BrokerConfiguration(port=-1))
    with asyncio.Runner() as home:
        home.run(controller.start())
        with asyncio.Runner() as abroad, pytest.raises(StateError, match="event loop"):
            abroad.run(controller.update_config(debug=True))
        assert controller.is_running
        home.run(controller.shutdown())


def test_after_a_shutdown_another_event_loop_may_start_it():
    """``asyncio.run`` twice in a program is two loops."""
    controller = AsyncNatsController(BrokerConfiguration(port=-1))

    async def life():
        async with controller:
            return (await controller.varz()).server_id

    assert asyncio.run(life()) != asyncio.run(life())


async def test_the_blocking_class_works_in_a_running_loop(nats_server):
    """A notebook has a loop always; a start takes a millisecond."""
    assert nats_server.update_config(debug=True).number == 2


# -- facts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        "client_url",
        "monitoring_url",
        "websocket_url",
        "server_id",
        "server_name",
        "jetstream_enabled",
    ],
)
async def test_a_stopped_server_has_no_facts(broker, fact):
    """A value of the last life would be a lie."""
    getattr(broker, fact)
    await broker.shutdown()
    with pytest.raises(ServerStoppedError):
        getattr(broker, fact)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("ports", ()),
        ("varz", ()),
        ("healthz", ()),
        ("get_info", ()),
        ("update_config", ({"debug": True},)),
        ("replace_config", ({"port": -1},)),
        ("reload", ()),
        ("reopen_log", ()),
        ("connect_nats_py", ()),
    ],
)
async def test_a_stopped_server_answers_no_call(make, method, arguments):
    """The error says what is the matter, at once."""
    with pytest.raises(ServerStoppedError):
        await asyncio.wait_for(getattr(make(), method)(*arguments), 5)


async def test_a_refused_change_of_a_stopped_server_is_forgotten(make):
    """It must not come into force with the next start."""
    controller = make()
    with pytest.raises(ServerStoppedError):
        await controller.update_config(max_payload=2 * MEBIBYTE)
    await controller.start()
    assert (await controller.varz()).max_payload == DEFAULT_MAX_PAYLOAD


async def test_the_server_is_named_as_configured_or_by_its_id(start):
    """As nats-server does."""
    named, nameless = await start(server_name="hub"), await start()
    assert named.server_name == "hub"
    assert nameless.server_name == nameless.server_id


async def test_jetstream_enabled_is_what_the_server_says(start, tmp_path):
    """On with its block, off without."""
    assert (await start(jetstream={"store_dir": tmp_path / "store"})).jetstream_enabled is True
    assert (await start()).jetstream_enabled is False


async def test_get_info_agrees_with_the_server(broker, connected):
    """Facts in one object, for programs that show them."""
    await connected(broker.client_url)
    info, varz = await broker.get_info(), await broker.varz()
    assert (info.server_id, info.server_name) == (varz.server_id, varz.server_name)
    assert (info.version, info.started_at) == (varz.version, varz.start)
    assert info.connections == 1
    assert info.client_url == broker.client_url
    assert info.config == broker.config
    assert info.config_version == 1
    assert info.jetstream_enabled is False


async def test_healthz_says_that_all_is_well(start, tmp_path):
    """The first thing a supervisor asks."""
    controller = await start(jetstream={"store_dir": tmp_path / "store"})
    assert (await controller.healthz()).status == "ok"


async def test_healthz_takes_the_options_of_the_server(start, tmp_path):
    """Spelt as the server spells them."""
    controller = await start(jetstream={"store_dir": tmp_path / "store"})
    health = await controller.healthz(account="NONE", stream="S", details=True)
    assert [(error.type, error.account) for error in health.errors] == [("ACCOUNT", "NONE")]


# -- listeners -------------------------------------------------------------------------------------


@pytest.fixture
def every_listener(tmp_path):
    """A configuration with every listener of nats-server on a free port."""
    return BrokerConfiguration(
        server_name="all",
        port=-1,
        http_port=-1,
        prof_port=-1,
        jetstream={"store_dir": tmp_path / "store"},
        cluster={"name": "C", "host": "127.0.0.1", "port": -1, "routes": ["nats://127.0.0.1:1"]},
        gateway={"name": "C", "host": "127.0.0.1", "port": -1},
        leafnodes={"host": "127.0.0.1", "port": -1},
        accounts={"SYS": {}},
        system_account="SYS",  # which leaf nodes and gateways together need
        websocket={"host": "127.0.0.1", "port": -1, "no_tls": True},
        mqtt={"host": "127.0.0.1", "port": -1},
    )


async def test_ports_name_every_open_listener(make, every_listener):
    """-1 takes a free port; this is how one learns which."""
    async with make(every_listener) as controller:
        ports = await controller.ports()
        assert set(ports) == {
            "client", "monitoring", "cluster", "gateway", "leafnodes", "websocket", "mqtt", "prof",
        }  # fmt: skip
        assert all(map(is_open, ports.values()))


async def test_free_ports_are_kept_over_a_change(make, every_listener):
    """A reload that moved a listener would cut everybody off."""
    async with make(every_listener) as controller:
        before = await controller.ports()
        await controller.update_config(max_payload=2 * MEBIBYTE)
        assert await controller.ports() == before
        assert all(map(is_open, before.values()))


async def test_ports_name_no_client_port_without_one(make):
    """With dont_listen nothing is opened at all."""
    async with make(dont_listen=True) as controller:
        assert await controller.ports() == {}
        assert controller.client_url is None


async def test_urls_of_closed_listeners_are_none(broker):
    """Not an address where nobody answers."""
    assert (broker.monitoring_url, broker.websocket_url) == (None, None)


async def test_the_monitoring_url_answers(start):
    """The server's own documents, for tools that want them."""
    controller = await start(http_port=-1)
    assert get(f"{controller.monitoring_url}/varz")["server_id"] == controller.server_id
    assert get(f"{controller.monitoring_url}/healthz") == {"status": "ok"}


async def test_the_monitoring_url_has_the_base_path(start):
    """Where a proxy in front of it wants one."""
    controller = await start(http_port=-1, http_base_path="/nats")
    assert controller.monitoring_url.endswith("/nats")
    assert get(f"{controller.monitoring_url}/varz")["server_id"] == controller.server_id


async def test_varz_knows_the_monitoring_port(start):
    """The listener is ours, the document the server's."""
    controller = await start(http_port=-1)
    assert (await controller.varz()).http_port == (await controller.ports())["monitoring"]


async def test_host_arguments_are_on_no_endpoint(start):
    """A program's command line may hold secrets; the server's expvar endpoint would show it."""
    controller = await start(http_port=-1)
    with pytest.raises(HTTPError, match="404"):
        get(f"{controller.monitoring_url}/debug/vars")


async def test_monitoring_with_tls(start, certificates):
    """The certificate is that of the clients' port."""
    tls = {"cert_file": certificates / "server.pem", "key_file": certificates / "server.key"}
    controller = await start(https_port=-1, tls=tls)
    assert controller.monitoring_url.startswith("https://127.0.0.1:")
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    assert get(f"{controller.monitoring_url}/varz", trust)["server_id"] == controller.server_id


async def test_http_port_moves_on_a_running_server(start, connected, free_port):
    """The server itself cannot do it; no client notices."""
    controller = await start(http_port=-1)
    await connected(controller.client_url)
    old = (await controller.ports())["monitoring"]
    await controller.update_config(http_port=free_port)
    assert controller.monitoring_url == f"http://127.0.0.1:{free_port}"
    assert get(f"{controller.monitoring_url}/varz")["http_port"] == free_port
    assert not is_open(old)


async def test_monitoring_is_switched_on_and_off_on_a_running_server(broker):
    """None is back to the default, which is no listener."""
    await broker.update_config(http_port=-1)
    port = (await broker.ports())["monitoring"]
    assert is_open(port)
    await broker.update_config(http_port=None)
    assert broker.monitoring_url is None
    assert not is_open(port)


async def test_the_websocket_url_answers(start):
    """It takes a WebSocket upgrade, as nats.ws sends it."""
    controller = await start(websocket={"host": "127.0.0.1", "port": -1, "no_tls": True})
    port = (await controller.ports())["websocket"]
    assert controller.websocket_url == f"ws://127.0.0.1:{port}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")
    writer.close()
    await writer.wait_closed()


# -- change ----------------------------------------------------------------------------------------


async def test_a_change_is_seen_on_the_server(broker):
    """What the configuration says and what the server does are one."""
    await broker.update_config(max_payload=2 * MEBIBYTE, ping_interval="7s")
    varz = await broker.varz()
    assert varz.max_payload == 2 * MEBIBYTE
    assert varz.ping_interval == 7_000_000_000
    assert broker.config.max_payload == 2 * MEBIBYTE


async def test_a_change_keeps_clients_connected(broker, connected):
    """The promise of this package."""
    client = await connected(broker.client_url)
    subscription = await client.subscribe("a")
    await arrived(client)
    await broker.update_config(max_payload=2 * MEBIBYTE, debug=True)
    await client.publish("a", b"1")
    assert (await subscription.next_msg(timeout=5)).data == b"1"


async def test_a_change_leaves_what_it_does_not_name(start):
    """A change is a patch."""
    controller = await start(max_payload=2 * MEBIBYTE, max_connections=7)
    await controller.update_config(max_connections=8)
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections) == (2 * MEBIBYTE, 8)


async def test_none_is_back_to_the_default(start):
    """The server's own default, not zero."""
    controller = await start(max_payload=2 * MEBIBYTE)
    await controller.update_config(max_payload=None)
    assert (await controller.varz()).max_payload == DEFAULT_MAX_PAYLOAD


async def test_none_inside_a_block_is_back_to_the_default(start, tmp_path):
    """The rest of the block stays."""
    limits = {"max_ack_pending": 5, "max_request_batch": 6}
    controller = await start(jetstream={"store_dir": tmp_path / "store", "limits": limits})
    await controller.update_config(jetstream={"limits": {"max_ack_pending": None}})
    limits = (await controller.varz()).jetstream.limits
    assert (limits.max_ack_pending, limits.max_request_batch) == (0, 6)


async def test_blocks_are_merged_key_by_key(start, tmp_path):
    """Who changes a limit does not want another store."""
    store = tmp_path / "store"
    controller = await start(jetstream={"store_dir": store, "max_memory_store": MEBIBYTE})
    await controller.update_config(jetstream={"max_memory_store": 2 * MEBIBYTE})
    config = (await controller.varz()).jetstream.config
    assert config.store_dir == str(store / "jetstream")
    assert config.max_memory == 2 * MEBIBYTE


async def test_lists_are_replaced(start):
    """Nobody could take an item out of a merged list."""
    controller = await start(server_tags=["a:1", "b:2"])
    await controller.update_config(server_tags=["c:3"])
    assert (await controller.varz()).tags == ("c:3",)


async def test_maps_are_merged_by_name(start):
    """An account is added without repeating the others; None takes one out."""
    controller = await start(http_port=-1, accounts={"A": {}, "B": {}})
    await controller.update_config(accounts={"B": None, "C": {}})
    assert set(get(f"{controller.monitoring_url}/accountz")["accounts"]) == {"$G", "$SYS", "A", "C"}


async def test_keywords_win_over_the_patch(broker):
    """They are written last."""
    patch = BrokerConfiguration(max_payload=2 * MEBIBYTE, max_connections=8)
    await broker.update_config(patch, max_connections=9)
    varz = await broker.varz()
    assert (varz.max_payload, varz.max_connections) == (2 * MEBIBYTE, 9)


@pytest.mark.parametrize("how", ["constructor", "start", "update_config", "replace_config"])
async def test_a_dict_serves_as_a_configuration(make, how):
    """What comes from JSON needs no conversion."""
    wanted = {"port": -1, "max_payload": 2 * MEBIBYTE}
    controller = make(wanted if how == "constructor" else None)
    await controller.start(wanted if how == "start" else None)
    if how == "update_config":
        await controller.update_config({"max_payload": 2 * MEBIBYTE})
    if how == "replace_config":
        await controller.replace_config(wanted)
    assert (await controller.varz()).max_payload == 2 * MEBIBYTE


async def test_replace_config_drops_earlier_changes(start):
    """It is complete: what it does not say is the default."""
    controller = await start(max_connections=7)
    await controller.update_config(max_payload=2 * MEBIBYTE)
    await controller.replace_config(BrokerConfiguration(port=-1))
    varz = await controller.varz()
    assert (varz.max_payload, varz.max_connections) == (DEFAULT_MAX_PAYLOAD, 65_536)
    assert controller.config == BrokerConfiguration(port=-1)


async def test_replace_config_keeps_clients_connected(broker, connected):
    """It is a change like any other."""
    await connected(broker.client_url)
    await broker.replace_config({"port": -1, "max_payload": 2 * MEBIBYTE})


async def test_a_refused_change_changes_nothing(broker):
    """The previous configuration is in force, in the object and on the server."""
    before, number = broker.config, (await broker.get_info()).config_version
    with pytest.raises(ConfigError):
        await broker.update_config(max_payload=2 * MEBIBYTE, max_connections="many")
    assert broker.config == before
    assert (await broker.varz()).max_payload == DEFAULT_MAX_PAYLOAD
    assert (await broker.get_info()).config_version == number


async def test_a_refused_change_does_not_linger(broker):
    """The next one is judged by itself."""
    with pytest.raises(ConfigError):
        await broker.update_config(max_connections="many")
    assert (await broker.update_config(max_payload=2 * MEBIBYTE)).number == 2


@pytest.mark.parametrize(
    ("change", "option"),
    [
        pytest.param({"server_name": "other"}, "server_name", id="server_name"),
        pytest.param({"port": 1}, "port", id="port"),
        pytest.param(
            {"jetstream": {"sync_interval": "always"}}, "jetstream.sync_interval", id="nested"
        ),
    ],
)
async def test_what_needs_a_restart_says_so_and_does_nothing(start, tmp_path, change, option):
    """Nobody's server stops without being asked."""
    controller = await start(server_name="one", jetstream={"store_dir": tmp_path / "store"})
    before = controller.config
    with pytest.raises(RestartRequiredError) as caught:
        await controller.update_config(change)
    assert caught.value.paths == (option,)
    assert controller.config == before
    assert controller.is_running


async def test_a_refusal_of_the_server_is_a_change_error(start):
    """Callers catch one class for all that a running server would not take."""
    controller = await start(server_name="one")
    with pytest.raises(ChangeError):
        await controller.update_config(server_name="two")


async def test_reload_without_a_file_is_refused(broker):
    """There is nothing to read."""
    with pytest.raises(ConfigError, match="file"):
        await broker.reload()


# -- versions --------------------------------------------------------------------------------------


async def test_versions_count_what_was_accepted(broker):
    """The first start is number 1; what was refused has none."""
    second = await broker.update_config(debug=True)
    with pytest.raises(ConfigError):
        await broker.update_config(max_connections="many")
    third = await broker.replace_config({"port": -1})
    assert (second.number, third.number) == (2, 3)
    assert (await broker.get_info()).config_version == 3


async def test_versions_say_what_brought_them(broker):
    """The first start, a change, a start after a shutdown."""
    await broker.update_config(debug=True)
    await broker.shutdown()
    await broker.start()
    kinds = [version.kind for version in broker.controller._server.history.versions]
    assert kinds == ["initial", "update", "restart"]


async def test_a_version_says_who_why_and_when(broker):
    """For whoever asks later."""
    before = datetime.now(UTC)
    version = await broker.update_config(debug=True, author="ann", reason="to see more")
    assert (version.author, version.reason) == ("ann", "to see more")
    assert before <= version.applied_at <= datetime.now(UTC)


async def test_a_version_holds_the_whole_configuration(start):
    """Not only what was changed."""
    controller = await start(max_connections=7)
    version = await controller.update_config(max_payload=2 * MEBIBYTE)
    expected = BrokerConfiguration(port=-1, max_connections=7, max_payload=2 * MEBIBYTE)
    assert version.config == controller.config == expected


async def test_a_change_of_nothing_is_accepted(broker, connected):
    """As a reload of an unchanged file is."""
    await connected(broker.client_url)
    before = broker.config
    version = await broker.update_config()
    assert (version.number, version.config) == (2, before)


async def test_concurrent_changes_all_come_into_force(start):
    """Each is one atomic read, change and write; callers queue and none is lost."""
    controller = await start(http_port=-1)
    names = {f"A{n}" for n in range(24)}
    versions = await asyncio.gather(
        *(controller.update_config(accounts={name: {}}) for name in names)
    )
    assert sorted(version.number for version in versions) == list(range(2, 26))
    assert set(controller.config.accounts) == names
    on_server = set(get(f"{controller.monitoring_url}/accountz")["accounts"])
    assert on_server == names | {"$G", "$SYS"}


async def test_concurrent_starts_make_one_server(make):
    """One wins, the others hear that it runs."""
    controller = make()
    results = await asyncio.gather(*(controller.start() for _ in range(8)), return_exceptions=True)
    urls = [result for result in results if isinstance(result, str)]
    assert urls == [controller.client_url]
    assert sum(isinstance(result, AlreadyRunningError) for result in results) == 7


async def test_starts_that_wait_for_a_shutdown_make_one_server(broker):
    """Whoever queues behind it, and whoever comes when it is over."""
    shutdown = asyncio.create_task(broker.shutdown())
    waiting = asyncio.create_task(broker.start())
    await shutdown
    results = await asyncio.gather(waiting, broker.start(), return_exceptions=True)
    assert broker.client_url in results
    assert sum(isinstance(result, AlreadyRunningError) for result in results) == 1
    assert counts()["servers"] == 1


async def test_questions_during_a_shutdown_are_answered_or_refused(broker):
    """Never with half a document, and nobody waits for ever."""
    questions = [broker.varz() for _ in range(20)] + [broker.get_info() for _ in range(20)]
    *answers, _ = await asyncio.gather(*questions, broker.shutdown(), return_exceptions=True)
    for answer in answers:
        assert isinstance(answer, (Varz, ServerInfo, ServerStoppedError)), answer


async def test_concurrent_shutdowns_all_return(broker):
    """Each when the server is gone."""
    await asyncio.gather(*(broker.shutdown() for _ in range(8)))
    assert not broker.is_running


def test_both_classes_have_the_same_names():
    """Who knows one knows the other."""

    def public(cls: type) -> set[str]:
        return {name for name in dir(cls) if not name.startswith("_")}

    assert public(NatsController) == public(AsyncNatsController)
