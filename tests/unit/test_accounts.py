"""Accounts of a running server, by both controllers: made, changed and taken out, or left alone.

What their clients can do is tested in ``tests/integration/test_accounts.py``.
"""

import asyncio

import nats
import pytest

from dotgnatly import (
    AccountConfiguration,
    AccountLimitsConfiguration,
    ConfigError,
    NatsController,
    NotFoundError,
    RestartRequiredError,
    ServerStoppedError,
    StateError,
    UserConfiguration,
)
from tests.conftest import wait_until

ANN = {"user": "ann", "password": "a"}
BOB = {"user": "bob", "password": "b"}


@pytest.fixture
async def broker(start):
    """A server with one account, of Ann's."""
    return await start(accounts={"A": {"users": [ANN]}})


async def can_log_in(controller, user):
    """Whether the server knows who that is, as far as it lists him as a client."""
    client = await nats.connect(controller.client_url, user=user["user"], password=user["password"])
    try:
        return user["user"] in {found.user for found in await controller.clients()}
    finally:
        await client.close()


async def unchanged(controller):
    """Whether all is as it was at the start."""
    return len(await controller.history()) == 1 and [*await controller.accounts()] == ["A"]


@pytest.mark.parametrize(
    "account", [{"users": [BOB]}, AccountConfiguration(users=[UserConfiguration(**BOB)])]
)
async def test_an_account_is_made_at_run_time(broker, account):
    """From a struct or a dict; it is a version like every change, and its users can log in."""
    version = await broker.create_account("B", account, author="ann", reason="a new tenant")
    assert (version.number, version.kind) == (2, "update")
    assert (version.author, version.reason) == ("ann", "a new tenant")
    assert version.diff.paths == ("accounts.B.users[0]",)
    assert await can_log_in(broker, BOB)


async def test_accounts_are_those_of_the_configuration(broker):
    """By name, as they were given, in that order."""
    await broker.create_account("B", {"limits": {"max_connections": 5}})
    accounts = await broker.accounts()
    assert [*accounts] == ["A", "B"]
    assert accounts["B"].limits == AccountLimitsConfiguration(max_connections=5)
    assert accounts == broker.config.accounts


async def test_the_answer_is_the_callers_own(broker):
    """To add something to it changes no server."""
    (await broker.accounts()).clear()
    assert [*await broker.accounts()] == ["A"]


async def test_a_server_without_accounts_has_none(start):
    """The global and the system account are always there, and nobody named them."""
    assert await (await start()).accounts() == {}


async def test_a_name_that_stands_for_nothing_is_no_account(start):
    """``None`` takes an account out, wherever it stands."""
    broker = await start(accounts={"A": None})
    assert await broker.accounts() == {}
    await broker.create_account("A", {"users": [ANN]})
    assert await can_log_in(broker, ANN)


async def test_a_thousand_accounts_are_one_reload(broker, lines):
    """One version, too; each of their users can log in."""
    users = {f"T{n}": {"user": f"u{n}", "password": "p"} for n in range(1000)}
    version = await broker.create_accounts({name: {"users": [users[name]]} for name in users})
    assert version.number == 2
    assert len(await broker.accounts()) == 1001
    assert await can_log_in(broker, users["T0"])
    assert await can_log_in(broker, users["T999"])
    await broker.shutdown()
    said = lambda text: [record for record in lines if text in record.msg]  # noqa: E731
    await asyncio.to_thread(wait_until, lambda: said("Server Exiting"))
    assert len(said("Reloaded server configuration")) == 1


@pytest.mark.parametrize(
    "create",
    [
        lambda broker: broker.create_account("A", {}),
        lambda broker: broker.create_accounts({"B": {"users": [BOB]}, "A": {}}),
    ],
)
async def test_an_account_that_is_there_is_not_made_again(broker, create):
    """Nor any other of the same call."""
    with pytest.raises(StateError, match="an account A already"):
        await create(broker)
    assert await unchanged(broker)


@pytest.mark.parametrize(
    "call",
    [
        lambda broker: broker.update_account("B", {"users": [BOB]}),
        lambda broker: broker.update_account("B", lambda account: account),
        lambda broker: broker.delete_account("B"),
        lambda broker: broker.delete_account("$G"),
    ],
)
async def test_an_account_that_is_not_there_is_not_found(broker, call):
    """It is not made by the way, and there is nothing to take out."""
    with pytest.raises(NotFoundError, match="there is no account"):
        await call(broker)
    assert await unchanged(broker)


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"userz": []}, r"^accounts\.B\.userz: unknown field"),
        ({"users": [{"user": "ann", "password": "x"}]}, r"^accounts\.B\.users\[0\]\.user: 'ann'"),
        ({"imports": [{"stream": {"account": "C", "subject": "s"}}]}, "is no account"),
        (None, r"^accounts\.B: expected a block, got None"),
        (3, r"^accounts\.B: expected a block, got int"),
    ],
)
async def test_an_account_that_is_not_valid_is_named(broker, account, said):
    """With its place in the configuration; the server never hears of it."""
    with pytest.raises(ConfigError, match=said):
        await broker.create_account("B", account)
    assert await unchanged(broker)


@pytest.mark.parametrize("change", [None, 3, {"userz": []}, lambda _: None])
async def test_a_change_that_is_not_valid_changes_nothing(broker, change):
    """``None`` would take the account out elsewhere, and must not do so here."""
    with pytest.raises(ConfigError, match=r"^accounts\.A"):
        await broker.update_account("A", change)
    assert await unchanged(broker)


async def test_the_global_account_cannot_be_made(broker):
    """It is there, and the server lets nobody configure it."""
    with pytest.raises(ConfigError, match=r"^accounts\.\$G: is the name of the global account"):
        await broker.create_account("$G", {})
    assert await unchanged(broker)


async def test_the_system_account_can_be_given_users(broker):
    """They may ask the server what others may not."""
    await broker.create_account("$SYS", {"users": [BOB]})
    client = await nats.connect(broker.client_url, user="bob", password="b")
    assert b"server_id" in (await client.request("$SYS.REQ.SERVER.PING.VARZ", timeout=5)).data
    await client.close()


async def test_a_patch_leaves_the_rest_of_the_account(broker):
    """Blocks are merged, lists replaced, None sets back: as ``update_config`` does."""
    await broker.update_account("A", {"limits": {"max_connections": 5, "max_payload": "1KB"}})
    await broker.update_account("A", {"limits": {"max_payload": None}})
    account = (await broker.accounts())["A"]
    assert account.limits == AccountLimitsConfiguration(max_connections=5)
    assert account.users[0].user == "ann"


async def test_a_function_maps_the_account_to_the_next(broker):
    """To add a user takes the list that is there."""
    await broker.update_account("A", lambda a: a.replace(users=[*a.users, BOB]))
    assert await can_log_in(broker, ANN)
    assert await can_log_in(broker, BOB)


async def test_what_a_function_leaves_out_is_gone(broker):
    """It gives the whole account, as for ``apply``; a dict will do."""
    await broker.update_account("A", {"limits": {"max_connections": 5}})
    await broker.update_account("A", lambda _: {"users": [ANN]})
    assert (await broker.accounts())["A"] == AccountConfiguration(users=[ANN])


async def test_concurrent_changes_of_an_account_lose_none(broker):
    """Read, modify and write are one step."""
    users = [{"user": f"u{n}", "password": "p"} for n in range(10)]
    await asyncio.gather(
        *(
            broker.update_account("A", lambda a, user=user: a.replace(users=[*a.users, user]))
            for user in users
        )
    )
    found = (await broker.accounts())["A"].users
    assert {user.user for user in found} == {"ann", *(user["user"] for user in users)}


async def test_of_concurrent_creations_one_wins(broker):
    """The others are told, and change nothing."""
    results = await asyncio.gather(
        *(broker.create_account("B", {}) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == [
        "ConfigurationVersion", *["StateError"] * 4
    ]  # fmt: skip
    assert len(await broker.history()) == 2


async def test_a_function_that_raises_changes_nothing(broker):
    """The error is the caller's own."""
    with pytest.raises(ZeroDivisionError):
        await broker.update_account("A", lambda _: 1 // 0)
    assert await unchanged(broker)


def test_a_function_that_calls_the_controller_is_refused():
    """It would wait for itself."""
    with (
        NatsController({"port": -1, "accounts": {"A": {}}}) as controller,
        pytest.raises(StateError, match="must not call"),
    ):
        controller.update_account("A", lambda _: controller.delete_account("A"))


async def test_an_account_that_is_needed_stays(broker):
    """An import names it; without it the configuration is not valid."""
    await broker.update_account("A", {"exports": [{"stream": "s"}]})
    await broker.create_account(
        "B", {"users": [BOB], "imports": [{"stream": {"account": "A", "subject": "s"}}]}
    )
    with pytest.raises(ConfigError, match=r"accounts\.B\.imports\[0\]\.stream\.account"):
        await broker.delete_account("A")
    assert [*await broker.accounts()] == ["A", "B"]


async def test_what_takes_a_restart_needs_leave(start):
    """The system account of a running server stays the one it is."""
    broker = await start(accounts={"S": {"users": [ANN]}, "A": {}}, system_account="S")
    with pytest.raises((RestartRequiredError, ConfigError)):
        await broker.delete_account("S")
    assert [*await broker.accounts()] == ["S", "A"]


@pytest.mark.parametrize(
    "call",
    [
        lambda broker: broker.create_account("B", {}),
        lambda broker: broker.create_account("A", {}),
        lambda broker: broker.update_account("A", {}),
        lambda broker: broker.delete_account("C"),
    ],
)
async def test_a_server_that_is_stopped_has_nothing_to_change(make, call):
    """Whatever the account; its configuration can be given at the start."""
    broker = make({"port": -1, "accounts": {"A": {}}})
    with pytest.raises(ServerStoppedError):
        await call(broker)
    assert [*await broker.accounts()] == ["A"]


async def test_passwords_are_shown_nowhere(broker):
    """Not in the difference, the version, or what an error says."""
    version = await broker.create_account("B", {"users": [{"user": "bob", "password": "hushed"}]})
    with pytest.raises(ConfigError) as caught:
        await broker.update_account("B", {"users": [{"user": "ann", "password": "hushed"}]})
    shown = f"{version} {version.diff} {await broker.accounts()} {caught.value} {caught.value!r}"
    assert "hushed" not in shown
