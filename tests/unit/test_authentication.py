"""``on_authenticate`` of both controllers, and what its function is given and gives."""

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta, timezone

import nats
import pytest

from dotgnatly import (
    AsyncNatsController,
    AuthenticatedUser,
    AuthenticationRequest,
    ConfigError,
    NatsController,
)
from tests.conftest import wait_until

ANN = {"user": "ann", "password": "secret"}


def knows(request):
    """Whether it is Ann."""
    return (request.user, request.password) == ("ann", "secret")


def plain(request):
    """A function that lets Ann in."""
    return AuthenticatedUser() if knows(request) else None


async def coroutine(request):
    """A coroutine function that does."""
    await asyncio.sleep(0)
    return plain(request)


class Coroutine:
    """An object that is called like one."""

    async def __call__(self, request):
        """Decide."""
        return await coroutine(request)


def returns_a_coroutine(request):
    """A function that is none, and returns one."""
    return coroutine(request)


@pytest.mark.parametrize("decide", [plain, coroutine, Coroutine(), returns_a_coroutine])
async def test_functions_of_every_kind_decide(make, decide):
    """With either controller."""
    controller = make()
    controller.controller.on_authenticate(decide)
    await controller.start()
    client = await nats.connect(controller.client_url, **ANN)
    await client.close()
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(*controller.client_url[7:].split(":"))
        writer.write(b'CONNECT {"user": "bob"}\r\n')
        said = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert said.endswith(b"-ERR 'Authorization Violation'\r\n")


async def test_a_coroutine_function_runs_in_the_loop_of_the_controller():
    """There it can use what the program has there."""
    controller, loops = AsyncNatsController({"port": -1}), []

    @controller.on_authenticate
    async def decide(_):
        loops.append(asyncio.get_running_loop())
        return AuthenticatedUser()

    async with controller:
        client = await nats.connect(controller.client_url)
        await client.close()
    assert loops == [asyncio.get_running_loop()]


async def test_a_function_does_not_run_in_the_loop(make):
    """It may block."""
    controller, threads = make(), []

    def decide(_):
        threads.append(threading.current_thread().name)
        return AuthenticatedUser()

    controller.controller.on_authenticate(decide)
    await controller.start()
    client = await nats.connect(controller.client_url)
    await client.close()
    assert threads == ["dotgnatly-on_authenticate-0"]


async def test_no_thread_is_left_after_the_shutdown(make):
    """A server that is gone asks nobody."""
    controller = make()
    controller.controller.on_authenticate(plain)
    await controller.start()
    client = await nats.connect(controller.client_url, **ANN)
    await client.close()
    await controller.shutdown()
    wait_until(
        lambda: not [t for t in threading.enumerate() if "on_authenticate" in t.name],
        "the end of the threads",
    )


def test_a_function_that_never_returns_does_not_hold_up_the_exit(run_python):
    """The interpreter waits for threads of other kinds."""
    done = run_python(
        """
        import socket, threading
        from dotgnatly import NatsController

        asked = threading.Event()
        controller = NatsController({"port": -1})

        @controller.on_authenticate
        def decide(request):
            asked.set()
            threading.Event().wait()

        with controller:
            client = socket.create_connection(("127.0.0.1", controller.ports()["client"]))
            client.sendall(b'CONNECT {"user": "ann"}\\r\\n')
            asked.wait(10)
        print("over")
        """
    )
    assert (done.code, done.out) == (0, "over\n"), done.err
    assert done.seconds < 10


async def test_a_failure_is_logged_without_secrets(make, caplog):
    """Who wrote the function must see what is wrong with it."""
    controller = make()
    controller.controller.on_authenticate(lambda _: 1 / 0)
    await controller.start()
    with caplog.at_level(logging.ERROR, "dotgnatly"):
        reader, writer = await asyncio.open_connection(*controller.client_url[7:].split(":"))
        writer.write(b'CONNECT {"user": "bob", "pass": "a secret"}\r\n')
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert "ZeroDivisionError" in caplog.text
    assert "a secret" not in caplog.text


def test_it_decorates():
    """Bare, and with keys."""
    controller = NatsController()
    assert controller.on_authenticate(plain) is plain
    assert controller.on_authenticate(issuer_seed="SA", xkey_seed="SX")(plain) is plain


@pytest.mark.parametrize(
    ("seeds", "key"),
    [({"issuer_seed": "SA"}, "issuer_seed"), ({"xkey_seed": "SX"}, "xkey_seed")],
)
def test_a_seed_that_is_none_is_named(seeds, key):
    """At the start, with nothing started."""
    controller = NatsController({"port": -1})
    controller.on_authenticate(**seeds)(plain)
    with pytest.raises(ConfigError) as found:
        controller.start()
    assert [fault.path for fault in found.value.errors] == [key]


def test_secrets_of_a_request_are_not_shown():
    """It will be logged by somebody."""
    request = AuthenticationRequest(
        cid=1, kind="Client", user="ann", password="one", token="two", jwt="three"
    )
    assert repr(request) == (
        "AuthenticationRequest(user='ann', password='***', token='***', jwt='***', cid=1, "
        "kind='Client')"
    )


@pytest.mark.parametrize(
    ("user", "claims"),
    [
        (AuthenticatedUser(), {"aud": "$G", "nats": {}}),
        (AuthenticatedUser(account="A"), {"aud": "A", "nats": {}}),
        (
            AuthenticatedUser(permissions={"publish": "a", "subscribe": {"deny": ["b", "c"]}}),
            {
                "aud": "$G",
                "nats": {
                    "pub": {"allow": ["a"], "deny": []},
                    "sub": {"allow": [], "deny": ["b", "c"]},
                },
            },
        ),
        (
            AuthenticatedUser(permissions={"publish": {"allow": [], "deny": ["a"]}}),
            {"aud": "$G", "nats": {"pub": {"deny": [">"]}}},
        ),
        (
            AuthenticatedUser(permissions={"allow_responses": {"max": 3, "expires": "1m"}}),
            {"aud": "$G", "nats": {"resp": {"max": 3, "ttl": 60_000_000_000}}},
        ),
        (AuthenticatedUser(permissions={"allow_responses": False}), {"aud": "$G", "nats": {}}),
        (
            AuthenticatedUser(expires=datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
            {"aud": "$G", "nats": {}, "exp": 1893456000},
        ),
    ],
)
def test_a_user_has_the_claims_of_a_jwt(user, claims):
    """NATS's own words for what a configuration calls otherwise."""
    assert user.claims() == claims


def test_a_time_span_counts_from_now():
    """As one says it: for an hour."""
    expires = AuthenticatedUser(expires=timedelta(hours=1)).claims()["exp"]
    assert 0 <= expires - datetime.now(UTC).timestamp() - 3599 <= 1
