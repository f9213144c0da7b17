"""``top`` without a terminal: what it makes of two samples, and what fits on a screen."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import get_args

import pytest
from rich.console import Console

from dotgnatly.cli import _screen
from dotgnatly.cli._samples import Flow, Query, Rates, Sample, StreamKey, rates
from dotgnatly.cli._table import Room
from dotgnatly.cli._watch import pressed
from dotgnatly.cli.top import ORDERS
from dotgnatly.monitoring import (
    AccountDetail,
    ConnInfo,
    Connz,
    JetStreamAPIStats,
    JSInfo,
    SortOpt,
    StreamDetail,
    StreamState,
    Varz,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def sample(*, seconds=0.0, server="A", connections=(), streams=(), api=0, **figures):
    """One that is taken so many seconds after noon."""
    now = NOON + timedelta(seconds=seconds)
    return Sample(
        varz=Varz(server_id=server, now=now, **figures),
        connz=Connz(server_id=server, now=now, connections=tuple(connections)),
        jsz=JSInfo(
            server_id=server,
            now=now,
            api=JetStreamAPIStats(total=api),
            account_details=(AccountDetail(id="SHOP", stream_detail=tuple(streams)),),
        ),
    )


def stream(name, last_seq, created=NOON):
    """One that has stored so many messages."""
    return StreamDetail(name=name, created=created, state=StreamState(last_seq=last_seq))


def half_restarted(before, server):
    """One whose later documents are those of the next server."""
    after = sample(seconds=2, server=server)
    return Sample(varz=before.varz, connz=after.connz, jsz=after.jsz)


def test_rates_are_what_came_in_each_second_of_the_server():
    """Ours may pass otherwise: an answer takes its time."""
    before = sample(in_msgs=100, out_msgs=0, in_bytes=1000, out_bytes=0)
    after = sample(seconds=2.5, in_msgs=150, out_msgs=5, in_bytes=3000, out_bytes=25)
    assert rates(before, after).server == Flow(20.0, 2.0, 800.0, 10.0)


def test_each_document_has_its_own_time():
    """The server makes one after the other."""
    before = sample(in_msgs=0, api=10, connections=[ConnInfo(cid=1)], streams=[stream("S", 5)])
    after = Sample(
        varz=sample(seconds=1, in_msgs=100).varz,
        connz=sample(seconds=2, connections=[ConnInfo(cid=1, in_msgs=100)]).connz,
        jsz=sample(seconds=4, api=110, streams=[stream("S", 105)]).jsz,
    )
    found = rates(before, after)
    assert found.server.in_msgs == 100
    assert found.connections[1].in_msgs == 50
    assert (found.api, found.streams) == (25, {StreamKey("SHOP", "S"): 25})


def test_a_connection_that_was_not_there_has_no_rates():
    """Or was on no page: what it has sent before, it may have sent long ago."""
    before = sample(connections=[ConnInfo(cid=1, in_msgs=5), ConnInfo(cid=2)])
    after = sample(seconds=1, connections=[ConnInfo(cid=1, in_msgs=6), ConnInfo(cid=3, in_msgs=9)])
    assert rates(before, after).connections == {1: Flow(1, 0, 0, 0)}


def test_a_stream_that_is_made_again_has_no_rate():
    """Its numbers begin anew."""
    before = sample(streams=[stream("S", 100)])
    after = sample(seconds=1, streams=[stream("S", 1, created=NOON + timedelta(seconds=0.5))])
    assert rates(before, after).streams == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, sample(in_msgs=5), id="first"),
        pytest.param(sample(in_msgs=9), sample(seconds=1, server="B"), id="restarted"),
        pytest.param(
            sample(), half_restarted(sample(seconds=1), "B"), id="restarted-in-the-middle"
        ),
        pytest.param(sample(seconds=1), sample(in_msgs=5), id="clock-put-back"),
        pytest.param(sample(), sample(in_msgs=5), id="same-moment"),
    ],
)
def test_between_others_there_are_no_rates(before, after):
    """No figure is better than a wrong one."""
    assert rates(before, after) == Rates()


@pytest.mark.parametrize(
    ("value", "as_count", "as_size"),
    [
        (None, "-", "-"),
        (0, "0", "0B"),
        (2.46, "2.5", "2.5B"),
        (999, "999", "999B"),
        (999.96, "1K", "1000B"),
        (1000, "1K", "1000B"),
        (1024, "1K", "1KB"),
        (1536, "1.5K", "1.5KB"),
        (1 << 20, "1M", "1MB"),
        (5 * 10**9, "5G", "4.7GB"),
        (2**60, "1152921.5T", "1048576TB"),
    ],
)
def test_figures_are_short(value, as_count, as_size):
    """Counts in thousands, sizes as NATS writes them."""
    assert (_screen.count(value), _screen.size(value)) == (as_count, as_size)


def test_orders_are_those_of_open_connections():
    """The server refuses others, and new ones are to be known."""
    assert tuple(o for o in get_args(SortOpt) if o not in {"stop", "reason"}) == ORDERS


def test_every_order_has_a_column():
    """What the rows are sorted by can be seen."""
    columns = _screen._CONNECTIONS
    assert {order for column in columns for order in column.orders} == {*ORDERS}


def test_columns_that_can_go_are_there():
    """A heading that is spelt otherwise would stay for ever."""
    headings = {column.heading for column in (*_screen._CONNECTIONS, *_screen._STREAMS)}
    assert {*_screen._GO_FIRST} < headings


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("order", ORDERS)
def test_what_does_not_fit_is_left_out_but_the_order(width, order):
    """A column that is cut in the middle would show a wrong figure."""
    connection = ConnInfo(cid=5, ip="127.0.0.1", port=50_000, name="n" * 100, uptime="1h2m3s")
    console = Console(file=StringIO(), width=width)
    console.print(
        _screen.screen(
            sample(connections=[connection]),
            Rates(),
            Query(order=order),
            room=Room(width, 40),
        )
    )
    headings, row = console.file.getvalue().splitlines()[-2:]
    (column,) = (c for c in _screen._CONNECTIONS if order in c.orders)
    assert column.heading in headings.split()
    assert {*headings.split()} <= {column.heading for column in _screen._CONNECTIONS}
    assert row.startswith("127.0.0.1:50000    5  n")


def test_names_of_clients_are_shown_without_what_a_terminal_obeys():
    """Whoever can connect would have our terminal do what he likes."""
    name = "\x1b]0;mine\x07 a\u202eb [red]c"
    shown = _screen.screen(
        sample(connections=[ConnInfo(name=name)]), Rates(), Query(), room=None
    )  # fmt: skip
    assert "?]0;mine? a?b [red]c" in _screen.plain(shown)


@pytest.mark.parametrize(
    ("key", "query"),
    [
        ("o", Query(order="start")),
        ("O", Query(order="rtt")),
        ("s", Query(subscriptions=True)),
        ("j", Query(streams=True)),
        ("x", Query()),
    ],
)
def test_keys_change_what_is_asked_for(key, query):
    """The server sorts, and sends no more than is shown."""
    assert pressed(key, Query()) == query


@pytest.mark.parametrize("key", ["o", "O"])
def test_a_key_comes_to_every_order(key):
    """And then to the first one again."""
    query, met = Query(), []
    for _ in ORDERS:
        query = pressed(key, query)
        met.append(query.order)
    assert {*met} == {*ORDERS}
    assert met[-1] == "cid"
