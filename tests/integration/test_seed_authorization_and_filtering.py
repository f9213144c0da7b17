"""The .NET library's tests of logins and of who gets what, its behaviours by their names.

Theirs waited for a while and counted; here what should not have come would have come by then, as
the server keeps the order.
"""

import asyncio
from collections import Counter

import pytest
from nats.errors import Error

from tests.conftest import answer, answered, arrived
from tests.integration.conftest import connect_once

ANN = {"user": "ann", "password": "secret"}


async def exchange(clients, server, count, **login):
    """What a client hears of the messages that another one publishes, both logged in."""
    listener = await clients.connect(server.client_url, **login)
    speaker = await clients.connect(server.client_url, **login)
    heard = await listener.subscribe("talk")
    await arrived(listener)
    for number in range(count):
        await speaker.publish("talk", b"%d" % number)
    return [int((await heard.next_msg(timeout=5)).data) for _ in range(count)]


async def published(clients, server, subscribed, published):
    """What came to each of the subscriptions, in their order, of what was published."""
    client = await clients.connect(server.client_url)
    subscriptions = [await client.subscribe(subject) for subject in subscribed]
    for subject in published:
        await client.publish(subject)
    await arrived(client)
    return [
        [(await one.next_msg(timeout=5)).subject for _ in range(one.pending_msgs)]
        for one in subscriptions
    ]


async def test_basic_authentication(nats_server, clients):
    """Who has the password talks to others who have it."""
    nats_server.update_config(authorization=ANN)
    assert await exchange(clients, nats_server, 3, **ANN) == [0, 1, 2]
    await clients.check()


@pytest.mark.parametrize("login", [ANN | {"password": "wrong"}, {}], ids=["wrong", "none"])
async def test_invalid_credentials_rejected(nats_server, login):
    """And hears why."""
    nats_server.update_config(authorization=ANN)
    with pytest.raises(Error, match="Authorization Violation"):
        await connect_once(nats_server.client_url, **login)


async def test_token_authentication(nats_server, clients):
    """A token in place of a user."""
    nats_server.update_config(authorization={"token": "secret"})
    assert await exchange(clients, nats_server, 2, token="secret") == [0, 1]
    await clients.check()


async def test_subject_wildcards(nats_server, clients):
    """A star is one token, no less and no more."""
    orders = ["orders.create", "orders.update", "orders.delete"]
    others = ["products.create", "orders.create.nested"]
    assert await published(clients, nats_server, ["orders.*"], orders + others) == [orders]


async def test_multi_level_wildcards(nats_server, clients):
    """What is below, however deep."""
    orders = [f"orders.{tail}" for tail in ("a", "a.b", "b.c", "d.e.f", "g.h.i")]
    wanted = await published(clients, nats_server, ["orders.>"], [*orders, "products.create"])
    assert wanted == [orders]


async def test_subject_pattern_matching(nats_server, clients):
    """Every subscription has its own copy of what it matches."""
    users = ["events.user.created", "events.user.updated", "events.user.deleted"]
    events = [*users, "events.order.created"]
    subjects = ["events.user.created", "events.user.*", "events.>"]
    found = await published(clients, nats_server, subjects, events)
    assert found == [users[:1], users, events]


async def test_request_reply_pattern(nats_server, clients):
    """A question has one answer."""
    service, client = [await clients.connect(nats_server.client_url) for _ in range(2)]
    await answer(service, "service.echo", b"Echo: Hello")
    assert await answered(client, "service.echo") == b"Echo: Hello"


async def test_queue_groups(nats_server, clients):
    """Each task is done once, and nobody does all of them."""
    done, count = Counter(), 300
    workers = [await clients.connect(nats_server.client_url) for _ in range(3)]
    boss = await clients.connect(nats_server.client_url)
    every = asyncio.Event()

    def work_as(worker):
        async def work(message):
            done[worker, message.data] += 1
            if done.total() == count:
                every.set()

        return work

    for worker, client in enumerate(workers):
        await client.subscribe("tasks", queue="workers", cb=work_as(worker))
        await arrived(client)
    for task in range(count):
        await boss.publish("tasks", b"%d" % task)
    await asyncio.wait_for(every.wait(), 10)
    assert {task for _, task in done} == {b"%d" % task for task in range(count)}
    assert {worker for worker, _ in done} == {0, 1, 2}
    assert done.total() == count
