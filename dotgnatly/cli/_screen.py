"""What ``dotgnatly top`` shows of a server: rates, JetStream, and a table."""

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dotgnatly.cli._samples import Query, Rates, Sample

_GAP = 2
_TEXT = 21, 48
"""How wide a column of text may be: as addresses of IPv4 and of IPv6 with a port."""
_LIST = 60, sys.maxsize
_UNKNOWN = "-"


class Room(NamedTuple):
    """Of a terminal, in characters and lines."""

    width: int
    height: int


def screen(sample: Sample, rates: Rates, query: Query, *, room: Room | None) -> RenderableType:
    """All of it.

    Args:
        sample: What is shown.
        rates: Since the sample before.
        query: What was asked for.
        room: What there is of it, or None: columns and rows that do not fit are left out.
    """
    table = _streams if query.streams else _connections
    return Group(
        _server(sample),
        "",
        _traffic(sample, rates),
        "",
        *_jetstream(sample, rates),
        "",
        *table(sample, rates, query, room),
    )


def plain(shown: RenderableType) -> str:
    """The same as text without colours, each line as long as it is."""
    console = Console(
        file=io.StringIO(), width=100_000, color_system=None, force_terminal=False, no_color=True
    )
    with console.capture() as capture:
        console.print(shown)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def count(value: float | None) -> str:
    """In thousands: ``1.2K``."""
    return _short(value, 1000, ("", "K", "M", "G", "T"))


def size(value: float | None) -> str:
    """Of bytes, as NATS writes them: ``1KB`` is 1,024."""
    return _short(value, 1024, ("B", "KB", "MB", "GB", "TB"))


def _short(value: float | None, step: int, units: Sequence[str]) -> str:
    if value is None:
        return _UNKNOWN
    power = 0
    while round(value, 1) >= step and power < len(units) - 1:
        value, power = value / step, power + 1
    return f"{value:.1f}".removesuffix(".0") + units[power]


def clean(text: str) -> str:
    """What clients call themselves is theirs: no escape sequence of it reaches the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


# -- above the table -------------------------------------------------------------------------------


def _facts(*facts: tuple[str, str], title: str = "") -> Text:
    """A line of names and values."""
    line = Text(title, style="bold", no_wrap=True, overflow="ellipsis", end="\n")
    for name, value in facts:
        line.append(" " * _GAP * bool(line.plain))
        line.append(f"{name} " if name else "", "not bold dim")
        line.append(clean(value), "not bold")
    return line


def _server(sample: Sample) -> RenderableType:
    varz = sample.varz
    return Group(
        _facts(
            ("version", varz.version),
            ("uptime", varz.uptime),
            ("id", varz.server_id),
            title=clean(varz.server_name),
        ),
        _facts(
            ("CPU", f"{varz.cpu:.1f}%"),
            ("memory", size(varz.mem)),
            ("connections", count(varz.connections)),
            ("subscriptions", count(varz.subscriptions)),
            ("slow consumers", count(varz.slow_consumers)),
        ),
    )


def _traffic(sample: Sample, rates: Rates) -> Table:
    """Messages and bytes, in and out."""
    varz, flow = sample.varz, rates.server
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column("", width=len("JetStream"))
    for heading in ("messages", "messages/s", "bytes", "bytes/s"):
        table.add_column(heading, justify="right")
    for label, way in (("In", "in"), ("Out", "out")):
        table.add_row(
            Text(label, "bold"),
            count(getattr(varz, f"{way}_msgs")),
            count(getattr(flow, f"{way}_msgs", None)),
            size(getattr(varz, f"{way}_bytes")),
            size(getattr(flow, f"{way}_bytes", None)),
        )
    return table


def _jetstream(sample: Sample, rates: Rates) -> Iterable[Text]:
    jsz = sample.jsz
    if jsz.disabled:
        yield _facts(("", "off"), title="JetStream")
        return
    yield _facts(
        ("streams", count(jsz.streams)),
        ("consumers", count(jsz.consumers)),
        ("messages", count(jsz.messages)),
        ("bytes", size(jsz.bytes)),
        title="JetStream",
    )
    yield _facts(
        ("memory", f"{size(jsz.memory)} of {size(jsz.config.max_memory)}"),
        ("store", f"{size(jsz.storage)} of {size(jsz.config.max_storage)}"),
        title=" " * len("JetStream"),
    )
    yield _facts(
        ("API calls", count(jsz.api.total)),
        ("API calls/s", count(rates.api)),
        ("API errors", count(jsz.api.errors)),
        title=" " * len("JetStream"),
    )


# -- tables ----------------------------------------------------------------------------------------


class _Column(NamedTuple):
    """A column of a table; its cells are made of what a row is about, and of its rates."""

    heading: str
    cell: Callable[[Any, Any], str]
    orders: tuple[str, ...] = ()
    """The sort options that it shows."""
    between: tuple[int, int] | None = None
    """How wide it is at least and at most, if it is text."""


def _total(name: str, unit: Callable[[float | None], str]) -> _Column:
    return _Column(name.upper(), lambda c, _: unit(getattr(c, _FIELDS[name])), (name,))


def _rate(name: str, unit: Callable[[float | None], str]) -> _Column:
    field = _FIELDS[name]
    return _Column(f"{name.upper()}/S", lambda _, flow: unit(getattr(flow, field, None)))


_FIELDS = {
    "subs": "subscriptions",
    "pending": "pending_bytes",
    "msgs_to": "out_msgs",
    "msgs_from": "in_msgs",
    "bytes_to": "out_bytes",
    "bytes_from": "in_bytes",
}
"""What a sort option sorts by. Source: ``server.SortOpt`` (2.15)."""

_CONNECTIONS = (
    _Column("HOST", lambda c, _: f"[{c.ip}]:{c.port}" if ":" in c.ip else f"{c.ip}:{c.port}",
            between=_TEXT),
    _Column("CID", lambda c, _: str(c.cid), ("cid", "start")),
    _Column("NAME", lambda c, _: c.name, between=_TEXT),
    _total("subs", count),
    _total("pending", size),
    _total("msgs_to", count),
    _total("msgs_from", count),
    _total("bytes_to", size),
    _total("bytes_from", size),
    _rate("msgs_to", count),
    _rate("msgs_from", count),
    _rate("bytes_to", size),
    _rate("bytes_from", size),
    _Column("LANG", lambda c, _: c.lang, between=_TEXT),
    _Column("VERSION", lambda c, _: c.version, between=_TEXT),
    _Column("ACCOUNT", lambda c, _: c.account or "$G", between=_TEXT),
    _Column("UPTIME", lambda c, _: c.uptime, ("uptime",)),
    _Column("IDLE", lambda c, _: c.idle, ("idle", "last")),
    _Column("RTT", lambda c, _: c.rtt, ("rtt",)),
)  # fmt: skip
_SUBSCRIPTIONS = _Column(
    "SUBSCRIPTIONS",
    lambda c, _: ", ".join(sorted(c.subscriptions_list)),
    between=_LIST,
)


def _state(name: str, unit: Callable[[float], str]) -> _Column:
    return _Column(name.upper(), lambda item, _: unit(getattr(item[1].state, name)))


_STREAMS = (
    _Column("STREAM", lambda item, _: item[0].name, between=_TEXT),
    _Column("ACCOUNT", lambda item, _: item[0].account, between=_TEXT),
    _Column("CONSUMERS", lambda item, _: count(item[1].state.consumer_count)),
    _state("messages", count),
    _Column("MESSAGES/S", lambda _, rate: count(rate)),
    _state("bytes", size),
    _state("first_seq", str),
    _state("last_seq", str),
)
_GO_FIRST = (
    "VERSION", "LANG", "IDLE", "ACCOUNT", "UPTIME", "BYTES_FROM", "BYTES_TO", "MSGS_FROM",
    "MSGS_TO", "BYTES_FROM/S", "BYTES_TO/S", "RTT", "PENDING", "SUBS", "MSGS_FROM/S", "MSGS_TO/S",
    "FIRST_SEQ", "LAST_SEQ",
)  # fmt: skip
"""Headings of columns that are left out where there is no room, and in which order."""


def _connections(
    sample: Sample, rates: Rates, query: Query, room: Room | None
) -> Iterable[RenderableType]:
    connz = sample.connz
    columns = (*_CONNECTIONS, _SUBSCRIPTIONS) if query.subscriptions else _CONNECTIONS
    yield _facts(
        ("", f"{connz.num_connections} of {connz.total}"), ("by", query.order), title="Connections"
    )
    rows = [(c, rates.connections.get(c.cid)) for c in connz.connections]
    yield _table(columns, rows, room, query.order)


def _streams(sample: Sample, rates: Rates, _: Query, room: Room | None) -> Iterable[RenderableType]:
    streams = sorted(sample.streams().items(), key=lambda item: -item[1].state.bytes)
    yield _facts(("", str(len(streams))), ("by", "bytes"), title="Streams")
    yield _table(_STREAMS, [(item, rates.streams.get(item[0])) for item in streams], room)


def _table(
    columns: Iterable[_Column], rows: Iterable[tuple[Any, Any]], room: Room | None, order: str = ""
) -> Text:
    """Rows of cells below their headings; rich's own tables take seconds for a thousand rows."""
    rows = list(rows)[: room.height if room else None]
    cells = {column: [clean(column.cell(*row)) for row in rows] for column in columns}
    widths = {column: _width(column, cells[column]) for column in cells}
    if room:
        _leave_out(widths, room.width, order)
        _make_narrower(widths, room.width)
    gap = " " * _GAP
    headings = [
        Text(_fit(c.heading, widths[c], c), "reverse bold" if order in c.orders else "reverse")
        for c in widths
    ]
    lines = (
        gap.join(_fit(cells[column][place], width, column) for column, width in widths.items())
        for place in range(len(rows))
    )
    table = Text(gap, "reverse", no_wrap=True, overflow="crop").join(headings)
    return table.append("".join(f"\n{line}" for line in lines))


def _width(column: _Column, cells: Iterable[str]) -> int:
    widest = max(map(cell_len, (column.heading, *cells)))
    return min(widest, column.between[1]) if column.between else widest


def _leave_out(widths: dict[_Column, int], room: int, order: str) -> None:
    """Take out columns until the rest fits; not that by which the rows are sorted."""
    by_heading = {column.heading: column for column in widths if order not in column.orders}
    for heading in _GO_FIRST:
        least = (min(w, c.between[0]) if c.between else w for c, w in widths.items())
        if sum(least) + _GAP * (len(widths) - 1) <= room:
            return
        if heading in by_heading:
            del widths[by_heading[heading]]


def _make_narrower(widths: dict[_Column, int], room: int) -> None:
    """Cut text, the longest first, until all fits."""
    excess = sum(widths.values()) + _GAP * (len(widths) - 1) - room
    for column in sorted(widths, key=lambda column: -widths[column]):
        if column.between and excess > 0:
            cut = min(excess, max(0, widths[column] - column.between[0]))
            widths[column] -= cut
            excess -= cut


def _fit(cell: str, width: int, column: _Column) -> str:
    """The cell as wide as its column."""
    free = width - cell_len(cell)
    if free < 0:
        return f"{set_cell_size(cell, width - 1)}…"
    return cell + " " * free if column.between else " " * free + cell
