"""Clients that a function has let in, when the server reloads, restarts or ends."""

import asyncio
import json
import socket
import threading
import time
from contextlib import suppress

import nats

from dotgnatly import AsyncNatsController, AuthenticatedUser, NatsController, jwt
from tests.conftest import wait_until
from tests.doors import ACCEPTED, ACCOUNTS, ANN, REFUSED, Door, log_in
from tests.integration.conftest import connect_once


async def test_a_reload_asks_about_each_client_once_and_drops_none(serve, clients, traffic):
    """A hundred clients, of every kind of login."""
    pair = jwt.create_pair("user")
    ways = [
        lambda i: {"user": f"user{i}", "password": "secret"},
        lambda _: {"token": "secret"},
        lambda _: {"nkeys_seed_str": pair.seed},
    ]
    asked = []

    def decide(request):
        asked.append((request.cid, request.user, request.token, request.nkey))
        known = "secret" in {request.password, request.token} or request.nkey == pair.public
        return AuthenticatedUser(account="SHOP") if known else None

    controller = await serve(decide)
    connected = [await clients.connect(controller.client_url, **ways[i % 3](i)) for i in range(100)]
    flow = traffic(connected[:3], connected[3])
    await flow.start()
    before = sorted(asked)
    assert len(before) == 100
    asked.clear()
    await controller.update_config(max_payload=1 << 19)
    assert sorted(asked) == before
    await flow.advance()
    await flow.stop()
    await clients.check()


async def test_a_limit_that_leaves_nobody_is_a_change_like_others(serve):
    """Less than nothing is nobody; the connection that answers is none of those who go."""
    controller = await serve(Door())
    client = await connect_once(controller.client_url, **ANN)
    plan = await controller.plan(max_connections=-1)
    assert [affected.user for affected in plan.disconnected] == ["ann"]
    await controller.update_config(max_connections=-1)
    assert await controller.clients() == []
    await client.close()


async def test_many_log_in_while_it_is_reloaded(serve, clients):
    """Who has not said yet who he is may be refused, as with configured users; who is in stays."""
    controller = await serve(Door())
    await clients.connect(controller.client_url, **ANN)

    async def come_and_go():
        for _ in range(5):
            with suppress(ConnectionError):
                while await log_in(controller.client_url, **ANN) != ACCEPTED:
                    pass

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(come_and_go())
        for number in range(10):
            await controller.update_config(max_payload=(1 << 19) + number)
    await clients.check()


async def test_one_name_in_two_accounts_survives_a_reload(serve, clients):
    """A name is the function's own affair."""
    controller = await serve(lambda request: AuthenticatedUser(account=request.password))
    for account in ("SHOP", "OTHER", "SHOP", "OTHER"):
        await clients.connect(controller.client_url, user="ann", password=account)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()


async def test_a_name_is_free_when_nobody_has_it_any_more(serve, clients):
    """Who is looked for by it is found."""
    controller = await serve(lambda request: AuthenticatedUser(account=request.password))
    assert await log_in(controller.client_url, user="bob", password="SHOP") == ACCEPTED
    async with asyncio.timeout(10):
        while await controller.clients():
            await asyncio.sleep(0.01)  # until it is gone
    await clients.connect(controller.client_url, user="bob", password="OTHER")
    assert [each.user for each in await controller.clients()] == ["bob"]
    await clients.connect(controller.client_url, user="bob", password="SHOP")
    [_, second] = await controller.clients()
    assert second.user == f"bob#{second.cid}"


async def test_a_name_of_a_configured_user_in_another_account_survives_a_reload(serve, clients):
    """The function may give it any account."""
    users = {"accounts": {"SHOP": {"users": [ANN]}, "OTHER": {}}}
    controller = await serve(Door(account="OTHER"), users)
    await clients.connect(controller.client_url, **ANN)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()


async def test_who_says_another_name_later_logs_in_anew(serve):
    """A client is asked about under the name that it is known by."""
    door = Door()
    controller = await serve(door)
    reader, writer = await asyncio.open_connection(*controller.client_url[7:].split(":"))
    await reader.readline()
    for user, password in (("ann", "secret"), ("admin", "wrong")):
        fields = {"verbose": True, "user": user, "pass": password}
        writer.write(b"CONNECT " + json.dumps(fields).encode() + b"\r\n")
        said = (await reader.readline()).decode().strip()
    writer.close()
    await writer.wait_closed()
    assert said == REFUSED
    assert [request.user for request in door.asked] == ["ann", "admin"]


async def test_a_reload_disconnects_who_is_refused_then(serve, clients):
    """So a function takes back what it granted."""
    banned = set()
    controller = await serve(
        lambda request: None if request.user in banned else AuthenticatedUser(account="SHOP")
    )
    await clients.connect(controller.client_url, user="bob", password="")
    gone = asyncio.Event()

    async def closed():
        gone.set()

    await nats.connect(
        controller.client_url, user="ann", password="", allow_reconnect=False, closed_cb=closed
    )
    banned.add("ann")
    await controller.update_config(max_payload=1 << 19)
    async with asyncio.timeout(10):
        await gone.wait()
    await clients.check()


async def test_who_moves_to_another_account_connects_again(serve):
    """His subscriptions would stay behind in the old one."""
    account = "SHOP"
    controller = await serve(lambda _: AuthenticatedUser(account=account))
    back = asyncio.Event()

    async def reconnected():
        back.set()

    client = await nats.connect(
        controller.client_url,
        user="ann",
        password="",
        reconnected_cb=reconnected,
        reconnect_time_wait=0.01,
    )
    account = "OTHER"
    await controller.update_config(max_payload=1 << 19)
    async with asyncio.timeout(10):
        await back.wait()
    assert "OTHER" in {each.account for each in await controller.clients()}
    await client.close()


async def test_a_function_may_ask_the_controller_during_a_reload(clients):
    """It does not run under a lock of ours."""
    controller = AsyncNatsController({"port": -1} | ACCOUNTS)
    seen = []

    @controller.on_authenticate
    async def decide(request):
        seen.append(len(await controller.clients()))
        assert (await controller.varz()).server_id == request.server_id
        return AuthenticatedUser(account="SHOP")

    async with controller:
        await clients.connect(controller.client_url, **ANN)
        await controller.update_config(max_payload=1 << 19)
        await clients.check()
        await clients.close()
    assert len(seen) == 2


async def test_a_plan_predicts_no_disconnect(serve, clients):
    """Who is asked decides, and not the list of users."""
    controller = await serve(Door())
    await clients.connect(controller.client_url, **ANN)
    plan = await controller.plan(max_payload=1 << 19)
    assert (plan.reload_class, plan.disconnected) == ("hot", ())
    plan = await controller.plan(accounts={"SHOP": None})
    assert [(each.user, each.reason) for each in plan.disconnected] == [
        ("ann", "the account is removed")
    ]


async def test_clients_come_back_after_a_restart(serve):
    """The door is there before the first of them."""
    door = Door()
    controller = await serve(door)
    back = asyncio.Event()

    async def reconnected():
        back.set()

    client = await nats.connect(
        controller.client_url, reconnected_cb=reconnected, reconnect_time_wait=0.01, **ANN
    )
    await controller.update_config(server_name="other", allow_restart=True)
    async with asyncio.timeout(10):
        await back.wait()
    assert len(door.asked) == 2
    await client.close()


async def inside(controller):
    """The cid of the connection that answers."""
    [cid] = [c.cid for c in (await controller.connz()).connections if "authenticate" in c.name]
    return cid


async def test_the_connection_inside_is_no_client_and_comes_back(serve, clients):
    """Whoever closes all that he sees does not shut the door, and nobody is dropped for it."""
    controller = await serve(Door())
    for _ in range(3):
        await clients.connect(controller.client_url, **ANN)
    assert [each.user for each in await controller.clients()] == ["ann"] * 3
    before = await inside(controller)
    await controller.disconnect_client(before)
    await controller.update_config(max_payload=1 << 19)
    await clients.check()
    assert await inside(controller) != before
    assert await log_in(controller.client_url, **ANN) == ACCEPTED


async def test_a_function_can_take_the_place_of_another(serve):
    """Rules change, and no client notices."""
    controller = await serve(Door())
    controller.on_authenticate(lambda _: None)
    assert await log_in(controller.client_url, **ANN) == REFUSED


def test_a_shutdown_does_not_wait_for_decisions():
    """Who is being asked about then is refused at once."""
    go_on, asked = threading.Event(), threading.Event()

    def decide(_):
        asked.set()
        go_on.wait(20)

    controller = NatsController({"port": -1, "authorization": {"timeout": 20}})
    controller.on_authenticate(decide)
    with (
        controller,
        socket.create_connection(("127.0.0.1", controller.ports()["client"])) as client,
    ):
        client.sendall(b'CONNECT {"user": "ann"}\r\n')
        wait_until(asked.is_set)
        begun = time.monotonic()
        controller.shutdown()
        assert time.monotonic() - begun < 10
        go_on.set()
