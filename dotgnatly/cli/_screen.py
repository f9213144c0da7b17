"""What ``dotgnatly top`` shows of a server: rates, JetStream, and a table."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dotgnatly.cli._samples import Query, Rates, Sample

_GAP = 2
_LONGEST = 48
"""Cell, subscriptions apart: an address of IPv6 with its port."""
_TEXT, _LIST = 21, 60
"""To which text is cut where there is no room: an address of IPv4 with its port, some subjects."""
_UNKNOWN = "-"


def screen(sample: Sample, rates: Rates, query: Query, *, width: int | None) -> RenderableType:
    """All of it.

    Args:
        sample: What is shown.
        rates: Since the sample before.
        query: What was asked for.
        width: For how many characters there is room, or None: columns that do not fit are left out.
    """
    table = _streams if query.streams else _connections
    return Group(
        _server(sample),
        "",
        _traffic(sample, rates),
        "",
        *_jetstream(sample, rates),
        "",
        *table(sample, rates, query, width),
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
    narrowest: int = 0
    """To which it may be cut, if it is text."""


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
            narrowest=_TEXT),
    _Column("CID", lambda c, _: str(c.cid), ("cid", "start")),
    _Column("NAME", lambda c, _: c.name, narrowest=_TEXT),
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
    _Column("LANG", lambda c, _: c.lang, narrowest=_TEXT),
    _Column("VERSION", lambda c, _: c.version, narrowest=_TEXT),
    _Column("ACCOUNT", lambda c, _: c.account or "$G", narrowest=_TEXT),
    _Column("UPTIME", lambda c, _: c.uptime, ("uptime",)),
    _Column("IDLE", lambda c, _: c.idle, ("idle", "last")),
    _Column("RTT", lambda c, _: c.rtt, ("rtt",)),
)  # fmt: skip
_SUBSCRIPTIONS = _Column(
    "SUBSCRIPTIONS",
    lambda c, _: ", ".join(sorted(c.subscriptions_list)),
    narrowest=_LIST,
)


def _state(name: str, unit: Callable[[float], str]) -> _Column:
    return _Column(name.upper(), lambda item, _: unit(getattr(item[1].state, name)))


_STREAMS = (
    _Column("STREAM", lambda item, _: item[0].name, narrowest=_TEXT),
    _Column("ACCOUNT", lambda item, _: item[0].account, narrowest=_TEXT),
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
    sample: Sample, rates: Rates, query: Query, width: int | None
) -> Iterable[RenderableType]:
    connz = sample.connz
    columns = (*_CONNECTIONS, _SUBSCRIPTIONS) if query.subscriptions else _CONNECTIONS
    yield _facts(
        ("", f"{connz.num_connections} of {connz.total}"), ("by", query.order), title="Connections"
    )
    rows = [(c, rates.connections.get(c.cid)) for c in connz.connections]
    yield _table(columns, rows, width, query.order)


def _streams(sample: Sample, rates: Rates, _: Query, width: int | None) -> Iterable[RenderableType]:
    streams = sorted(sample.streams().items(), key=lambda item: -item[1].state.bytes)
    yield _facts(("", str(len(streams))), ("by", "bytes"), title="Streams")
    yield _table(_STREAMS, [(item, rates.streams.get(item[0])) for item in streams], width)


def _table(
    columns: Sequence[_Column], rows: Iterable[tuple[Any, Any]], width: int | None, order: str = ""
) -> Table:
    rows = list(rows)
    cells = {column: [_cell(column, *row) for row in rows] for column in columns}
    if width is not None:
        _leave_out(cells, width, order)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="reverse")
    for column in cells:
        table.add_column(
            column.heading,
            justify="left" if column.narrowest else "right",
            no_wrap=not column.narrowest,  # that alone is made narrower
            style="bold" if order in column.orders else "",
        )
    for row in zip(*cells.values(), strict=True):
        table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
    return table


def _cell(column: _Column, row: Any, rate: Any) -> str:
    text = clean(column.cell(row, rate))
    is_long = column is not _SUBSCRIPTIONS and len(text) > _LONGEST
    return f"{text[: _LONGEST - 3]}..." if is_long else text


def _leave_out(cells: dict[_Column, list[str]], width: int, order: str) -> None:
    """Take out columns until the rest fits; not that by which the rows are sorted."""
    by_heading = {column.heading: column for column in cells if order not in column.orders}
    for heading in _GO_FIRST:
        if sum(_width(*column) for column in cells.items()) <= width:
            return
        if heading in by_heading:
            del cells[by_heading[heading]]


def _width(column: _Column, cells: Iterable[str]) -> int:
    widest = max(map(cell_len, (column.heading, *cells)))
    return min(widest, column.narrowest or widest) + _GAP
