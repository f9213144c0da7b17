"""The .NET library's tests of hot reload, its behaviours by their names.

Theirs looked at the configuration that was stored. Here each test looks at the server, or at what
its clients see.
"""

import asyncio

import nats
import pytest
from nats.errors import Error
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError

from dotgnatly import AsyncNatsController, ConfigError, RestartRequiredError

ANN = {"user": "ann", "password": "a"}
BOB = {"user": "bob", "password": "b"}


@pytest.fixture
async def server():
    """A running server on a free port, with a limit."""
    async with AsyncNatsController({"port": -1, "max_payload": 1024}) as controller:
        yield controller


async def max_payload(server, clients):
    """What a client is told that connects now."""
    return (await clients.connect(server.client_url)).max_payload


async def test_basic_hot_reload_changes_configuration(server, clients, tmp_path):
    """Debug lines begin to be written, under a client that stays."""
    log = tmp_path / "server.log"
    await clients.connect(server.client_url)
    await server.update_config(log_file=log)
    assert "[DBG]" not in log.read_text()
    await server.update_config(debug=True)
    await clients.connect(server.client_url)
    assert "[DBG]" in log.read_text()
    await clients.check()
    await clients.close()


async def test_hot_reload_multiple_properties_simultaneously(server):
    """In one reload."""
    await server.update_config(
        debug=True, max_payload=2048, max_control_line=2000, ping_max=7, write_deadline="3s"
    )
    varz = await server.varz()
    assert (varz.max_payload, varz.max_control_line, varz.ping_max) == (2048, 2000, 7)
    assert varz.write_deadline == 3 * 10**9
    assert (await server.get_info()).config_version == 2


async def test_hot_reload_increments_version_number(server):
    """The running server's facts say which version is in force."""
    assert (await server.get_info()).config_version == 1
    version = await server.update_config(max_payload=2048)
    assert (await server.get_info()).config_version == version.number == 2


async def test_rollback_restores_previous_configuration(server, clients):
    """Clients are told the old limit again."""
    await server.update_config(max_payload=2048)
    assert await max_payload(server, clients) == 2048
    await server.rollback()
    assert await max_payload(server, clients) == 1024
    await clients.check()
    await clients.close()


async def test_multiple_sequential_hot_reloads_work_correctly(server, clients):
    """Ten of them, the last one wins."""
    first = await clients.connect(server.client_url)
    for number in range(1, 11):
        await server.update_config(max_payload=1024 * number, debug=bool(number % 2))
        await first.flush()
    assert await max_payload(server, clients) == 10240
    await clients.check()
    await clients.close()


async def test_hot_reload_with_validation_failure_preserves_original_config(server, clients):
    """The server hears nothing of it."""
    await clients.connect(server.client_url)
    before = await server.varz()
    with pytest.raises(ConfigError, match="max_payload"):
        await server.update_config(max_payload=-5, debug=True)
    after = await server.varz()
    assert (after.max_payload, after.config_load_time) == (1024, before.config_load_time)
    await clients.check()
    await clients.close()


async def test_jetstream_can_be_toggled_via_hot_reload(server, clients, tmp_path):
    """Off and on again, with what the stream had.

    Theirs set a flag. In a cluster it takes a restart, because a reload would remove the server's
    part of the meta group from disk: see test_changes.py.
    """
    stream = (await clients.connect(server.client_url)).jetstream()
    with pytest.raises(ServiceUnavailableError):
        await stream.account_info()
    await server.update_config(jetstream={"store_dir": tmp_path / "store"})
    await stream.add_stream(name="S", subjects=["s"])
    await stream.publish("s", b"kept")
    await server.update_config(jetstream={"enabled": False})
    assert not server.jetstream_enabled
    with pytest.raises(NoStreamResponseError):
        await stream.publish("s", b"refused")
    await server.update_config(jetstream={"enabled": True})
    assert (await stream.get_msg("S", 1)).data == b"kept"
    assert (await stream.stream_info("S")).state.messages == 1
    await clients.check()
    await clients.close()


async def test_version_number_increments_with_each_change(server):
    """Five changes are five versions more."""
    before = (await server.get_info()).config_version
    for number in range(5):
        await server.update_config(max_payload=2000 + number)
    assert (await server.get_info()).config_version == before + 5
    assert (await server.varz()).max_payload == 2004


async def test_leaf_node_configuration_changes_require_restart(server):
    """Those of the listener; the error names them, and with leave to restart they are made.

    Theirs said so of every change. A running server connects to other hubs by now, see
    test_clusters.py.
    """
    listener = {"host": "127.0.0.1", "port": -1}
    with pytest.raises(RestartRequiredError, match="leafnodes"):
        await server.update_config(leafnodes=listener)
    assert "leafnodes" not in await server.ports()
    await server.update_config(leafnodes=listener, allow_restart=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", (await server.ports())["leafnodes"])
    assert (await reader.readline()).startswith(b"INFO ")
    writer.close()
    await writer.wait_closed()


async def test_hot_reload_preserves_unmodified_properties(clients):
    """Limits, users and names are not reset by a change of something else.

    Theirs sent the whole object with each change, so what was not set went back to its default.
    """
    config = {
        "port": -1, "server_name": "kept", "max_payload": 1024, "ping_max": 7,
        "authorization": {"users": [ANN]},
    }  # fmt: skip
    async with AsyncNatsController(config) as server:
        await clients.connect(server.client_url, **ANN)
        before = await server.varz()
        await server.update_config(max_control_line=2000)
        after = await server.varz()
        assert after.max_control_line == 2000
        assert (after.server_name, after.max_payload, after.ping_max) == ("kept", 1024, 7)
        assert (after.port, after.auth_required) == (before.port, True)
        await clients.check()
        await clients.close()


async def test_fluent_api_extensions_work_for_hot_reload(server):
    """Keywords and ``apply`` do what theirs had a method for each field for."""
    await server.update_config(debug=True)
    await server.apply(lambda config: config.replace(max_payload=config.max_payload * 2))
    assert (await server.varz()).max_payload == 2048
    assert (await server.effective_config()).config.debug is True


async def test_authentication_can_be_changed_via_hot_reload(clients):
    """New credentials are asked for at once, and who came with the old ones is out.

    Theirs looked at the stored name; clients that are not allowed any more stayed unnoticed.
    """
    out = asyncio.Event()

    async def closed():
        out.set()

    async with AsyncNatsController({"port": -1, "authorization": ANN}) as server:
        await nats.connect(server.client_url, **ANN, closed_cb=closed, allow_reconnect=False)
        await server.update_config(authorization=BOB)
        await asyncio.wait_for(out.wait(), 5)
        late = nats.NATS()
        with pytest.raises(Error, match="Authorization Violation"):
            await late.connect(server.client_url, **ANN, allow_reconnect=False)
        await late.close()
        assert (await clients.connect(server.client_url, **BOB)).is_connected
        assert (await server.varz()).connections == 1
        await clients.close()
