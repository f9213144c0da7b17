"""The defaults that are ours and not nats-server's, as the server sees them."""

import os
import stat
from pathlib import Path

import pytest

from dotgnatly import BrokerConfiguration, ConfigError

GIBIBYTE = 1 << 30
ON = pytest.mark.parametrize("jetstream", [{}, {"enabled": True}, True], ids=str)


async def store_of(controller) -> Path:
    """The store directory as the server says it."""
    return Path((await controller.varz()).jetstream.config.store_dir).parent


def private_stores(directory) -> set[str]:
    """The private store directories that exist on this machine."""
    return {path.name for path in directory.glob("dotgnatly-*")}


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A temporary directory of the test's own, to look into."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "broker.conf"
        path.write_text(text)
        return path

    return write


# -- where it listens ------------------------------------------------------------------------------


async def test_a_configuration_made_in_python_listens_on_this_machine_only(start):
    """An experiment in a notebook is no service for the network."""
    varz = await (await start(http_port=-1)).varz()
    assert (varz.host, varz.http_host) == ("127.0.0.1", "127.0.0.1")


async def test_a_dict_is_made_in_python_too(make):
    """Wherever it was read from."""
    async with make({"port": -1}) as controller:
        assert (await controller.varz()).host == "127.0.0.1"


@pytest.mark.parametrize("source", ["file", "text"])
async def test_the_servers_own_format_listens_where_nats_server_would(make, write, source):
    """The same file means the same in both."""
    text = "port: -1\nhttp_port: -1\n"
    config = (
        BrokerConfiguration.from_file(write(text))
        if source == "file"
        else BrokerConfiguration.from_text(text)
    )
    async with make(config) as controller:
        varz = await controller.varz()
        assert (varz.host, varz.http_host) == ("0.0.0.0", "0.0.0.0")
        assert controller.client_url.startswith("nats://127.0.0.1:")


async def test_a_file_changed_in_python_is_still_a_file(make, write):
    """One change must not move the listener."""
    async with make(BrokerConfiguration.from_file(write("port: -1"))) as controller:
        await controller.update_config(max_payload=4096)
        assert (await controller.varz()).host == "0.0.0.0"


async def test_a_host_that_is_given_is_taken(start):
    """A default is only that."""
    assert (await (await start(host="0.0.0.0")).varz()).host == "0.0.0.0"


async def test_a_host_given_in_listen_is_taken(make):
    """nats-server has two ways to say it."""
    async with make({"listen": "0.0.0.0:-1"}) as controller:
        assert (await controller.varz()).host == "0.0.0.0"


async def test_monitoring_listens_where_its_own_address_says(make):
    """Clients on this machine, monitoring for the network, say."""
    async with make({"port": -1, "http": "0.0.0.0:-1"}) as controller:
        varz = await controller.varz()
        assert (varz.host, varz.http_host) == ("127.0.0.1", "0.0.0.0")


# -- where it stores -------------------------------------------------------------------------------


@ON
async def test_without_a_store_dir_the_store_is_private(start, jetstream, temporary):
    """nats-server's default is one directory for every server of the machine."""
    store = await store_of(await start(jetstream=jetstream))
    assert store.parent == temporary
    assert stat.S_IMODE(store.stat().st_mode) == 0o700


async def test_two_servers_never_share_a_private_store(make):
    """One would damage the other's data."""
    config = {"port": -1, "jetstream": {}}
    async with make(config) as one, make(config) as other:
        assert await store_of(one) != await store_of(other)


async def test_the_private_store_is_removed_at_shutdown(start, temporary):
    """Nobody would ever look for it."""
    controller = await start(jetstream={})
    assert private_stores(temporary)
    await controller.shutdown()
    assert not private_stores(temporary)


async def test_the_private_store_is_removed_when_the_start_fails(make, tmp_path, temporary):
    """A failed start leaves nothing behind."""
    config = {"port": -1, "jetstream": {}, "log_file": str(tmp_path / "missing" / "log")}
    with pytest.raises(ConfigError):
        await make(config).start()
    assert not private_stores(temporary)


async def test_the_private_store_is_kept_over_changes(start):
    """Data does not move because a limit did."""
    controller = await start(jetstream={})
    store = await store_of(controller)
    await controller.update_config(max_payload=4096)
    assert await store_of(controller) == store


async def test_the_private_store_is_removed_also_when_jetstream_was_switched_off(start, temporary):
    """What we made we remove."""
    controller = await start(jetstream={})
    await controller.update_config(jetstream=None)
    assert not controller.jetstream_enabled
    await controller.shutdown()
    assert not private_stores(temporary)


async def test_a_private_store_comes_with_a_change_too(start, temporary):
    """JetStream switched on later has the same defaults."""
    controller = await start()
    await controller.update_config(jetstream={})
    assert (await store_of(controller)).parent == temporary
    await controller.shutdown()
    assert not private_stores(temporary)


async def test_a_file_without_a_store_dir_gets_a_private_store(make, write, temporary):
    """The shared one is as dangerous from a file."""
    async with make(
        BrokerConfiguration.from_file(write("port: -1\njetstream: true"))
    ) as controller:
        assert (await store_of(controller)).parent == temporary
    assert not private_stores(temporary)


@pytest.mark.parametrize("where", ["block", "top"])
async def test_a_given_store_dir_is_used_and_kept(make, tmp_path, where):
    """The data is the user's."""
    store = tmp_path / "store"
    config = {"port": -1, "jetstream": {}}
    (config["jetstream"] if where == "block" else config)["store_dir"] = str(store)
    async with make(config) as controller:
        assert await store_of(controller) == store
    assert store.is_dir()


async def test_without_jetstream_no_store_is_made(broker, temporary):
    """Nothing needs it."""
    assert broker.is_running
    assert not private_stores(temporary)


# -- how much it takes -----------------------------------------------------------------------------


@ON
async def test_the_limits_of_jetstream_are_bounded(start, jetstream, temporary):
    """nats-server's are three quarters of the machine; the host program wants to live."""
    config = (await (await start(jetstream=jetstream)).varz()).jetstream.config
    disk = os.statvfs(temporary)
    assert 0 < config.max_memory <= GIBIBYTE
    assert 0 < config.max_storage <= min(10 * GIBIBYTE, disk.f_blocks * disk.f_frsize)


async def test_given_limits_are_taken(start):
    """Also larger ones than ours."""
    jetstream = {"max_memory_store": 2 * GIBIBYTE, "max_file_store": 20 * GIBIBYTE}
    config = (await (await start(jetstream=jetstream)).varz()).jetstream.config
    assert (config.max_memory, config.max_storage) == (2 * GIBIBYTE, 20 * GIBIBYTE)


async def test_limits_are_kept_over_changes(start):
    """They depend on the free disk, which changes; a running server cannot shrink them."""
    controller = await start(jetstream={})
    before = (await controller.varz()).jetstream.config
    await controller.update_config(max_payload=4096)
    after = (await controller.varz()).jetstream.config
    assert (after.max_memory, after.max_storage) == (before.max_memory, before.max_storage)


async def test_the_configuration_shows_only_what_was_given(start):
    """Our defaults are sent, not written into what the user said."""
    controller = await start(jetstream={})
    assert controller.config == BrokerConfiguration(port=-1, jetstream={})
