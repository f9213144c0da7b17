"""A function of the program decides who is let in, to what, and for how long."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import nats
import pytest

from dotgnatly import AuthenticatedUser
from tests.conftest import answer, answered, is_answered
from tests.doors import ACCEPTED, ANN, REFUSED, Door, log_in


async def test_who_is_accepted_is_in_the_account_and_no_other(serve, clients):
    """The account that was returned is the one whose messages are seen."""
    controller = await serve(
        lambda request: AuthenticatedUser(account=request.user) if request.user else None
    )
    shop, other = [
        await clients.connect(controller.client_url, user=name, password="")
        for name in ("SHOP", "OTHER")
    ]
    await answer(shop, "who", b"shop")
    assert await is_answered(shop, "who")
    assert not await is_answered(other, "who")


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"user": "ann", "password": "wrong"},
        {"user": "ann", "password": ""},
        {"auth_token": "secret"},
    ],
)
async def test_who_is_not_accepted_is_refused(serve, login):
    """None lets nobody in."""
    controller = await serve(Door())
    assert await log_in(controller.client_url, **login) == REFUSED


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda _: 1 / 0, id="raises"),
        pytest.param(lambda _: True, id="returns-true"),
        pytest.param(lambda _: "SHOP", id="returns-a-name"),
        pytest.param(lambda _: AuthenticatedUser(account="NONE"), id="no-such-account"),
        pytest.param(
            lambda _: AuthenticatedUser(permissions={"publish": ["a..b"]}), id="bad-subject"
        ),
        pytest.param(lambda _: AuthenticatedUser(permissions={"pubish": []}), id="misspelt"),
        pytest.param(
            lambda _: AuthenticatedUser(expires=datetime.now(UTC) - timedelta(hours=1)),
            id="expired",
        ),
        pytest.param(
            lambda _: AuthenticatedUser(expires=datetime.now()),  # noqa: DTZ005 - what is wrong
            id="no-time-zone",
        ),
        pytest.param(lambda _: (_ for _ in ()).throw(SystemExit), id="exits"),
    ],
)
async def test_no_mistake_lets_anybody_in(serve, wrong):
    """Whatever goes wrong, the door stays shut and the server up."""
    controller = await serve(wrong)
    assert await log_in(controller.client_url, **ANN) == REFUSED
    assert controller.is_running


async def test_who_is_too_slow_refuses(serve):
    """The server's own timeout holds for the function."""
    go_on = threading.Event()
    controller = await serve(
        lambda _: go_on.wait(20) and AuthenticatedUser(), {"authorization": {"timeout": 0.2}}
    )
    try:
        assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")
    finally:
        go_on.set()


async def test_the_timeout_is_that_of_the_configuration_in_force(serve):
    """A slower function needs a longer one, and no restart."""
    pause = threading.Event()
    controller = await serve(
        lambda _: pause.wait(0.5) or AuthenticatedUser(account="SHOP"),
        {"authorization": {"timeout": 0.1}},
    )
    assert (await log_in(controller.client_url, **ANN)).startswith("-ERR")
    await controller.update_config(authorization={"timeout": 20})
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_many_are_asked_about_at_the_same_time(serve, clients):
    """One slow decision does not hold up the next login."""
    both = threading.Barrier(2, timeout=20)

    def decide(_):
        both.wait()
        return AuthenticatedUser(account="SHOP")

    controller = await serve(decide, {"authorization": {"timeout": 20}})
    await asyncio.gather(*(clients.connect(controller.client_url, **ANN) for _ in range(2)))


async def complaints(controller, count, *, publish=(), subscribe=()):
    """What the server says to a client that does this, as soon as it has said so many things."""
    said = asyncio.Queue()
    client = await nats.connect(controller.client_url, error_cb=said.put, **ANN)
    for subject in subscribe:
        await client.subscribe(subject)
    for subject in publish:
        await client.publish(subject)
    async with asyncio.timeout(10):
        found = [str(await said.get()).lower() for _ in range(count)]
    await client.close()
    return found


async def test_permissions_hold(serve):
    """Those that were returned, as those of a configured user."""
    permissions = {"publish": ["in.>"], "subscribe": {"deny": "out"}}
    controller = await serve(Door(permissions=permissions))
    said = await complaints(controller, 2, publish=["in.a", "elsewhere"], subscribe=["a", "out"])
    assert 'permissions violation for subscription to "out"' in said[0]
    assert 'permissions violation for publish to "elsewhere"' in said[1]


async def test_an_empty_list_allows_nothing(serve):
    """In a JWT it would allow everything."""
    controller = await serve(Door(permissions={"publish": []}))
    [said] = await complaints(controller, 1, publish=["a"])
    assert 'permissions violation for publish to "a"' in said


async def test_responses_are_allowed(serve, clients):
    """A service that may only answer."""
    controller = await serve(
        lambda request: AuthenticatedUser(
            account="SHOP",
            permissions={"allow_responses": True} if request.user == "service" else None,
        )
    )
    service = await clients.connect(controller.client_url, user="service", password="")

    async def respond(message):
        await message.respond(b"yes")

    await service.subscribe("ask", cb=respond)
    await service.flush()
    asker = await clients.connect(controller.client_url, user="asker", password="")
    assert await answered(asker, "ask") == b"yes"
    await clients.check()


async def test_who_has_expired_is_disconnected(serve):
    """A decision holds for as long as it says."""
    controller = await serve(Door(expires=timedelta(seconds=2)))
    gone = asyncio.Event()

    async def closed():
        gone.set()

    client = await nats.connect(
        controller.client_url, closed_cb=closed, allow_reconnect=False, **ANN
    )
    assert client.is_connected
    async with asyncio.timeout(10):
        await gone.wait()


async def test_configured_users_are_asked_about_as_well(serve):
    """There is one door."""
    users = {"authorization": {"users": [{"user": "bob", "password": "bob"}]}}
    controller = await serve(Door(account="$G"), users | {"accounts": {}})
    assert await log_in(controller.client_url, user="bob", password="bob") == REFUSED
    assert await log_in(controller.client_url, **ANN) == ACCEPTED
