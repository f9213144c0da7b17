"""The .NET library's tests of events, its behaviours by their names.

Theirs looked at the event. Here each test looks at the server as well: at what it does while the
handler runs, and afterwards.
"""

import pytest

from dotgnatly import AsyncNatsController, ChangeVetoedError
from tests.leaf_subjects import heard, hub, users


@pytest.fixture
async def server():
    """A running server on a free port, with a limit."""
    async with AsyncNatsController({"port": -1, "max_payload": 1024}) as controller:
        yield controller


async def test_changing_event_fires(server):
    """Before the server has changed."""
    seen = []

    @server.on_changing
    async def changing(event):
        seen.append((event.current.max_payload, (await server.varz()).max_payload))

    await server.update_config(max_payload=2048)
    assert seen == [(2048, 1024)]


async def test_changed_event_fires(server):
    """After the server has changed."""
    seen = []

    @server.on_changed
    async def changed(event):
        seen.append((event.current.max_payload, (await server.varz()).max_payload))

    await server.update_config(max_payload=2048)
    assert seen == [(2048, 2048)]


async def test_changing_can_cancel_changes(server, clients):
    """The server is not even reloaded."""
    await clients.connect(server.client_url)
    before = await server.varz()
    server.on_changing(lambda event: event.veto("not now"))
    with pytest.raises(ChangeVetoedError, match="not now"):
        await server.update_config(max_payload=2048)
    after = await server.varz()
    assert (after.max_payload, after.config_load_time) == (1024, before.config_load_time)
    assert server.config.max_payload == 1024
    await clients.check()
    await clients.close()


async def test_changed_event_provides_correct_diff(server):
    """What was changed and nothing else, as one can print it."""
    seen = []
    server.on_changed(lambda event: seen.append(str(event.diff)))
    await server.update_config(debug=True, max_payload=1024)
    assert seen == ["debug: (not set) -> True"]


async def test_multiple_event_handlers_all_fire(server):
    """Three of them, each once."""
    calls = []
    for number in range(3):
        server.on_changed(lambda _, number=number: calls.append(number))
    await server.update_config(max_payload=2048)
    assert calls == [0, 1, 2]


async def test_event_provides_access_to_old_and_new_configurations(server, clients):
    """And to the facts of the server, before and after: here one client more."""
    events = []

    @server.on_changing
    async def changing(event):
        events.append(event)
        await clients.connect(server.client_url)

    server.on_changed(events.append)
    await server.update_config(max_payload=2048)
    for event in events:
        assert (event.previous.max_payload, event.current.max_payload) == (1024, 2048)
    assert [event.info.connections for event in events] == [0, 1]
    assert events[1].previous_info.config.max_payload == 1024
    assert events[1].info.config.max_payload == (await server.varz()).max_payload == 2048
    await clients.check()
    await clients.close()


async def test_events_fire_for_leaf_node_subject_changes():
    """And a leaf node that connects afterwards hears the subject that was added.

    Theirs added it to a list that no server ever saw.
    """
    seen = []
    async with AsyncNatsController(hub("a")) as server:
        server.on_changing(lambda event: seen.append(event.diff.paths))
        server.on_changed(lambda event: seen.append(event.diff.paths))
        assert await heard(server, "a", "b") == {"a"}
        await server.update_config(users("a", "b"))
        assert await heard(server, "a", "b") == {"a", "b"}
    assert seen == [("authorization.users[1].permissions.subscribe.allow",)] * 2


async def test_event_cancellation_prevents_configuration_change():
    """Of the subjects of leaf nodes: none hears more than before."""
    async with AsyncNatsController(hub("a")) as server:
        server.on_changing(lambda event: event.veto("subjects are fixed"))
        with pytest.raises(ChangeVetoedError, match="subjects are fixed"):
            await server.update_config(users("a", "b"))
        assert await heard(server, "a", "b") == {"a"}


async def test_events_fire_in_correct_order(server):
    """Changing, the change itself, changed; and so again for the next change."""
    order = []

    async def note(event):
        order.append((type(event).__name__, (await server.varz()).max_payload))

    server.on_changing(note)
    server.on_changed(note)
    for size in (2048, 4096):
        await server.update_config(max_payload=size)
    assert order == [
        ("ConfigurationChanging", 1024), ("ConfigurationChanged", 2048),
        ("ConfigurationChanging", 2048), ("ConfigurationChanged", 4096),
    ]  # fmt: skip


async def test_events_fire_independently_for_multiple_servers(server):
    """One event of the server that is changed, none of the other."""
    calls = {"one": 0, "other": 0}

    def count(name):
        def handler(_):
            calls[name] += 1

        return handler

    async with AsyncNatsController({"port": -1, "max_payload": 1024}) as other:
        server.on_changed(count("one"))
        other.on_changed(count("other"))
        await server.update_config(max_payload=2048)
        assert calls == {"one": 1, "other": 0}
        assert (await other.varz()).max_payload == 1024
