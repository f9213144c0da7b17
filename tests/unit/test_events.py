"""Events of a change: handlers see it, may refuse it, and hurt nobody."""

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from dotgnatly import ChangeVetoedError, ConfigError, NatsController


@pytest.fixture
async def seen(broker):
    """What the handlers of a running server have seen; the list grows."""
    events = []
    broker.controller.on_changing(events.append)
    broker.controller.on_changed(events.append)
    return events


async def test_changing_comes_before_the_change_and_changed_after_it(broker, seen):
    """In this order, each once, with both configurations and what differs."""
    await broker.update_config(max_payload=1000)
    changing, changed = seen
    assert [type(event).__name__ for event in seen] == [
        "ConfigurationChanging", "ConfigurationChanged",
    ]  # fmt: skip
    for event in seen:
        assert event.previous.max_payload is not event.current.max_payload == 1000
        assert event.diff.paths == ("max_payload",)
    assert changing.info.config_version == 1
    assert (changed.previous_info.config_version, changed.info.config_version) == (1, 2)


async def test_changed_says_which_version_when_and_how(broker, seen):
    """As its history does."""
    before = datetime.now(UTC)
    version = await broker.update_config(debug=True, author="ann", reason="to see more")
    changing, changed = seen
    assert (changing.author, changing.reason, changing.kind) == ("ann", "to see more", "update")
    assert changed.version == version
    assert changed.kind == "update"
    assert before <= changed.time <= datetime.now(UTC)


async def test_changed_counts_the_connections_before_and_after(broker, seen):
    """The server is asked each time."""
    client = await broker.connect_nats_py()
    await broker.update_config(debug=True)
    changed = seen[-1]
    assert (changed.previous_info.connections, changed.info.connections) == (1, 1)
    await client.close()


@pytest.mark.parametrize(
    ("call", "arguments", "kind"),
    [
        ("update_config", {"debug": True}, "update"),
        ("rollback", {"number": 1}, "rollback"),
        ("update_config", {"server_name": "x", "allow_restart": True}, "restart"),
    ],
)
async def test_an_event_says_its_kind(broker, seen, call, arguments, kind):
    """When it is sent, not later."""
    await broker.update_config(max_payload=1000)
    seen.clear()
    await getattr(broker, call)(**arguments)
    assert seen[-1].kind == kind


async def test_a_start_is_no_change(make):
    """There is nothing before it."""
    events = []
    controller = make()
    controller.controller.on_changing(events.append)
    controller.controller.on_changed(events.append)
    await controller.start()
    assert events == []


async def test_a_veto_refuses_the_change(broker, seen):
    """With its reason; the server goes on as it was, no version, nobody told of a change."""
    broker.controller.on("configuration_changing", lambda event: event.veto("not on Fridays"))
    with pytest.raises(ChangeVetoedError, match="not on Fridays"):
        await broker.update_config(max_payload=1000)
    assert (await broker.varz()).max_payload != 1000
    assert [type(event).__name__ for event in seen] == ["ConfigurationChanging"]
    assert len(await broker.history()) == 1


async def test_an_invalid_change_reaches_no_handler(broker, seen):
    """They see what could come into force."""
    with pytest.raises(ConfigError):
        await broker.update_config(max_payload="much")
    assert seen == []


async def test_a_failed_change_is_no_changed_event(broker, seen):
    """Nothing has changed; that these services are a cycle, only the server finds out."""
    accounts = {
        name: {
            "exports": [{"service": name}],
            "imports": [{"service": {"account": other, "subject": other}, "to": name}],
        }
        for name, other in ("ab", "ba")
    }
    with pytest.raises(ConfigError):
        await broker.update_config(accounts=accounts)
    assert [type(event).__name__ for event in seen] == ["ConfigurationChanging"]


async def test_handlers_are_called_in_their_order_each_once(broker):
    """Synchronous and asynchronous ones."""
    calls = []

    async def second(_):
        await asyncio.sleep(0)
        calls.append(2)

    broker.controller.on("configuration_changed", lambda _: calls.append(1))
    broker.controller.on("configuration_changed", second)
    broker.controller.on("configuration_changed", lambda _: calls.append(3))
    await broker.update_config(debug=True)
    assert calls == [1, 2, 3]


async def test_a_handler_can_be_a_decorated_function(broker):
    """And stays what it was."""
    calls = []

    @broker.controller.on("configuration_changed")
    def handler(event):
        calls.append(event.diff.paths)

    assert handler.__name__ == "handler"
    await broker.update_config(debug=True)
    assert calls == [("debug",)]


async def test_a_handler_can_be_taken_off(broker):
    """Then it is called no more."""
    calls = []
    broker.controller.on("configuration_changed", calls.append)
    broker.controller.off("configuration_changed", calls.append)
    await broker.update_config(debug=True)
    assert calls == []


def test_an_unknown_event_is_refused():
    """A misspelt name would never be called."""
    with pytest.raises(ValueError, match="configuration_changed"):
        NatsController().on("configuration_change", print)


@pytest.mark.parametrize("event", ["configuration_changing", "configuration_changed"])
async def test_a_handler_that_raises_is_logged_and_hurts_nobody(broker, event, caplog):
    """The change is made, and those after it are called."""
    calls = []

    def broken(_):
        raise RuntimeError("on purpose")

    broker.controller.on(event, broken)
    broker.controller.on(event, calls.append)
    with caplog.at_level(logging.ERROR, "dotgnatly"):
        await broker.update_config(max_payload=1000)
    assert (await broker.varz()).max_payload == 1000
    assert len(calls) == 1
    assert "on purpose" in caplog.text
    assert "broken" in caplog.text


async def test_a_handler_may_call_the_controller(broker):
    """It runs outside the lock: a change from within a handler is made, too."""
    controller = broker.controller

    if isinstance(controller, NatsController):

        def follow(event):
            if "debug" in event.diff:
                controller.update_config(max_payload=1000)
    else:

        async def follow(event):
            if "debug" in event.diff:
                await controller.update_config(max_payload=1000)

    controller.on_changed(follow)
    await broker.update_config(debug=True)
    assert (await broker.varz()).max_payload == 1000


async def test_a_change_that_comes_while_handlers_run_is_not_lost(broker):
    """The announced change is proposed anew, on top of the other one."""
    controller, sizes = broker.controller, []

    if isinstance(controller, NatsController):

        def interfere(event):
            sizes.append(event.current.max_payload)
            if len(sizes) == 1:
                controller.update_config(max_connections=77)
    else:

        async def interfere(event):
            sizes.append(event.current.max_payload)
            if len(sizes) == 1:
                await controller.update_config(max_connections=77)

    controller.on_changing(interfere)
    await broker.update_config(max_payload=1000)
    varz = await broker.varz()
    assert (varz.max_payload, varz.max_connections) == (1000, 77)


async def test_servers_have_handlers_of_their_own(make, seen):
    """A change of one is no event of the other."""
    other = make()
    await other.start()
    await other.update_config(debug=True)
    assert seen == []
