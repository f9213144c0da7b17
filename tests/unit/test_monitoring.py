"""Monitoring calls of both controllers: what they take, what they refuse, and page by page."""

import asyncio
import inspect
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import nats
import pytest
from nats.js.api import StreamConfig

from dotgnatly import (
    AsyncNatsController,
    ConfigError,
    NatsController,
    NotFoundError,
    ServerStoppedError,
    StateError,
)
from dotgnatly.monitoring import Connz, _endpoints
from tests.conftest import arrived

ENDPOINTS = sorted(_endpoints.ENDPOINTS)
ACCOUNTS = {
    name: {"users": [{"user": name.lower(), "password": "p"}], "jetstream": True} for name in "AB"
}


@asynccontextmanager
async def connected(controller, **options):
    """A client that does not come back."""
    client = await nats.connect(controller.client_url, allow_reconnect=False, **options)
    try:
        yield client
    finally:
        await client.close()


async def opened(stack, controller, count):
    """Connections that say nothing; the functions that close each, by cid."""
    port = (await controller.ports())["client"]
    closers = {}
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        cid = msgspec.json.decode((await reader.readline()).removeprefix(b"INFO "))["client_id"]

        async def close(writer=writer):
            writer.transport.abort()
            await writer.wait_closed()

        closers[cid] = close
        stack.push_async_callback(close)
    return closers


class Walk:
    """An iterator over connections, of either kind, step by step."""

    def __init__(self, controller, **options):
        self._iterator = controller.controller.iter_connections(**options)

    async def next(self):
        """The cid of the next one; None at the end."""
        if hasattr(self._iterator, "__anext__"):
            found = await anext(self._iterator, None)
        else:
            found = await asyncio.to_thread(next, self._iterator, None)
        return found and found.cid

    async def rest(self):
        """The cids of all that are left."""
        found = []
        while (cid := await self.next()) is not None:
            found.append(cid)
        return found


# -- what comes back -------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_every_document_is_typed_or_the_servers_bytes(broker, endpoint):
    """Both are the same document."""
    call = getattr(broker, endpoint)
    raw, typed = await call(raw=True), await call()
    again = _endpoints.decode(raw, endpoint)
    assert type(raw) is bytes
    assert type(again) is type(typed)
    if hasattr(typed, "server_id"):
        assert again.server_id == typed.server_id == broker.server_id


def test_both_classes_have_the_same_calls():
    """Who knows one, knows the other; what they take and say is the same."""
    for name in (*ENDPOINTS, "iter_connections"):
        blocking, awaited = getattr(NatsController, name), getattr(AsyncNatsController, name)
        assert inspect.iscoroutinefunction(awaited) == (name != "iter_connections")
        assert [*inspect.signature(blocking).parameters] == [*inspect.signature(awaited).parameters]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_option_is_explained(endpoint):
    """In the docstring of the call: nothing else tells a reader what it does."""
    doc = getattr(NatsController, endpoint).__doc__
    for option in _endpoints.ENDPOINTS[endpoint].options.__annotations__:
        assert f"``{option}``" in doc


def test_documents_of_newer_servers_are_read():
    """They have more keys than this version knows."""
    document = b'{"total": 1, "new": {"a": 1}, "connections": [{"cid": 7, "new": []}]}'
    connz = _endpoints.decode(document, "connz")
    assert (connz.total, [c.cid for c in connz.connections]) == (1, [7])


def test_what_was_left_out_has_the_zero_value():
    """A reader need not ask whether a key is there."""
    assert _endpoints.decode(b"{}", "connz") == Connz()


# -- options ---------------------------------------------------------------------------------------


async def test_connections_of_a_page_in_an_order(broker):
    """The most first, and no more than asked for."""
    async with connected(broker, name="one") as one, connected(broker, name="two") as two:
        for number in range(3):
            await two.subscribe(f"s.{number}")
        await arrived(one)
        await arrived(two)
        connz = await broker.connz(sort="subs", limit=1)
        assert (connz.num_connections, connz.total, connz.limit) == (1, 2, 1)
        assert [each.name for each in connz.connections] == ["two"]
        assert [each.name for each in (await broker.connz(offset=1)).connections] == ["two"]
        (found,) = (
            await broker.connz(cid=connz.connections[0].cid, subscriptions=True)
        ).connections
        assert {"s.0", "s.1", "s.2"} <= {*found.subscriptions_list}


@pytest.mark.parametrize("state", ["any", "all"])
async def test_connections_that_are_closed(broker, state):
    """With why and when; the server remembers the last ones."""
    async with connected(broker, name="stays"):
        async with connected(broker, name="gone"):
            pass
        async with asyncio.timeout(5):
            while not (closed := (await broker.connz(state="closed", sort="stop")).connections):
                await asyncio.sleep(0.005)
        assert [each.name for each in closed] == ["gone"]
        assert (closed[0].reason, closed[0].stop > closed[0].start) == ("Client Closed", True)
        both = (await broker.connz(state=state)).connections
        assert [each.name for each in both] == ["stays", "gone"]


async def test_what_is_asked_of_an_account_is_of_it(start):
    """Connections, subscriptions, figures, streams."""
    broker = await start(accounts=ACCOUNTS, jetstream=True)
    async with (
        connected(broker, user="a", password="p", name="a") as a,
        connected(broker, user="b", password="p") as b,
    ):
        await a.subscribe("orders.*")
        await b.subscribe("orders.*")
        await a.jetstream().add_stream(StreamConfig(name="S", subjects=["s"]))
        await arrived(b)
        of_a = await broker.connz(account="A", filter_subject="orders.1", auth=True)
        assert [(each.name, each.account, each.authorized_user) for each in of_a.connections] == [
            ("a", "A", "a")
        ]
        assert (await broker.connz(account="A", filter_subject="other")).connections == ()
        subsz = await broker.subsz(account="A", subscriptions=True, test="orders.1")
        assert [(each.account, each.subject) for each in subsz.subscriptions_list] == [
            ("A", "orders.*")
        ]
        (stat,) = (await broker.accstatz(accounts=["A"])).account_statz
        assert (stat.acc, stat.conns) == ("A", 1)
        assert len((await broker.accstatz()).account_statz) == 2
        jsz = await broker.jsz(account="A", streams=True, config=True)
        (detail,) = jsz.account_details
        assert [each.config.subjects for each in detail.stream_detail] == [("s",)]
        accountz = await broker.accountz(account="A")
        assert (accountz.account_detail.client_connections, accountz.accounts) == (1, ())
        assert {"A", "B"} <= {*(await broker.accountz()).accounts}


async def test_queues_are_told_of_by_their_names(broker):
    """An idle server has nothing in any."""
    queues = await broker.ipqueuesz(all=True, filter="send")
    assert queues
    assert all("send" in name for name in queues)
    assert (await broker.ipqueuesz(filter="no such queue")) == {}


async def test_health_says_why(start, tmp_path):
    """What is missing, by its account, stream and consumer: a probe's log needs it."""
    broker = await start(jetstream={"store_dir": tmp_path})
    async with connected(broker) as client:
        await client.jetstream().add_stream(StreamConfig(name="S", subjects=["s"]))
    well = await broker.healthz(account="$G", stream="S", details=True)
    assert (well.status, well.errors) == ("ok", ())
    ill = await broker.healthz(account="$G", stream="S", consumer="C", details=True)
    assert (ill.status, ill.status_code) == ("error", 404)
    (why,) = ill.errors
    assert (why.type, why.account, why.stream, why.consumer) == ("CONSUMER", "$G", "S", "C")
    assert "not found" in why.error


# -- what is refused -------------------------------------------------------------------------------

WRONG = [
    ("connz", {"sort": "cids"}, "sort", "expected one of 'cid', 'start'"),
    ("connz", {"sort": "stop"}, "sort", "'stop' needs state='closed'"),
    ("connz", {"sort": "reason", "state": "any"}, "sort", "'reason' needs state='closed'"),
    ("connz", {"state": "shut"}, "state", "expected one of 'open', 'closed'"),
    ("connz", {"state": 1}, "state", "expected one of"),
    ("connz", {"limit": 0}, "limit", "expected 1 or more, got 0"),
    ("connz", {"limit": True}, "limit", "expected an integer"),
    ("connz", {"offset": -1}, "offset", "expected 0 or more, got -1"),
    ("connz", {"cid": 2**63}, "cid", "expected 1 to"),
    ("connz", {"auth": 1}, "auth", "expected true or false, got 1"),
    ("connz", {"account": ""}, "account", "expected a name, got ''"),
    ("connz", {"account": None}, "account", "expected a string"),
    ("connz", {"account": "\udc80"}, "account", "expected a string in Unicode"),
    ("connz", {"filter_subject": "a"}, "filter_subject", "needs account"),
    ("connz", {"filter_subject": "a..b", "account": "$G"}, "filter_subject", "expected a subject"),
    ("subsz", {"test": "a.*", "subscriptions": True}, "test", "a subject without wildcards"),
    ("subsz", {"test": "a"}, "test", "needs subscriptions"),
    ("gatewayz", {"subscriptions": True}, "subscriptions", "needs accounts or account_name"),
    ("accstatz", {"accounts": "A"}, "accounts", "expected a list, got str"),
    ("accstatz", {"accounts": []}, "accounts", "expected one name or more"),
    ("accstatz", {"accounts": ["$G", 1]}, "accounts[1]", "expected a string, got 1"),
    ("jsz", {"config": True}, "config", "needs streams or consumer"),
    ("jsz", {"direct_consumer": True, "streams": True}, "direct_consumer", "needs consumer"),
    ("healthz", {"stream": "S"}, "stream", "needs account"),
    ("healthz", {"consumer": "C", "account": "A"}, "consumer", "needs stream"),
    ("raftz", {"group": ""}, "group", "expected a name"),
    ("ipqueuesz", {"all": "yes"}, "all", "expected true or false"),
]


@pytest.mark.parametrize(
    ("endpoint", "options", "path", "said"),
    WRONG,
    ids=[f"{endpoint}-{'-'.join(options)}-{n}" for n, (endpoint, options, *_) in enumerate(WRONG)],
)
async def test_a_wrong_option_is_named(broker, endpoint, options, path, said):
    """The server would answer with a bare sentence, or as if it had not been given."""
    with pytest.raises(ConfigError) as refused:
        await getattr(broker, endpoint)(**options)
    (fault,) = refused.value.errors
    assert fault.path == path
    assert said in fault.message


async def test_all_wrong_options_are_named_at_once(broker):
    """Whoever mends one need not try again to hear of the next."""
    with pytest.raises(ConfigError) as refused:
        await broker.connz(limit=-1, offset=-1, sort="x")
    assert {fault.path for fault in refused.value.errors} == {"limit", "offset", "sort"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_an_unknown_option_is_a_type_error(broker, endpoint):
    """As it is with any function."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'subscription'"):
        await getattr(broker, endpoint)(subscription=True)


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        ("accountz", {"account": "C"}),
        ("accstatz", {"accounts": ["A", "C"]}),
        ("connz", {"account": "C"}),
        ("jsz", {"account": "C", "accounts": True}),
        ("leafz", {"account": "C"}),
        ("raftz", {"account": "C"}),
        ("subsz", {"account": "C"}),
    ],
)
async def test_an_account_that_is_not_there_is_not_found(start, endpoint, options):
    """The server would say that it has no connections, or tell of all accounts instead."""
    broker = await start(accounts=ACCOUNTS)
    with pytest.raises(NotFoundError, match="there is no account C"):
        await getattr(broker, endpoint)(**options)


async def test_a_gateway_of_that_name_there_is_none(broker):
    """It is a filter; to the server its absence is null."""
    gatewayz = await broker.gatewayz(name="nowhere", account_name="nobody")
    assert (gatewayz.outbound_gateways, gatewayz.inbound_gateways) == ({}, {})


async def test_who_is_not_the_leader_says_so(make):
    """And does not answer, where only the leader should."""
    config = {
        "port": -1,
        "server_name": "alone",
        "jetstream": True,
        "cluster": {"name": "C", "port": -1, "routes": ["nats://127.0.0.1:1"]},
    }
    broker = make(config)
    await broker.start()
    with pytest.raises(StateError, match="does not lead"):
        await broker.jsz(leader_only=True)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_server_that_is_stopped_says_nothing(make, endpoint):
    """It is asked for in vain."""
    with pytest.raises(ServerStoppedError):
        await getattr(make(), endpoint)()
    with pytest.raises(ServerStoppedError):
        await Walk(make()).next()


# -- page by page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9, 1024])
async def test_every_connection_is_met_once(broker, limit):
    """Whether or not the last page is full."""
    async with AsyncExitStack() as stack:
        cids = [*await opened(stack, broker, 8)]
        assert await Walk(broker, limit=limit).rest() == cids


async def test_without_connections_there_is_no_page(broker):
    """The first one is empty, and the last."""
    assert await Walk(broker).rest() == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
@pytest.mark.parametrize("met", [1, 2, 5, 9])
@pytest.mark.parametrize("leave", ["before", "last", "next", "all-but-two"])
async def test_connections_that_leave_hide_none_that_stay(broker, limit, met, leave):
    """Those that follow move up, to where an offset has been already."""
    async with AsyncExitStack() as stack:
        closers = await opened(stack, broker, 12)
        cids, walk = [*closers], Walk(broker, limit=limit)
        found = [await walk.next() for _ in range(met)]
        leaving = {
            "before": cids[:met],
            "last": [cids[met - 1]],
            "next": [cids[met]],
            "all-but-two": cids[:10],
        }[leave]
        for cid in leaving:
            await broker.disconnect_client(cid)
        found += await walk.rest()
        assert found == sorted(set(found))
        assert {*cids} - {*leaving} <= {*found}


async def test_connections_that_come_are_met_once(broker):
    """They are at the end; those that stay are met all the same."""
    async with AsyncExitStack() as stack:
        first = [*await opened(stack, broker, 4)]
        walk = Walk(broker, limit=2)
        found = [await walk.next(), await walk.next()]
        for cid in first[:2]:
            await broker.disconnect_client(cid)
        second = [*await opened(stack, broker, 5)]
        assert found + await walk.rest() == first + second


async def test_those_that_stay_are_met_while_others_come_and_go(broker):
    """A server is never still while somebody looks at it."""
    async with AsyncExitStack() as stack:
        cids = [*await opened(stack, broker, 60)]
        stay = {*cids[::3]}
        walking, gone = True, 0

        async def churn():
            nonlocal gone
            while walking:
                await broker.disconnect_client(passing.pop(0))
                passing.extend(await opened(stack, broker, 1))
                gone += 1

        passing = [cid for cid in cids if cid not in stay]
        churning = asyncio.create_task(churn())
        while gone < 20:
            found = await Walk(broker, limit=4).rest()
            assert found == sorted(set(found))
            assert stay <= {*found}
        walking = False
        await churning


async def test_closed_connections_are_met_too(broker):
    """With the filters of connz."""
    async with AsyncExitStack() as stack:
        closers = await opened(stack, broker, 5)
        for close in [*closers.values()][:3]:
            await close()
        async with asyncio.timeout(5):
            while (await broker.connz(state="closed")).total < 3:
                await asyncio.sleep(0.005)
        assert await Walk(broker, state="closed", limit=2).rest() == [*closers][:3]
        assert await Walk(broker, state="any", limit=2).rest() == [*closers]


async def test_a_walk_ends_with_the_server(broker):
    """After a restart other connections have the same numbers."""
    async with AsyncExitStack() as stack:
        await opened(stack, broker, 3)
        walk = Walk(broker, limit=1)
        await walk.next()
        await broker.shutdown()
        await broker.start()
        with pytest.raises(ServerStoppedError, match="restarted"):
            await walk.next()


async def test_a_wrong_option_of_a_walk_is_named(broker):
    """Before the first page is asked for."""
    with pytest.raises(ConfigError, match="limit: expected an integer, got 'all'"):
        await Walk(broker, limit="all").next()


@pytest.mark.parametrize("option", ["cid", "sort", "offset"])
async def test_what_a_walk_decides_itself_it_is_not_told(broker, option):
    """Another order would not hold."""
    with pytest.raises(TypeError, match=f"'{option}'"):
        await Walk(broker, **{option: 1}).next()
