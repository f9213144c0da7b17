"""What ``dotgnatly top`` shows of a server: rates, JetStream, and a table."""

import io
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dotgnatly.cli._samples import Query, Rates, Sample
from dotgnatly.cli._table import LIST, TEXT, Column, Room, clean, table

_UNKNOWN = "-"


def screen(sample: Sample, rates: Rates, query: Query, *, room: Room | None) -> RenderableType:
    """All of it.

    Args:
        sample: What is shown.
        rates: Since the sample before.
        query: What was asked for.
        room: What there is of it, or None: columns and rows that do not fit are left out.
    """
    rows = _streams if query.streams else _connections
    return Group(
        _server(sample),
        "",
        _traffic(sample, rates),
        "",
        *_jetstream(sample, rates),
        "",
        *rows(sample, rates, query, room),
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


# -- above the table -------------------------------------------------------------------------------


def _facts(*facts: tuple[str, str], title: str = "") -> Text:
    """A line of names and values."""
    line = Text(title, style="bold", no_wrap=True, overflow="ellipsis", end="\n")
    for name, value in facts:
        line.append("  " * bool(line.plain))
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
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
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


def _total(name: str, unit: Callable[[float | None], str]) -> Column:
    return Column(name.upper(), lambda c, _: unit(getattr(c, _FIELDS[name])), (name,))


def _rate(name: str, unit: Callable[[float | None], str]) -> Column:
    field = _FIELDS[name]
    return Column(f"{name.upper()}/S", lambda _, flow: unit(getattr(flow, field, None)))


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
    Column("HOST", lambda c, _: f"[{c.ip}]:{c.port}" if ":" in c.ip else f"{c.ip}:{c.port}",
            between=TEXT),
    Column("CID", lambda c, _: str(c.cid), ("cid", "start")),
    Column("NAME", lambda c, _: c.name, between=TEXT),
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
    Column("LANG", lambda c, _: c.lang, between=TEXT),
    Column("VERSION", lambda c, _: c.version, between=TEXT),
    Column("ACCOUNT", lambda c, _: c.account or "$G", between=TEXT),
    Column("UPTIME", lambda c, _: c.uptime, ("uptime",)),
    Column("IDLE", lambda c, _: c.idle, ("idle", "last")),
    Column("RTT", lambda c, _: c.rtt, ("rtt",)),
)  # fmt: skip
_SUBSCRIPTIONS = Column(
    "SUBSCRIPTIONS",
    lambda c, _: ", ".join(sorted(c.subscriptions_list)),
    between=LIST,
)


def _state(name: str, unit: Callable[[float], str]) -> Column:
    return Column(name.upper(), lambda item, _: unit(getattr(item[1].state, name)))


_STREAMS = (
    Column("STREAM", lambda item, _: item[0].name, between=TEXT),
    Column("ACCOUNT", lambda item, _: item[0].account, between=TEXT),
    Column("CONSUMERS", lambda item, _: count(item[1].state.consumer_count)),
    _state("messages", count),
    Column("MESSAGES/S", lambda _, rate: count(rate)),
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
    yield table(columns, rows, room, go_first=_GO_FIRST, order=query.order)


def _streams(sample: Sample, rates: Rates, _: Query, room: Room | None) -> Iterable[RenderableType]:
    streams = sorted(sample.streams().items(), key=lambda item: -item[1].state.bytes)
    yield _facts(("", str(len(streams))), ("by", "bytes"), title="Streams")
    yield table(
        _STREAMS, [(item, rates.streams.get(item[0])) for item in streams], room, go_first=_GO_FIRST
    )
