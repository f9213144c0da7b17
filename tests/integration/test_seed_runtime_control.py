"""The .NET library's tests of runtime control, its behaviours by their names.

Theirs slept until the server was there. Here ``start`` returns when it is.
"""

import asyncio

import pytest

from dotgnatly import AsyncNatsController, ServerStoppedError
from tests.integration.conftest import connect_once


@pytest.fixture
async def server():
    """A running server on a free port."""
    async with AsyncNatsController({"port": -1}) as controller:
        yield controller


async def test_get_server_id(server):
    """That which clients are told, another one after a restart."""
    client = await connect_once(server.client_url)
    before = server.server_id
    assert before == client._server_info["server_id"] == (await server.varz()).server_id
    await client.close()
    await server.shutdown()
    await server.start()
    assert server.server_id != before


async def test_get_server_name(server):
    """The id, until a name is given."""
    assert server.server_name == server.server_id
    await server.update_config(server_name="hub", allow_restart=True)
    assert server.server_name == (await server.varz()).server_name == "hub"


async def test_is_server_running_returns_true_when_running(server):
    """And clients are let in."""
    assert server.is_running
    await (await connect_once(server.client_url)).close()


async def test_is_server_running_returns_false_after_shutdown(server):
    """And nobody answers any more."""
    port = (await server.ports())["client"]
    await server.shutdown()
    assert not server.is_running
    with pytest.raises(ServerStoppedError):
        server.server_id  # noqa: B018 - it raises
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_wait_for_ready(server):
    """After ``start``, with a timeout of five seconds, there is nothing to wait for."""
    await server.shutdown()
    url = await server.start(timeout=5)
    assert (await server.healthz()).status == "ok"
    await (await connect_once(url)).close()


@pytest.mark.parametrize("enabled", [False, True])
async def test_is_jetstream_enabled(enabled):
    """As clients find it."""
    async with AsyncNatsController({"port": -1, "jetstream": enabled}) as server:
        assert server.jetstream_enabled == enabled
        assert (await server.jsz()).disabled != enabled
        assert ((await server.varz()).jetstream.config is not None) == enabled
